"""What was billed of metered use, held against the events: they are counted and rated anew, by the code that bills.

What waits to be billed is the next run's. Events that were put away, the oldest first, are no fault of what was billed
for them: the sums that were written down then are rated instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.billing._bills_proven import Named
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import DueItem
from billhead.actions.usage._lines import DAY
from billhead.actions.usage._metering import billed_windows, handed_over, metered_parts, read_meters
from billhead.actions.usage._shapes import Meter, Totals, Window
from billhead.actions.usage._totals import read_totals
from billhead.actions.usage.rate_usage import rate_usage
from billhead.bulk import among
from billhead.domain.money import Money
from billhead.domain.usage import Pricing, shown_quantity
from billhead.models.usage import UsageBilled, UsageEvent

__all__ = ["use_faults"]


class _Written(NamedTuple):
    """What was written down for a stretch last."""

    events: int
    used: int


_Stretch = tuple[int, int, int, date]
_EVER = 2**62


def use_faults(session: Session, catalogue: Catalogue, items: Sequence[DueItem]) -> Iterator[Named]:
    """In one query where nothing was billed for use, else in a fixed number. The catalogue knows the items' prices."""
    written = _written(session, [one.subscription_id for one in items])
    metered = {stretch[0] for stretch in written}
    mine = [one for one in items if one.subscription_id in metered]
    if not mine:
        return
    parts, meters = {one.subscription_id: metered_parts(one, catalogue) for one in mine}, read_meters(session, mine)
    since = handed_over(session, metered)
    every = billed_windows(session, catalogue, metered, parts)
    windows = [one for one in every if not _waits(one, meters[one.subscription_id])]
    counted = list(zip(windows, read_totals(session, windows), strict=True))
    fewer = any(sums.events < written[_stretch(one)].events for one, sums in counted)
    kept_from = _kept_from(session) if fewer else 0
    known: list[tuple[Window, Totals]] = []
    for window, sums in counted:
        then = written[_stretch(window)]
        put_away = sums.events < then.events and window.from_at < kept_from
        if _Written(sums.events, sum(sums.used)) == then:
            known.append((window, sums))
        elif not (put_away or _came_after(window, since)):
            yield _named(window, f"{_told(window, sums)} are there, and {_told(window, then)} were billed")
        elif _is_rated_by_the_sum(window):
            known.append((window, Totals(then.events, (then.used,))))
    for rated in rate_usage(known):
        if rated.difference_minor:
            window, currency = rated.window, rated.window.metered.terms.currency
            comes_to, billed = Money(rated.amount_minor, currency), Money(window.billed_minor, currency)
            yield _named(window, f"it comes to {comes_to}, and {billed} were billed")


def _waits(window: Window, meter: Meter) -> bool:
    """Something came late, or a draft came to nothing: the next run rates it anew."""
    return meter.late_at is not None and window.to_at > meter.late_at


def _came_after(window: Window, since: Mapping[int, date]) -> bool:
    """It had ended before somebody else got the subscription: what comes late of it is nobody's to pay."""
    return window.end <= since.get(window.subscription_id, date.min)


def _kept_from(session: Session) -> int:
    """From which instant on events are kept; 0 where all are. They were put away where all are gone of something that
    was billed before the first."""
    first = session.scalar(select(func.min(UsageEvent.day)))
    begins = _EVER if first is None else first * DAY
    gone = select(UsageBilled.id).where(UsageBilled.to_at <= begins, UsageBilled.events > 0).limit(1)
    return begins if session.scalar(gone) is not None else 0


def _is_rated_by_the_sum(window: Window) -> bool:
    """Not by that of each line, or by each event."""
    terms = window.metered.terms
    return terms.shared and terms.pricing is not Pricing.PERCENTAGE


def _told(window: Window, sums: Totals | _Written) -> str:
    used = sums.used if isinstance(sums, _Written) else sum(sums.used)
    metered = window.metered
    return f"{sums.events} events of {shown_quantity(used, metered.decimals)} {metered.unit}".rstrip()


def _named(window: Window, what: str) -> Named:
    return Named(window.subscription_id, None, f"{window.metered.code} used from {window.start}: {what}")


def _stretch(window: Window) -> _Stretch:
    return window.subscription_id, window.component_id, window.metered.metric_id, window.start


def _written(session: Session, subscriptions: Sequence[int]) -> dict[_Stretch, _Written]:
    one = UsageBilled
    columns = one.subscription_id, one.component_id, one.metric_id, one.period_start, one.events, one.used
    rows = session.execute(
        select(*columns).where(among(one.subscription_id, subscriptions, session)).order_by(one.revision)
    )
    return {
        (subscription_id, component_id, metric_id, start): _Written(events, used)
        for subscription_id, component_id, metric_id, start, events, used in rows
    }
