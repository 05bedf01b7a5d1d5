"""A saved method is taken off its customer at Stripe; with the last one the customer goes, with name and address."""

from collections.abc import Sequence

from billhead.plugin import DeclineClass, GatewayRejected, SavedMethod
from billhead_stripe.client import StripeApi
from billhead_stripe.customers import customer_exists
from billhead_stripe.outcomes import Json, parts_of
from billhead_stripe.saving import method_with

__all__ = ["detach", "drop_customers"]


def detach(api: StripeApi, method: SavedMethod) -> None:
    """Each try has a key of its own, which the SDK makes: under the same one Stripe would repeat its first failure.

    Stripe refuses to detach what is attached to nobody; that is looked up, and is as good.
    """
    customer, token = parts_of(method.token)
    try:
        api.write(lambda v1: v1.payment_methods.detach(token))
    except GatewayRejected as refused:
        if refused.decline is DeclineClass.CONFIG or method_with(api, token) is not None:
            raise
    if method.last and customer:
        _drop(api, customer)


def drop_customers(api: StripeApi, references: Sequence[str]) -> None:
    """The customers of these payments and pages, with name, address and whatever was saved."""
    for customer in {_customer_of(api, reference) for reference in references} - {""}:
        _drop(api, customer)


def _customer_of(api: StripeApi, reference: str) -> str:
    row: Json | None = None
    if reference.startswith("cs_"):
        row = api.known(lambda v1: v1.checkout.sessions.retrieve(reference))
    elif reference.startswith("pi_"):
        row = api.known(lambda v1: v1.payment_intents.retrieve(reference))
    found = (row or {}).get("customer")
    return found if isinstance(found, str) else ""


def _drop(api: StripeApi, customer: str) -> None:
    if customer_exists(api, customer):
        api.write(lambda v1: v1.customers.delete(customer))
