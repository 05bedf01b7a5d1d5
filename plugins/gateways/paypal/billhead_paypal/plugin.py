"""What this plugin offers to Billhead: the payment gateway `paypal`."""

from collections.abc import Sequence

from billhead.plugin import PaymentGateway, hookimpl
from billhead_paypal.gateway import PayPal

API = 1


@hookimpl
def payment_gateways() -> Sequence[PaymentGateway]:
    return [PayPal()]
