"""What the overview draws: credits by week, users that began and ended by week, and what ends on which day.

A statement or two for each chart, over the reseller's own rows of some weeks, so that a page of ten thousand users asks
as often as one of ten.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.resellers._seen import expiring
from billhead.actions.resellers._tree import subtree
from billhead.charts import Chart, Series
from billhead.domain.money import CREDITS
from billhead.models.credits import CreditLot, CreditMovement, CreditUse
from billhead.models.ledger import LedgerEntry
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.web.formatting import last_day
from billhead.web.reseller.area import own_id
from billhead.web.speaking import say

__all__ = ["charts_of"]

_WEEKS = 12
_DAYS = 30


def charts_of(session: Session, today: date) -> list[Chart]:
    """Those that have something to show."""
    monday = today - timedelta(days=today.weekday())
    weeks = [monday - timedelta(weeks=back) for back in range(_WEEKS - 1, -1, -1)]
    drawn = (_credits(session, weeks), _moves(session, weeks, today), _ends(session, today))
    return [chart for chart in drawn if any(any(one.values) for one in chart.series)]


def _credits(session: Session, weeks: Sequence[date]) -> Chart:
    """Its own credits: used for its users, less what came back of them, and passed on to whoever stands below it."""
    use = CreditUse
    used = session.execute(
        select(use.day, func.sum(use.credits_minor))
        .where(use.reseller_id == own_id(), use.day >= weeks[0])
        .group_by(use.day)
    )
    passed = session.execute(
        select(LedgerEntry.day, func.sum(CreditLot.amount_minor))
        .join(LedgerEntry, LedgerEntry.id == CreditLot.entry_id)
        .join(CreditMovement, CreditMovement.entry_id == CreditLot.entry_id)
        .where(
            CreditLot.reseller_id.in_(subtree(own_id())),
            CreditLot.source == "transfer",
            CreditMovement.reseller_id == own_id(),
            LedgerEntry.day >= weeks[0],
        )
        .group_by(LedgerEntry.day)
    )
    series = [Series(say("Used"), _by_week(used, weeks)), Series(say("Passed on"), _by_week(passed, weeks))]
    shown = series if any(series[1].values) else series[:1]
    told = say("What was used for users, less what came back.")
    return Chart(say("Credits by week"), "stacked", weeks, shown, CREDITS, told, say("Week from"))


def _moves(session: Session, weeks: Sequence[date], today: date) -> Chart:
    """Of all in the subtree, as they stand now: who has come back since is not among those who ended."""
    began, over = Subscription.started_on, ("expired", "canceled")
    ended = func.coalesce(Subscription.service_ends_on, Subscription.paid_through)
    came = _counted(session, began, Subscription.state != "pending", began.between(weeks[0], today))
    left = _counted(session, ended, Subscription.state.in_(over), ended.between(weeks[0], today))
    series = (
        Series(say("Began in the week"), _by_week(came, weeks)),
        Series(say("Ended in the week"), _by_week(left, weeks)),
    )
    told = say("Users that began, and those whose time ended and who are not back.")
    return Chart(say("Users by week"), "bar", weeks, series, "", told, say("Week from"))


def _ends(session: Session, today: date) -> Chart:
    days = [today + timedelta(days=ahead) for ahead in range(_DAYS)]
    ends = _counted(session, Subscription.paid_through, expiring(today, _DAYS))
    found = {last_day(end): count for end, count in ends}
    series = Series(say("Users"), [found.get(day, 0) for day in days])
    told = say("How many users’ paid time ends on each of the next 30 days.")
    return Chart(say("Ends by day"), "bar", days, [series], "", told, say("Day"))


def _counted(session: Session, day: Any, *conditions: Any) -> list[tuple[date, int]]:
    """How many subscribers of the whole subtree, by that day of theirs."""
    rows = session.execute(
        select(day, func.count())
        .select_from(Subscription)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(Customer.reseller_id.in_(subtree(own_id())), *conditions)
        .group_by(day)
    )
    return [(on, int(count)) for on, count in rows]


def _by_week(rows: Iterable[Any], weeks: Sequence[date]) -> list[int]:
    """The ledger's day may be one ahead of the reseller's: it is of the last week."""
    found = [0] * len(weeks)
    for day, amount in rows:
        found[min((day - weeks[0]).days // 7, len(weeks) - 1)] += int(amount)
    return found
