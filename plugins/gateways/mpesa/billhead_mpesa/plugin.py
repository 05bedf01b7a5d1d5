"""What this plugin offers to Billhead: the payment gateway `mpesa`."""

from collections.abc import Sequence

from billhead.plugin import PaymentGateway, hookimpl
from billhead_mpesa.gateway import Mpesa

API = 1


@hookimpl
def payment_gateways() -> Sequence[PaymentGateway]:
    return [Mpesa()]
