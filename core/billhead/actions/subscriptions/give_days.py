"""Give days to everybody on a panel, with a bouquet or on a plan: after an outage, in one decision on record.

The decision is a row; a job gives in batches, goes on where it stopped when its process is killed, and can be canceled:
what was given by then stays given.
"""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.actions.subscriptions._gift_scope import (
    GiftScope,
    count_afterwards,
    count_bought,
    count_in,
    count_left_out,
)
from billhead.actions.subscriptions._given_days import checked_days
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.models.subscriptions import DayGift

__all__ = ["GiftAsked", "GiftPreview", "GiftScope", "give_days", "preview_give_days"]


@dataclass(frozen=True, slots=True)
class GiftPreview:
    """`bought`: of the subscriptions, those with a line on a panel that sells time. The days are not bought there, so
    the line ends on the day that was bought, and goes on with what is bought next. `afterwards`: those that are paid
    afterwards: their next bill leaves the days out. `left_out`: of those that run there, how many get none, by why."""

    subscriptions: int
    days: int
    bought: int
    afterwards: int
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class GiftAsked:
    gift_id: int
    subscriptions: int


def preview_give_days(tx: Tx, scope: GiftScope, days: int) -> GiftPreview:
    """How many subscriptions would get the days. Raises what `give_days` raises."""
    there = tx.session
    return GiftPreview(
        count_in(there, scope),
        checked_days(days),
        count_bought(there, scope),
        count_afterwards(there, scope),
        count_left_out(there, scope),
    )


@verb("subscriptions.give_days", permission="subscriptions.write")
def give_days(tx: Tx, scope: GiftScope, days: int, reason: str) -> GiftAsked:
    """Begin to give: paid time ends so many days later, on the panels too, and so does billing; nobody pays for them.
    Who pays afterwards has so many days less on the next bill.

    Raises InvalidInput (days, reason, more or less than one scope) and NotFound.
    """
    found = preview_give_days(tx, scope, days)
    if not reason.strip():
        raise InvalidInput("reason", "is needed: it is what customers and colleagues read")
    gift = DayGift(
        days=days,
        reason=reason.strip(),
        panel_id=scope.panel_id,
        bouquet_id=scope.bouquet_id,
        plan_id=scope.plan_id,
        total=found.subscriptions,
        left_out=found.left_out,
        actor=tx.ctx.actor,
        created_at=clock.now(),
    )
    tx.session.add(gift)
    tx.session.flush()
    enqueue(tx, "subscriptions.give_days", {"gift_id": gift.id}, key=f"give_days:{gift.id}")
    note(tx, f"day_gift:{gift.id}", days=days, subscriptions=found.subscriptions, left_out=found.left_out)
    return GiftAsked(gift.id, found.subscriptions)
