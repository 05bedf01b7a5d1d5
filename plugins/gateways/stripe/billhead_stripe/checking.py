"""Whether an account is ready: what its key may read at Stripe, and whether this shop is told what happens there."""

from typing import Any

from billhead.plugin import GatewayConnection, GatewayRejected
from billhead_stripe.client import NotPermitted, StripeApi
from billhead_stripe.customers import all_of
from billhead_stripe.declines import NOT_AUTHORISED
from billhead_stripe.settings import StripeSettings

__all__ = ["EVENTS", "check"]

EVENTS = (
    "checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.expired",
    "checkout.session.async_payment_failed", "payment_intent.succeeded", "payment_intent.payment_failed",
    "payment_intent.processing", "payment_intent.canceled", "refund.created", "refund.updated", "refund.failed",
    "charge.refunded", "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated",
    "charge.dispute.funds_reinstated", "charge.dispute.closed", "payout.paid", "payout.failed", "charge.updated",
    "payment_method.automatically_updated", "payment_method.detached", "payment_method.updated", "customer.deleted",
)  # fmt: skip
"""What Stripe is to tell; of payouts only an account that books them."""

_FEW = {"limit": 1}
_READ: dict[str, Any] = {
    "payment intents": lambda v1: v1.payment_intents.list(_FEW),
    "customers": lambda v1: v1.customers.list(_FEW),
    "checkout sessions": lambda v1: v1.checkout.sessions.list(_FEW),
    "setup intents": lambda v1: v1.setup_intents.list(_FEW),
    "refunds": lambda v1: v1.refunds.list(_FEW),
    "disputes": lambda v1: v1.disputes.list(_FEW),
    "charges": lambda v1: v1.charges.list(_FEW),
    "balance transactions": lambda v1: v1.balance_transactions.list(_FEW),
}
_READ_TO_BOOK_PAYOUTS: dict[str, Any] = {"payouts": lambda v1: v1.payouts.list(_FEW)}


def check(account: GatewayConnection) -> str:
    """What stands ready, in a sentence. Raises GatewayRejected with what is missing, or GatewayUnreachable.

    Nothing is written: whether a restricted key may also write is seen with the first payment only.
    """
    api, settings = StripeApi(account), account.settings
    needed = _READ | _READ_TO_BOOK_PAYOUTS if settings.book_payouts else _READ
    closed = [what for what, ask in needed.items() if not _allowed(api, ask)]
    if closed:
        raise GatewayRejected(
            f"the secret key may not read {', '.join(closed)}", code=NOT_AUTHORISED,
            hint="give the restricted key these permissions under Developers, API keys at Stripe",
        )  # fmt: skip
    mode = "real money moves" if settings.live else "test mode: no money moves"
    told = (f"Stripe accepts the secret key ({mode}).", _account(api, settings), _callbacks(api, account))
    return " ".join(one for one in told if one)


def _allowed(api: StripeApi, ask: Any) -> bool:
    try:
        api.read(ask)
    except NotPermitted:
        return False
    return True


def _account(api: StripeApi, settings: StripeSettings) -> str:
    """Whether Stripe lets the account take cards and, where they are booked, pays out to it. A test key works before
    Stripe knows who it is dealing with: there it is only told."""
    try:
        found = api.read(lambda v1: v1.accounts.retrieve_current())
    except NotPermitted:
        return "Whether the account may take payments this key may not read: see the account's status there."
    able, wanted = found.get("capabilities") or {}, found.get("requirements") or {}
    cards = able.get("card_payments")  # older accounts take cards by `legacy_payments`; some list nothing at all
    closed = cards not in (None, "active") and able.get("legacy_payments") != "active"
    lacking = [
        *(["does not let this account take payments"] if found.get("charges_enabled") is False else ()),
        *([f"says that card payments of this account are {cards}"] if closed else ()),
        *(
            ["pays nothing out to this account"]
            if settings.book_payouts and found.get("payouts_enabled") is False
            else ()
        ),
    ]
    if not lacking:
        return ""
    due = ", ".join(str(one) for one in wanted.get("currently_due") or ()) or "what its dashboard asks for"
    if not settings.live:
        return f"Before real money can move: Stripe {' and '.join(lacking)}; it wants {due}."
    raise GatewayRejected(
        f"Stripe {' and '.join(lacking)}", hint=f"complete the account at Stripe, under Settings: it wants {due}"
    )


def _callbacks(api: StripeApi, account: GatewayConnection) -> str:
    """Stripe tells no signing secret: whether that is the endpoint's is seen with the first callback."""
    try:
        endpoints = list(all_of(api, lambda v1, page: v1.webhook_endpoints.list(page)))
    except NotPermitted:
        return "Its endpoints this key may not read: compare address and events there."
    mine = [one for one in endpoints if one.get("url") == account.callback_url]
    if not mine:
        raise GatewayRejected(
            "no endpoint at Stripe has the callback address of this account",
            hint="add one with that address under Developers, Webhooks at Stripe",
        )
    enabled = [one for one in mine if one.get("status") == "enabled"]
    if not enabled:
        raise GatewayRejected("the endpoint is disabled at Stripe", hint="enable it there")
    told = {event for one in enabled for event in one.get("enabled_events") or ()}
    lacking = [one for one in _needed(account.settings) if one not in told]
    if lacking and "*" not in told:
        raise GatewayRejected(
            f"the endpoint at Stripe does not send {', '.join(lacking)}", hint="add these events to it there"
        )
    return "Its endpoint sends this shop what it needs to know."


def _needed(settings: StripeSettings) -> list[str]:
    return [one for one in EVENTS if settings.book_payouts or not one.startswith("payout.")]
