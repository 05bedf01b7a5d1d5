"""The customer area's blueprint; its views are in the files beside."""

from flask import Blueprint

__all__ = ["customer"]

customer = Blueprint("customer", __name__, url_prefix="/account")
