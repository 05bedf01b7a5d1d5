"""What debt had taken away is given back wherever there is no debt any more, should that hour have been missed: by a
process that died, or since nobody paid the debt, but staff have given it up."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from billhead import clock
from billhead.actions.dunning._debts import BATCH, is_owed
from billhead.actions.dunning.lift import lift_debt
from billhead.actions.jobs._set_aside import set_aside
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Subscription

__all__ = ["Cleared", "lift_cleared"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cleared:
    """How many run again or owe nothing any more. `next_after` is where the next batch goes on; 0 at the end."""

    lifted: int
    next_after: int


@verb("dunning.lift_cleared", permission="subscriptions.write")
def lift_cleared(tx: Tx, after_id: int = 0) -> Cleared:
    """One batch by subscription id: only what debt has stopped or called overdue, and of which nothing is overdue. What
    is disputed counts here: as long as nobody has decided, it stays as it was. One that can't be lifted is tried again
    on the next night, and by a job of its own, which staff see."""
    found = _without_debt(tx, after_id)
    lifted = 0
    for subscription_id in found:
        try:
            with tx.session.begin_nested():
                lift_debt(tx, subscription_id)
                lifted += 1
        except BillheadError as error:
            log.warning("what debt took from subscription %s is not given back: %s", subscription_id, error)
            set_aside(tx, "dunning.lift_one", {"subscription_id": subscription_id})
    return Cleared(lifted, found[-1] if len(found) == BATCH else 0)


def _without_debt(tx: Tx, after_id: int) -> Sequence[int]:
    """In one query: none of theirs has an open invoice whose day was over anywhere."""
    today = clock.latest_today()
    overdue = (
        select(DocumentLine.id)
        .join(Document, Document.id == DocumentLine.document_id)
        .where(DocumentLine.subscription_id == Subscription.id, is_owed(), Document.due_on < today)
    )
    stopped = and_(Subscription.state == State.SUSPENDED, Subscription.suspended_for == SuspendedBy.DEBT)
    return tx.session.scalars(
        select(Subscription.id)
        .where(Subscription.id > after_id, or_(stopped, Subscription.state == State.PAST_DUE), ~overdue.exists())
        .order_by(Subscription.id)
        .limit(BATCH)
    ).all()
