"""Find out whether a method was saved, by asking the gateway: the customer is back from its page."""

from dataclasses import dataclass

from billhead.actions.exchange import exchange
from billhead.actions.payments._attempts import OpenedAccount, open_account
from billhead.actions.payments._saving import apply_saving, saving_view
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import GatewayError, NotFound, OutcomeUnknown
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.models.payments import GatewayAccount, MethodSaving
from billhead.plugin import Outcome, SavingView

__all__ = ["resolve_saving"]


@dataclass(frozen=True, slots=True)
class _Intent:
    saving_id: int
    account: OpenedAccount
    view: SavingView


def resolve_saving(ctx: Context, saving_id: int) -> str:
    """The saving's state after looking once. Raises NotFound, also for somebody else's."""
    decided: list[str] = []

    def intend(tx: Tx) -> _Intent | None:
        row, scope = tx.session.get(MethodSaving, saving_id), tx.ctx.scope
        if row is None or not (scope.everything or scope.customer_id == row.customer_id):
            raise NotFound("saving", saving_id)
        if AttemptState(row.state) not in UNRESOLVED:
            decided.append(row.state)
            return None
        account = open_account(tx.session.get_one(GatewayAccount, row.account_id))
        return _Intent(row.id, account, saving_view(tx, row))

    state = exchange(ctx, intend=intend, call=_call, record=_record)
    return state if state is not None else decided[0]


def _call(intent: _Intent) -> Outcome | None:
    try:
        return intent.account.gateway.lookup_saving(intent.account.connection, intent.view)
    except (GatewayError, OutcomeUnknown):
        return None


def _record(tx: Tx, intent: _Intent, outcome: Outcome | None) -> str:
    row = tx.session.get_one(MethodSaving, intent.saving_id, with_for_update=True)
    if outcome is not None:
        apply_saving(tx, row, outcome)
    return row.state
