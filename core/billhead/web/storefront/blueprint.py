"""The storefront's blueprint; its views are in the files beside."""

from flask import Blueprint

__all__ = ["storefront"]

storefront = Blueprint("storefront", __name__)
