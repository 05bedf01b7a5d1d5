"""A gateway is asked to forget who has paid with it, when they are erased: also who has saved nothing there."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.exchange import exchange
from billhead.actions.payments._attempts import OpenedAccount, open_account
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.models.payments import GatewayAccount, PaymentAttempt

__all__ = ["forget_payer"]

_MOST = 50


@dataclass(frozen=True, slots=True)
class _Intent:
    customer_id: int
    account: OpenedAccount
    references: tuple[str, ...]


def forget_payer(ctx: Context, customer_id: int, account_id: int) -> None:
    """By what the gateway calls their newest payments: name and address are gone here. Twice is as once.

    Raises GatewayUnreachable, OutcomeUnknown or GatewayRejected: it may be tried again.
    """

    def intend(tx: Tx) -> _Intent | None:
        newest = (
            select(PaymentAttempt.provider_ref)
            .where(
                PaymentAttempt.customer_id == customer_id,
                PaymentAttempt.account_id == account_id,
                PaymentAttempt.provider_ref != "",
            )
            .order_by(PaymentAttempt.id.desc())
            .limit(_MOST)
        )
        references = tuple(dict.fromkeys(tx.session.scalars(newest)))
        if not references:
            return None
        return _Intent(customer_id, open_account(tx.session.get_one(GatewayAccount, account_id)), references)

    exchange(ctx, intend=intend, call=_call, record=_record)


def _call(intent: _Intent) -> None:
    intent.account.gateway.forget_payer(intent.account.connection, intent.references)


def _record(tx: Tx, intent: _Intent, _nothing: None) -> None:
    audit(tx, "payments.payer_forgotten", f"customer:{intent.customer_id}", {"account_id": intent.account.id})
