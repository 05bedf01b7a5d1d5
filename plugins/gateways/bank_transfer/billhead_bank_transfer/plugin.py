"""What this plugin offers to Billhead: the payment gateway `bank_transfer`."""

from collections.abc import Sequence

from billhead.plugin import PaymentGateway, hookimpl
from billhead_bank_transfer.gateway import BankTransfer

API = 1


@hookimpl
def payment_gateways() -> Sequence[PaymentGateway]:
    return [BankTransfer()]
