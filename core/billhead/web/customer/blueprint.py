"""The customer area's blueprint; its views are in the files beside."""

from flask import Blueprint

from billhead.web.request_context import current_customer_id

__all__ = ["customer"]

customer = Blueprint("customer", __name__, url_prefix="/account")


@customer.before_request
def only_of_somebody() -> None:
    """404 for a login that stands for no customer."""
    current_customer_id()
