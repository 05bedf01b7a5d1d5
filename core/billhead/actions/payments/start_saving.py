"""Save a way to pay without paying anything: the customer is sent to the gateway's page, renewals are charged later."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.payments._attempts import OpenedAccount, open_account
from billhead.actions.payments._pausing import pause_account
from billhead.actions.payments._saving import apply_saving, saving_view
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, GatewayRejected, GatewayUnreachable, NotFound, OutcomeUnknown
from billhead.domain.payment import AttemptState, DeclineClass
from billhead.models.payments import GatewayAccount, MethodSaving
from billhead.models.people import Customer
from billhead.plugin import Outcome, Redirect, SavingView
from billhead.plugin_host import plugins

__all__ = ["SavingBegun", "start_saving"]

MOST_A_DAY = 10
"""More than anybody needs: who tries out stolen cards needs many."""


@dataclass(frozen=True, slots=True)
class SavingBegun:
    saving_id: int
    url: str


@dataclass(frozen=True, slots=True)
class _Intent:
    saving_id: int
    account: OpenedAccount
    view: SavingView


_Answer = Redirect | GatewayUnreachable | GatewayRejected | OutcomeUnknown


def start_saving(ctx: Context, customer_id: int, account_id: int, return_url: str) -> SavingBegun:
    """Begin to save a method through a gateway account; `return_url` gets the saving's id appended.

    Raises NotFound (no such customer or option), Conflict (too many today), GatewayUnreachable, GatewayRejected, or
    OutcomeUnknown: nothing was charged, and it may be begun anew.
    """

    def intend(tx: Tx) -> _Intent:
        scope, customer = tx.ctx.scope, tx.session.get(Customer, customer_id, with_for_update=True)
        if customer is None or not (scope.everything or scope.customer_id == customer_id):
            raise NotFound("customer", customer_id)
        account = tx.session.get(GatewayAccount, account_id)
        if account is None or not account.enabled or account.paused_because or account.seller_id != customer.seller_id:
            raise NotFound("payment option", account_id)
        if not plugins().gateway(account.gateway).capabilities().save_unpaid:
            raise NotFound("payment option", account_id)
        _few_enough(tx, customer_id)
        row = MethodSaving(
            customer_id=customer_id,
            account_id=account.id,
            key=f"save{customer_id}-{secrets.token_hex(6)}",
            state=AttemptState.CREATED.value,
            created_at=clock.business_now(),
        )
        tx.session.add(row)
        tx.session.flush()
        audit(tx, "payments.start_saving", f"customer:{customer_id}", {"saving_id": row.id, "account_id": account.id})
        return _Intent(row.id, open_account(account), saving_view(tx, row, f"{return_url}/{row.id}"))

    def record(tx: Tx, intent: _Intent, answer: _Answer) -> tuple[SavingBegun, Exception | None]:
        row = tx.session.get_one(MethodSaving, intent.saving_id, with_for_update=True)
        if isinstance(answer, Redirect):
            row.url = answer.url
            apply_saving(tx, row, Outcome(AttemptState.REQUIRES_ACTION, answer.provider_ref))
            return SavingBegun(row.id, row.url), None
        apply_saving(tx, row, Outcome(AttemptState.FAILED))
        if isinstance(answer, GatewayRejected) and answer.decline is DeclineClass.CONFIG:
            pause_account(tx, row.account_id, answer.code)
        return SavingBegun(row.id, ""), answer

    result = exchange(ctx, intend=intend, call=_call, record=record)
    assert result is not None, "intend raises or returns an intent"
    if result[1] is not None:
        raise result[1]
    return result[0]


def _few_enough(tx: Tx, customer_id: int) -> None:
    since = clock.business_now() - timedelta(days=1)
    begun = select(func.count()).where(MethodSaving.customer_id == customer_id, MethodSaving.created_at > since)
    if int(tx.session.scalar(begun) or 0) >= MOST_A_DAY:
        raise Conflict("this was tried too often today", code="too_many_savings", hint="try again tomorrow")


def _call(intent: _Intent) -> _Answer:
    try:
        return intent.account.gateway.start_saving(intent.account.connection, intent.view)
    except (GatewayUnreachable, GatewayRejected, OutcomeUnknown) as error:
        return error
