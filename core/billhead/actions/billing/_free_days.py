"""Days of subscriptions that are not charged, with the reason, as holds, gifts and suspensions have written them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.bulk import among
from billhead.domain.periods import Period
from billhead.models.subscriptions import FreeTime

__all__ = ["CLOSED", "EXTENDED", "SPARED", "not_charged", "read_free_days"]

CLOSED = "closed"
"""Days until its payer changed from money to credits or back: what was billed for them stays as it is."""

EXTENDED = "extended"
"""Days that changes have added: see `_extended`."""


SPARED = "spared"
"""Days that were given to who pays afterwards: they leave the next bill, and make nothing longer."""


def read_free_days(session: Session, subscriptions: Collection[int]) -> dict[int, list[tuple[str, Period]]]:
    """(why, days) by subscription; what is `moved` is charged, but changed hands; what is `closed` is charged or not,
    and nothing is written about it any more. A kept hold is charged as well, and left out."""
    query = select(FreeTime.subscription_id, FreeTime.why, FreeTime.starts_on, FreeTime.ends_on).where(
        among(FreeTime.subscription_id, subscriptions, session), FreeTime.why != "kept"
    )
    found: defaultdict[int, list[tuple[str, Period]]] = defaultdict(list)
    for subscription_id, why, start, end in session.execute(query):
        if end is None or start < end:
            found[subscription_id].append((why, Period(start, end or date.max)))
    return found


def not_charged(days: Iterable[tuple[str, Period]]) -> tuple[Period, ...]:
    """Of those: holds, what was given, what changes have added, time that stood still, and what is closed."""
    return tuple(period for why, period in days if why != "moved")
