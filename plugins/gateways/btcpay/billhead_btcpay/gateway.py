"""The gateway `btcpay`: the payer pays an invoice of the operator's BTCPay Server, and every doubt is looked up.

The attempt's key is the invoice's order ID. The payer decides how much comes and when: what came is told as it is.
"""

from collections.abc import Sequence

from billhead.plugin import (
    AttemptView,
    GatewayCapabilities,
    GatewayConnection,
    Outcome,
    PaymentGateway,
    RawCallback,
    Redirect,
    RefundView,
    Verified,
    marked,
)
from billhead_btcpay.checking import check
from billhead_btcpay.client import Api
from billhead_btcpay.events import facts_of, prove
from billhead_btcpay.invoicing import look, open_invoice
from billhead_btcpay.refunding import find_refund, send_back
from billhead_btcpay.settings import BTCPaySettings

__all__ = ["BTCPay"]


class BTCPay(PaymentGateway):
    """One store of a BTCPay Server per gateway account."""

    code = "btcpay"
    label = marked("Bitcoin and other coins (BTCPay Server)")
    settings_type = BTCPaySettings

    def capabilities(self) -> GatewayCapabilities:
        return GatewayCapabilities(refund=True, partial_refund=True, refund_claimed=True, check=True)

    def start_checkout(self, account: GatewayConnection, attempt: AttemptView) -> Redirect:
        return open_invoice(Api(account), attempt)

    def lookup(self, account: GatewayConnection, attempt: AttemptView) -> Outcome:
        return look(Api(account), attempt)

    def refund(self, account: GatewayConnection, refund: RefundView) -> Outcome:
        """A page where the payer claims it; `processing` until the claim is paid."""
        return send_back(Api(account), refund)

    def lookup_refund(self, account: GatewayConnection, refund: RefundView) -> Outcome:
        return find_refund(Api(account), refund)

    def parse_callback(self, account: GatewayConnection, raw: RawCallback) -> Sequence[Verified]:
        """What the server says of the invoice or refund; none for what says nothing of money."""
        event = prove(raw, account.settings.webhook_secret)
        return facts_of(Api(account), event)

    def check(self, account: GatewayConnection) -> str:
        return check(Api(account))
