"""Charge what is owed on a document to the customer's saved method, without the customer."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.credits._draw import use_credit
from billhead.actions.credits._top_up import is_top_up, void_if_stopped
from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.documents._disputed import undisputed
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.exchange import exchange
from billhead.actions.freeze import is_frozen
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._attempts import (
    OpenedAccount,
    attempt_view,
    last_charge,
    new_attempt,
    open_account,
    payable,
)
from billhead.actions.payments._ended import has_ended
from billhead.actions.payments._methods import first_usable, tried_too_often
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, GatewayRejected, GatewayUnreachable, OutcomeUnknown
from billhead.domain.payment import AttemptState, DeclineClass
from billhead.models.documents import Allocation, Document
from billhead.models.payments import Dispute, GatewayAccount, PaymentAttempt, PaymentMethod
from billhead.models.subscriptions import Subscription
from billhead.plugin import AttemptView, Outcome, SavedMethod
from billhead.plugin_host import vault

__all__ = ["Collected", "collect"]


@dataclass(frozen=True, slots=True)
class Collected:
    """`state` is the attempt's, or "nothing_to_do" / "paid_with_credit" (a renewal, whole) / "no_method" / "stopped" /
    "paused" / "too_often" / "disputed" (by the bank) / "in_dispute" (by the customer, all that is open of it)."""

    attempt_id: int | None
    state: str


@dataclass(frozen=True, slots=True)
class _Intent:
    attempt_id: int
    account: OpenedAccount
    view: AttemptView
    method: SavedMethod


def collect(ctx: Context, document_id: int, *, after: int | None = None) -> Collected:
    """Charge the saved method of a subscription on the document, or the customer's default one. Charges at most once.

    `after` is the attempt that this one is to follow, 0 for the first: a job that starts again after its process was
    killed finds that its attempt was made, and does not make the next one before its day.
    """
    instead: list[str] = []

    def intend(tx: Tx) -> _Intent | None:
        if is_frozen(tx.session, "charges"):
            instead.append("stopped")
            return None
        found = tx.session.get(Document, document_id)
        if found is not None:
            use_credit(tx, found.customer_id)  # credit goes before the card
        try:
            document, owed = payable(tx, document_id)
        except Conflict as refused:
            instead.append("undecided" if refused.code == "payment_undecided" else "nothing_to_do")
            return None
        if has_ended(tx, document) or void_if_stopped(tx, document_id):
            instead.append("nothing_to_do")
            return None
        if _disputed(tx, document_id):
            instead.append("disputed")
            return None
        if not undisputed(tx.session, document):
            instead.append("in_dispute")
            return None
        if after is not None and last_charge(tx, document_id) != after:
            instead.append("nothing_to_do")
            return None
        if not owed:
            instead.append(_with_credit(tx, document))
            return None
        method = _method(tx, document)
        account = tx.session.get_one(GatewayAccount, method.account_id) if method else None
        if method is None or account is None or not account.enabled:
            instead.append("no_method")
            return None
        if account.paused_because or tried_too_often(tx, method):
            instead.append("paused" if account.paused_because else "too_often")
            return None
        attempt = new_attempt(tx, document, account.id, owed, method_id=method.id)
        saved = SavedMethod(token=vault().decrypt(method.token), label=method.label, expires=method.expires)
        return _Intent(attempt.id, open_account(account), attempt_view(tx, attempt), saved)

    result = exchange(ctx, intend=intend, call=_call, record=_record)
    return result or Collected(None, instead[0])


def _disputed(tx: Tx, document_id: int) -> bool:
    """Somebody had their bank take the money back: charging the card for it again is for the customer, or staff."""
    taken_back = (
        select(Dispute.id)
        .join(Allocation, Allocation.payment_id == Dispute.payment_id)
        .where(Allocation.document_id == document_id, Dispute.state != "won")
    )
    return tx.session.scalar(taken_back.limit(1)) is not None


def _with_credit(tx: Tx, document: Document) -> str:
    """Nothing of it is left for a card. Credit that may not be spent now, or has come for a top-up, is left alone."""
    if is_top_up(tx.session, document):
        return "nothing_to_do"
    try:
        with tx.session.begin_nested():
            pay_with_credit(tx, document.id)
    except Conflict:
        return "nothing_to_do"
    return "paid_with_credit"


def _method(tx: Tx, document: Document) -> PaymentMethod | None:
    chosen = tx.session.scalar(
        select(PaymentMethod)
        .join(Subscription, Subscription.payment_method_id == PaymentMethod.id)
        .where(Subscription.id.in_(subscriptions_of(tx.session, document.id)), PaymentMethod.usable)
        .order_by(Subscription.id)
        .limit(1)
    )
    if chosen is not None:
        return chosen
    return first_usable(tx, document.customer_id, document.currency)


def _call(intent: _Intent) -> Outcome:
    try:
        return intent.account.gateway.charge_saved(intent.account.connection, intent.view, intent.method)
    except GatewayUnreachable:
        # nothing was sent: surely no money moved, and the next try may work
        return Outcome(AttemptState.FAILED, decline=DeclineClass.RATE_LIMITED, code="gateway_unreachable")
    except GatewayRejected as error:
        return Outcome(AttemptState.FAILED, decline=error.decline, code=error.code)
    except OutcomeUnknown:
        return Outcome(AttemptState.UNKNOWN)


def _record(tx: Tx, intent: _Intent, outcome: Outcome) -> Collected:
    attempt = tx.session.get_one(PaymentAttempt, intent.attempt_id, with_for_update=True)
    apply_outcome(tx, attempt, outcome)
    return Collected(attempt.id, attempt.state)
