"""What this plugin offers to Billhead: the payment gateway `btcpay`."""

from collections.abc import Sequence

from billhead.plugin import PaymentGateway, hookimpl
from billhead_btcpay.gateway import BTCPay

API = 1


@hookimpl
def payment_gateways() -> Sequence[PaymentGateway]:
    return [BTCPay()]
