"""Give the next of an event's buyers back what they paid."""

from dataclasses import dataclass, field

from sqlalchemy import select

from billhead.actions.entitlements._giving_back import give_back
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.entitlement import State
from billhead.domain.errors import BillheadError
from billhead.models.entitlements import Entitlement

__all__ = ["EventRefunded", "refund_event"]

_BATCH = 100


@dataclass(frozen=True, slots=True)
class EventRefunded:
    """`last_id` is where to go on, 0 at the end; `failed` names those that a person must look at."""

    refunded: int
    credited_minor: int
    last_id: int
    failed: dict[int, str] = field(default_factory=dict)


@verb("entitlements.refund_event", permission="money.correct")
def refund_event(tx: Tx, plan_id: int, *, reason: str, after: int = 0) -> EventRefunded:
    """The next hundred; each is undone alone if it fails. Who has theirs back already is not looked at again."""
    session = tx.session
    rows = session.scalars(
        select(Entitlement)
        .where(Entitlement.plan_id == plan_id, Entitlement.id > after)
        .where(Entitlement.state.in_([State.OFFERED.value, State.ACTIVE.value]))
        .order_by(Entitlement.id)
        .limit(_BATCH)
        .with_for_update()
    ).all()
    credited, failed = 0, dict[int, str]()
    for one in rows:
        one_id = one.id
        try:
            with session.begin_nested():
                credited += give_back(tx, one, reason)
        except BillheadError as error:
            failed[one_id] = error.message
    last = rows[-1].id if len(rows) == _BATCH else 0
    return EventRefunded(len(rows) - len(failed), credited, last, failed)
