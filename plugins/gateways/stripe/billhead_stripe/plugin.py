"""What this plugin offers to Billhead: the payment gateway `stripe`."""

from collections.abc import Sequence

from billhead.plugin import PaymentGateway, hookimpl
from billhead_stripe.gateway import Stripe

API = 1


@hookimpl
def payment_gateways() -> Sequence[PaymentGateway]:
    return [Stripe()]
