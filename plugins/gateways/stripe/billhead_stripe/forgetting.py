"""A saved method is taken off its customer at Stripe; with the last one the customer goes, with name and address."""

from billhead.plugin import DeclineClass, GatewayRejected, SavedMethod
from billhead_stripe.client import StripeApi
from billhead_stripe.customers import customer_exists
from billhead_stripe.outcomes import parts_of
from billhead_stripe.saving import method_with

__all__ = ["detach"]


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
    if method.last and customer and customer_exists(api, customer):
        api.write(lambda v1: v1.customers.delete(customer))
