"""Take a forgotten method away at its gateway too, so that nobody can charge it any more."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.exchange import exchange
from billhead.actions.payments._attempts import OpenedAccount, open_account
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.payment import UNRESOLVED
from billhead.models.payments import GatewayAccount, MethodSaving, PaymentAttempt, PaymentMethod
from billhead.plugin import SavedMethod
from billhead.plugin_host import vault

__all__ = ["detach_method"]


@dataclass(frozen=True, slots=True)
class _Intent:
    method_id: int
    customer_id: int
    account: OpenedAccount
    method: SavedMethod


def detach_method(ctx: Context, method_id: int) -> None:
    """Twice is as once: the token goes when the gateway has let it go. What the customer has saved anew under the same
    token meanwhile is left alone.

    Raises GatewayUnreachable, OutcomeUnknown or GatewayRejected: it may be tried again.
    """

    def intend(tx: Tx) -> _Intent | None:
        row = tx.session.get_one(PaymentMethod, method_id)
        if not row.detaching_token:
            return None
        token = vault().decrypt(row.detaching_token)
        same = PaymentMethod.customer_id == row.customer_id, PaymentMethod.account_id == row.account_id
        live = tx.session.scalars(select(PaymentMethod.token).where(*same, PaymentMethod.token != ""))
        if token in map(vault().decrypt, live):
            row.detaching_token = ""
            return None
        account = open_account(tx.session.get_one(GatewayAccount, row.account_id))
        return _Intent(row.id, row.customer_id, account, SavedMethod(token, row.label, last=_is_last(tx, row)))

    exchange(ctx, intend=intend, call=_call, record=_record)


def _is_last(tx: Tx, row: PaymentMethod) -> bool:
    """Nothing else of theirs is saved there, and nothing is open that is looked up by whom it belongs to."""
    open_states = [state.value for state in UNRESOLVED]
    live = PaymentMethod.token != ""
    for model, still in (
        (PaymentMethod, live),
        (PaymentAttempt, PaymentAttempt.state.in_(open_states)),
        (MethodSaving, MethodSaving.state.in_(open_states)),
    ):
        mine = model.customer_id == row.customer_id, model.account_id == row.account_id, still
        if tx.session.scalar(select(model.id).where(*mine).limit(1)) is not None:
            return False
    return True


def _call(intent: _Intent) -> None:
    intent.account.gateway.forget_saved(intent.account.connection, intent.method)


def _record(tx: Tx, intent: _Intent, _nothing: None) -> None:
    tx.session.get_one(PaymentMethod, intent.method_id).detaching_token = ""
    audit(tx, "payments.method_detached", f"customer:{intent.customer_id}", {"method_id": intent.method_id})
