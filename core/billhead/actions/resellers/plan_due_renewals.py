"""Of the users whose automatic renewal is due: whom the credits of their payers are enough for, and whom not."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select, tuple_, update

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.resellers._renewal_costs import renewal_costs
from billhead.actions.resellers._renewing_alone import SHORT, due_renewals, is_due
from billhead.actions.resellers._seen import figures_of
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Subscription

__all__ = ["DueRenewals", "plan_due_renewals"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class DueRenewals:
    """`renewable` in the order in which they are to be tried; `short`: how many there are too few credits for.
    `next_after`, an end and an id, is where the next batch goes on; None when all were looked at."""

    renewable: list[int]
    short: int
    next_after: tuple[date, int] | None


@verb("resellers.plan_due_renewals", permission="resellers.write")
def plan_due_renewals(tx: Tx, after: tuple[date, int] | None = None) -> DueRenewals:
    """One batch, in as many queries as a single one takes. Who ends first comes first; one that is too dear, or can't
    be renewed, does not keep another one back. Payers with too few credits are told once a day."""
    query = due_renewals()
    if after is not None:
        query = query.where(tuple_(Subscription.paid_through, Subscription.id) > tuple_(*after))
    rows = tx.session.execute(query.limit(_BATCH)).all()
    # what was refused for another reason, or broke, may be so again: what it is given room for, others would wait for
    due = sorted((row for row in rows if _is_due_now(row)), key=lambda row: row.why not in ("", SHORT))
    next_after = (rows[-1].paid_through, rows[-1].id) if len(rows) == _BATCH else None
    if not due:
        return DueRenewals([], 0, next_after)
    costs = renewal_costs(tx.session, {row.id: max(row.paid_through, clock.today_in(row.zone)) for row in due})
    rooms = _rooms(tx, {row.payer_reseller_id for row in due})
    renewable, short = list[int](), dict[int, int]()
    for row in due:
        if costs[row.id].missing:
            renewable.append(row.id)  # takes nothing: it is refused, and told why
        elif costs[row.id].minor > rooms[row.payer_reseller_id]:
            short[row.id] = row.payer_reseller_id
        else:
            rooms[row.payer_reseller_id] -= costs[row.id].minor
            renewable.append(row.id)
    if short:
        tx.session.execute(update(CreditRenewal).where(CreditRenewal.subscription_id.in_(short)).values(why=SHORT))
        _tell(tx, set(short.values()))
    return DueRenewals(renewable, len(short), next_after)


def _is_due_now(row: Row[*tuple[Any, ...]]) -> bool:
    """What a panel has refused today is tried tomorrow."""
    refused_today = row.refused_on is not None and row.refused_on >= clock.today_in(row.zone)
    return is_due(row.paid_through, row.zone) and not refused_today


def _rooms(tx: Tx, payers: Collection[int]) -> dict[int, int]:
    """What each may spend, its credit line too."""
    lines = dict(
        tx.session.execute(select(Reseller.id, Reseller.credit_line_minor).where(Reseller.id.in_(payers))).all()
    )
    return {key: figures.balance_minor + lines[key] for key, figures in figures_of(tx.session, payers).items()}


def _tell(tx: Tx, payers: Collection[int]) -> None:
    for own in tx.session.scalars(select(Customer).where(Customer.buys_for_reseller_id.in_(payers))):
        key = f"renewals_short:{own.buys_for_reseller_id}:{clock.today_in(own.zone)}"
        queue_notice(tx, own.id, "renewals_short", key, {"reseller_id": own.buys_for_reseller_id})
