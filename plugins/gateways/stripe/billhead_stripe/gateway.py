"""The gateway `stripe`: the payer pays on Stripe's page, saved methods pay renewals, and every doubt is looked up.

The attempt's key is both the idempotency key and, as metadata, our reference at Stripe. No card is ever seen here.
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
from billhead_stripe.outcomes import parts_of
from billhead_stripe.settings import StripeSettings
from billhead_stripe.signature import prove

if TYPE_CHECKING:
    from billhead_stripe.client import StripeApi

__all__ = ["Stripe"]


class Stripe(PaymentGateway):
    """One Stripe account per gateway account."""

    code = "stripe"
    label = "Stripe"
    settings_type = StripeSettings

    def capabilities(self) -> GatewayCapabilities:
        return GatewayCapabilities(
            save=True, save_unpaid=True, off_session=True, forget=True, check=True, refund=True, partial_refund=True
        )

    def start_checkout(self, account: GatewayConnection, attempt: AttemptView) -> Redirect:
        from billhead_stripe.charging import open_page

        return open_page(_api(account), attempt)

    def charge_saved(self, account: GatewayConnection, attempt: AttemptView, method: SavedMethod) -> Outcome:
        from billhead_stripe.charging import charge

        return charge(_api(account), attempt, method)

    def start_saving(self, account: GatewayConnection, saving: SavingView) -> Redirect:
        from billhead_stripe.saving import open_setup

        return open_setup(_api(account), saving)

    def lookup_saving(self, account: GatewayConnection, saving: SavingView) -> Outcome:
        from billhead_stripe.saving import look_at_setup

        return look_at_setup(_api(account), saving)

    def names_of(self, method: SavedMethod) -> Sequence[str]:
        customer, name = parts_of(method.token)
        return name, customer

    def forget_saved(self, account: GatewayConnection, method: SavedMethod) -> None:
        from billhead_stripe.forgetting import detach

        detach(_api(account), method)

    def forget_payer(self, account: GatewayConnection, references: Sequence[str]) -> None:
        from billhead_stripe.forgetting import drop_customers

        drop_customers(_api(account), references)

    def refund(self, account: GatewayConnection, refund: RefundView) -> Outcome:
        from billhead_stripe.charging import send_back

        return send_back(_api(account), refund)

    def lookup(self, account: GatewayConnection, attempt: AttemptView) -> Outcome:
        from billhead_stripe.looking import look

        return look(_api(account), attempt)

    def lookup_refund(self, account: GatewayConnection, refund: RefundView) -> Outcome:
        from billhead_stripe.charging import find_refund

        return find_refund(_api(account), refund)

    def parse_callback(self, account: GatewayConnection, raw: RawCallback) -> Sequence[Verified]:
        """The facts that Stripe tells when asked about the event's object; none for types that say nothing of money."""
        settings: StripeSettings = account.settings
        prove(raw, settings.webhook_secrets)
        from billhead_stripe.events import facts_of, read_event

        return facts_of(_api(account), read_event(raw, settings.live), payouts=settings.book_payouts)

    def check(self, account: GatewayConnection) -> str:
        from billhead_stripe.checking import check

        return check(account)

    def tells_payouts(self, account: GatewayConnection) -> bool:
        settings: StripeSettings = account.settings
        return settings.book_payouts


def _api(account: GatewayConnection) -> "StripeApi":
    from billhead_stripe.client import StripeApi  # the SDK takes a while, and not every process asks Stripe

    return StripeApi(account)
