"""The gateway `paypal`: the payer approves on PayPal's page, saved accounts pay renewals, and every doubt is looked up.

The attempt's key is the idempotency key of its order and, as `custom_id` and `invoice_id`, our reference at PayPal.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from billhead.plugin import (
    AttemptView,
    GatewayCapabilities,
    GatewayConnection,
    Outcome,
    PaymentGateway,
    RawCallback,
    Redirect,
    RefundView,
    SavedMethod,
    SavingView,
    Verified,
)
from billhead_paypal.proof import event_of, prove
from billhead_paypal.settings import PayPalSettings

if TYPE_CHECKING:
    from billhead_paypal.client import PayPalApi

__all__ = ["PayPal"]


class PayPal(PaymentGateway):
    """One PayPal app per gateway account."""

    code = "paypal"
    label = "PayPal"
    settings_type = PayPalSettings

    def capabilities(self) -> GatewayCapabilities:
        return GatewayCapabilities(
            save=True, save_unpaid=True, off_session=True, forget=True, check=True, refund=True, partial_refund=True
        )

    def start_checkout(self, account: GatewayConnection, attempt: AttemptView) -> Redirect:
        from billhead_paypal.ordering import open_order

        return open_order(_api(account), attempt, account.settings.brand)

    def charge_saved(self, account: GatewayConnection, attempt: AttemptView, method: SavedMethod) -> Outcome:
        from billhead_paypal.ordering import charge

        return charge(_api(account), attempt, method)

    def start_saving(self, account: GatewayConnection, saving: SavingView) -> Redirect:
        from billhead_paypal.saving import open_setup

        return open_setup(_api(account), saving, account.settings.brand)

    def lookup_saving(self, account: GatewayConnection, saving: SavingView) -> Outcome:
        """Also exchanges what its payer has approved for a token that can be charged."""
        from billhead_paypal.saving import look_at_setup

        return look_at_setup(_api(account), saving)

    def forget_saved(self, account: GatewayConnection, method: SavedMethod) -> None:
        from billhead_paypal.saving import drop_token

        drop_token(_api(account), method)

    def refund(self, account: GatewayConnection, refund: RefundView) -> Outcome:
        from billhead_paypal.ordering import send_back

        return send_back(_api(account), refund)

    def lookup(self, account: GatewayConnection, attempt: AttemptView) -> Outcome:
        """Also takes the money of an order that its payer has approved."""
        from billhead_paypal.looking import look

        return look(_api(account), attempt)

    def lookup_refund(self, account: GatewayConnection, refund: RefundView) -> Outcome:
        from billhead_paypal.looking import find_refund

        return find_refund(_api(account), refund)

    def parse_callback(self, account: GatewayConnection, raw: RawCallback) -> Sequence[Verified]:
        """The facts that PayPal tells when asked about the event's object; none for types that say nothing of money."""
        event = event_of(raw)
        from billhead_paypal.events import facts_of

        api = _api(account)
        prove(api, raw, account.settings.webhook_id)
        return facts_of(api, event)

    def check(self, account: GatewayConnection) -> str:
        from billhead_paypal.checking import check

        return check(account)


def _api(account: GatewayConnection) -> "PayPalApi":
    from billhead_paypal.client import PayPalApi  # the SDK takes a while, and not every process asks PayPal

    return PayPalApi(account)
