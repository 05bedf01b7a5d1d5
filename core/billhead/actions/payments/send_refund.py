"""Tell the gateway of a refund that was decided, or find out what became of one: never twice, never guessed."""

from dataclasses import dataclass
from datetime import timedelta

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.freeze import is_frozen
from billhead.actions.payments._attempts import OpenedAccount, open_account
from billhead.actions.payments._refund_outcome import apply_refund_outcome
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import GatewayError, GatewayRejected, GatewayUnreachable, NotFound, OutcomeUnknown
from billhead.domain.money import Money
from billhead.domain.payment import AttemptState, RefundState
from billhead.models.payments import GatewayAccount, Payment, Refund
from billhead.plugin import Outcome, RefundView

__all__ = ["send_refund"]

_KEY_HOLDS = timedelta(hours=20)
"""Providers keep an idempotency key for a day or longer: within that, repeating a request is safe."""


@dataclass(frozen=True, slots=True)
class _Intent:
    refund_id: int
    account: OpenedAccount
    view: RefundView
    state: RefundState
    may_repeat: bool


def send_refund(ctx: Context, refund_id: int) -> str:
    """Send a new refund; look up one that is undecided. Returns the refund's state; decided ones are left alone.

    "stopped" while charges are frozen, "created" when the gateway could not be reached: nothing was sent, try again.
    """
    instead: list[str] = []

    def intend(tx: Tx) -> _Intent | None:
        refund = tx.session.get(Refund, refund_id)
        if refund is None:
            raise NotFound("refund", refund_id)
        state = RefundState(refund.state)
        if state not in (RefundState.CREATED, RefundState.PROCESSING, RefundState.UNKNOWN):
            instead.append(state.value)
            return None
        if is_frozen(tx.session, "charges"):
            instead.append("stopped")
            return None
        payment = tx.session.get_one(Payment, refund.payment_id)
        account = open_account(tx.session.get_one(GatewayAccount, payment.account_id))
        if not account.gateway.capabilities().refund:
            instead.append(state.value)  # a person sends it
            return None
        view = RefundView(
            refund.key,
            Money(refund.amount_minor, payment.currency),
            payment.provider_ref,
            refund.reason,
            refund.provider_ref,
        )
        may_repeat = clock.business_now() - refund.created_at < _KEY_HOLDS
        return _Intent(refund.id, account, view, state, may_repeat)

    state = exchange(ctx, intend=intend, call=_call, record=_record)
    return state if state is not None else instead[0]


def _call(intent: _Intent) -> Outcome | None:
    """None: nothing was sent."""
    if intent.state is not RefundState.CREATED:
        found = _looked_up(intent)
        if found.state is not AttemptState.UNKNOWN or intent.state is not RefundState.UNKNOWN or not intent.may_repeat:
            return found
    try:
        return intent.account.gateway.refund(intent.account.connection, intent.view)
    except GatewayUnreachable:
        return None
    except GatewayRejected as error:
        return Outcome(AttemptState.FAILED, code=error.code)
    except OutcomeUnknown:
        return Outcome(AttemptState.UNKNOWN)


def _looked_up(intent: _Intent) -> Outcome:
    try:
        return intent.account.gateway.lookup_refund(intent.account.connection, intent.view)
    except (GatewayError, OutcomeUnknown):
        return Outcome(AttemptState.UNKNOWN)


def _record(tx: Tx, intent: _Intent, outcome: Outcome | None) -> str:
    refund = tx.session.get_one(Refund, intent.refund_id)
    if outcome is not None:
        refund.looks += intent.state is not RefundState.CREATED
        apply_refund_outcome(tx, refund, outcome)
    return refund.state
