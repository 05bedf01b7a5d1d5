"""Find out what became of an attempt by looking it up at the gateway; never by charging again."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._attempts import OpenedAccount, attempt_view, open_account
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import GatewayError, NotFound, OutcomeUnknown
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.models.payments import GatewayAccount, PaymentAttempt
from billhead.plugin import AttemptView, Outcome

__all__ = ["resolve"]


@dataclass(frozen=True, slots=True)
class _Intent:
    attempt_id: int
    account: OpenedAccount
    view: AttemptView
    scheduled: bool


def resolve(ctx: Context, attempt_id: int, *, scheduled: bool = True) -> str:
    """Look an attempt up once and apply what is found; returns the attempt's state. Decided attempts are left alone,
    unless a look at them is planned: the gateway may take money for them still.

    A look between the `scheduled` ones uses up none of those.
    """
    decided: list[str] = []

    def intend(tx: Tx) -> _Intent | None:
        attempt = tx.session.get(PaymentAttempt, attempt_id)
        if attempt is None:
            raise NotFound("payment attempt", attempt_id)
        if AttemptState(attempt.state) not in UNRESOLVED and attempt.next_look_at is None:
            decided.append(attempt.state)
            return None
        account = tx.session.get_one(GatewayAccount, attempt.account_id)
        return _Intent(attempt.id, open_account(account), attempt_view(tx, attempt), scheduled)

    state = exchange(ctx, intend=intend, call=_call, record=_record)
    return state if state is not None else decided[0]


def _call(intent: _Intent) -> Outcome | None:
    try:
        return intent.account.gateway.lookup(intent.account.connection, intent.view)
    except (GatewayError, OutcomeUnknown):
        return None


def _record(tx: Tx, intent: _Intent, outcome: Outcome | None) -> str:
    attempt = tx.session.get_one(PaymentAttempt, intent.attempt_id, with_for_update=True)
    outcome = outcome or Outcome(AttemptState.UNKNOWN)
    watched = outcome.watched_until is not None and clock.business_now() < outcome.watched_until
    attempt.looks += intent.scheduled and not watched
    apply_outcome(tx, attempt, outcome)
    return attempt.state
