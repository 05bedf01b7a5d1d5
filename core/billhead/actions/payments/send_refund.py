"""Tell the gateway of a refund that was decided, or find out what became of one: never twice, never guessed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.freeze import is_frozen
from billhead.actions.payments._attempts import OpenedAccount, open_account
from billhead.actions.payments._refund_outcome import apply_refund_outcome, being_sent, locked_refund
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import GatewayError, GatewayRejected, GatewayUnreachable, NotFound, OutcomeUnknown
from billhead.domain.money import Money
from billhead.domain.payment import AttemptState, RefundState
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt, Refund
from billhead.plugin import Outcome, RefundView

__all__ = ["send_refund"]

_KEY_HOLDS = timedelta(hours=20)
"""Providers keep an idempotency key for a day or longer: within that, repeating a request is safe."""

_UNDECIDED = (RefundState.CREATED, RefundState.PROCESSING, RefundState.UNKNOWN)

_NEWS = (AttemptState.SUCCEEDED, AttemptState.PROCESSING)
"""What a sender may still record that was so slow that another took over: its refusal says nothing of the other's."""


@dataclass(frozen=True, slots=True)
class _Intent:
    """`since` is the claim of this sender; `state` is `created` only if the gateway surely has not heard of it."""

    refund_id: int
    account: OpenedAccount
    view: RefundView
    state: RefundState
    may_repeat: bool
    since: datetime


def send_refund(ctx: Context, refund_id: int) -> str:
    """Send a new refund; look up one that is undecided. Returns the refund's state; decided ones are left alone.

    "stopped" while charges are frozen, "in_progress" while somebody else is at it, "created" when the gateway could
    not be reached: nothing was sent, try again.
    """
    instead: list[str] = []

    def intend(tx: Tx) -> _Intent | None:
        found = tx.session.get(Refund, refund_id)
        if found is None:
            raise NotFound("refund", refund_id)
        refund, payment = locked_refund(tx, found)
        if refund.state not in _UNDECIDED:
            instead.append(refund.state)
            return None
        if is_frozen(tx.session, "charges"):
            instead.append("stopped")
            return None
        account = open_account(tx.session.get_one(GatewayAccount, payment.account_id))
        if not account.gateway.capabilities().refund:
            instead.append(refund.state)  # a person sends it
            return None
        if being_sent(refund):
            instead.append("in_progress")
            return None
        return _claimed(tx, refund, payment, account)

    state = exchange(ctx, intend=intend, call=_call, record=_record)
    return state if state is not None else instead[0]


def _claimed(tx: Tx, refund: Refund, payment: Payment, account: OpenedAccount) -> _Intent:
    """Claim the refund, which is locked. One whose sender died is in doubt: it is looked up before it is sent again."""
    if refund.sending_since is not None and refund.state == RefundState.CREATED:
        apply_refund_outcome(tx, refund, Outcome(AttemptState.UNKNOWN))
    now = clock.business_now()
    refund.sending_since = now
    attempt = None if payment.attempt_id is None else tx.session.get_one(PaymentAttempt, payment.attempt_id)
    view = RefundView(
        refund.key,
        Money(refund.amount_minor, payment.currency),
        payment.provider_ref,
        refund.reason,
        refund.provider_ref,
        (attempt.provider_ref or "") if attempt is not None else "",
    )
    return _Intent(refund.id, account, view, RefundState(refund.state), now - refund.created_at < _KEY_HOLDS, now)


def _call(intent: _Intent) -> Outcome | None:
    """None: nothing was sent."""
    first = intent.state is RefundState.CREATED
    if not first:
        found = _looked_up(intent)
        if found.state is not AttemptState.UNKNOWN or intent.state is not RefundState.UNKNOWN or not intent.may_repeat:
            return found
    try:
        return intent.account.gateway.refund(intent.account.connection, intent.view)
    except GatewayUnreachable:
        return None
    except GatewayRejected as error:
        # "key in use" or "nothing left to refund" may well be said because an earlier request was taken
        return Outcome(AttemptState.FAILED if first else AttemptState.UNKNOWN, code=error.code)
    except OutcomeUnknown:
        return Outcome(AttemptState.UNKNOWN)


def _looked_up(intent: _Intent) -> Outcome:
    try:
        return intent.account.gateway.lookup_refund(intent.account.connection, intent.view)
    except (GatewayError, OutcomeUnknown):
        return Outcome(AttemptState.UNKNOWN)


def _record(tx: Tx, intent: _Intent, outcome: Outcome | None) -> str:
    refund, _ = locked_refund(tx, tx.session.get_one(Refund, intent.refund_id))
    mine = refund.sending_since == intent.since
    if mine:
        refund.sending_since = None
    if outcome is not None and (mine or outcome.state in _NEWS):
        refund.looks += intent.state is not RefundState.CREATED
        apply_refund_outcome(tx, refund, outcome)
    return refund.state
