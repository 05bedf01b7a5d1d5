"""The documents of subscriptions, read anew for `domain.covered`: their lines, and the days on which each part was had.

Nothing here is shared with what bills, neither how lines are read nor how days are counted, but for the days that stand
written as free.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from billhead.actions.billing._free_days import CLOSED, read_free_days
from billhead.bulk import among
from billhead.domain.covered import Line, Stretch, faults_of
from billhead.domain.periods import Period, without
from billhead.domain.tax import TaxRounding, moves_amounts
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription, SubscriptionComponent, SubscriptionEvent

__all__ = ["Named", "day_faults"]

_TIMED = ("recurring", "trial")
_BREAKS = ("expire", "renew", "renewed", "suspend", "resume", "resume_trial", "cancel", "transferred")
_GONE = ("void", "written_off")
_EVER = date.max


class Named(NamedTuple):
    """A fault of a subscription's days."""

    subscription_id: int
    document_id: int | None
    what: str


class _Row(NamedTuple):
    line: DocumentLine
    kind: str
    state: str
    written_at: datetime
    inclusive: bool
    list_minor: int | None  # of its price

    @property
    def of_staff(self) -> bool:
        """It is of what costs nothing: staff have said what it charges."""
        return self.list_minor == 0 and self.amount > 0

    @property
    def amount(self) -> int:
        """As the price book has it; a credit note has the opposite amounts."""
        minor = self.line.net_minor + (self.line.tax_minor if self.inclusive else 0)
        return -minor if self.kind == "credit_note" else minor


class _Break(NamedTuple):
    kind: str
    on: date
    recorded_at: datetime


def day_faults(session: Session, subscriptions: Sequence[int]) -> Iterator[Named]:
    """In seven queries, however many there are."""
    lines = _lines(session, subscriptions)
    back = _back(session, [row.line.id for rows in lines.values() for row in rows])
    roundings = dict(session.execute(select(Seller.id, Seller.tax_rounding)).all())
    free, over = read_free_days(session, subscriptions), _over(session, subscriptions)
    for subscription, parts in _parts(session, subscriptions):
        rows = lines.get(subscription.id, [])
        if not rows:
            continue  # nothing of it is billed here: imported, or paid with a reseller's credits
        first = min(_period(row.line).start for row in rows)
        shown, inclusive = len(parts) > 1, rows[0].inclusive
        for part, mode, costs in parts:
            mine = [row for row in rows if row.line.component_id == part.id]
            own = [_cut(_line(row, back.get(row.line.id, [])), row, over[subscription.id]) for row in mine]
            stretch = _stretch(subscription, part, mode, first, free.get(subscription.id, []), over[subscription.id])
            if own and moves_amounts(TaxRounding(roundings[subscription.seller_id]), inclusive):
                stretch = stretch._replace(slack=1)
            stretch = stretch._replace(agreed=[*stretch.agreed, *(_period(row.line) for row in mine if row.of_staff)])
            if not costs:  # a change to it writes no line over nothing
                stretch = stretch._replace(stopped=stretch.had)
            for found in faults_of(stretch, own):
                what = f"component {part.id}: {found.what}" if shown else found.what
                yield Named(subscription.id, found.document_id, what)


def _read() -> Select[DocumentLine, str, str, datetime, bool, int | None]:
    """Lines, each with whether its own price book states prices with tax (a document may have both), and its price."""
    line, document = DocumentLine, Document
    inclusive = func.coalesce(PriceBook.tax_inclusive, document.tax_inclusive)
    return (
        select(line, document.kind, document.state, document.created_at, inclusive, Price.amount_minor)
        .join(document, document.id == line.document_id)
        .outerjoin(Price, Price.id == line.price_id)
        .outerjoin(PriceBook, PriceBook.id == Price.book_id)
    )


def _lines(session: Session, subscriptions: Sequence[int]) -> dict[int, list[_Row]]:
    line, document = DocumentLine, Document
    query = (
        _read()
        .where(among(line.subscription_id, subscriptions, session), line.kind.in_(_TIMED))
        .where(document.kind.in_(["invoice", "credit_note"]), line.period_start.is_not(None), line.revision >= 0)
        .order_by(line.id)
    )
    found: defaultdict[int, list[_Row]] = defaultdict(list)
    for row in session.execute(query):
        found[row[0].subscription_id or 0].append(_Row(*row))
    return found


def _back(session: Session, lines: Sequence[int]) -> dict[int, list[_Row]]:
    """What was given back of each line."""
    line, document = DocumentLine, Document
    query = _read().where(among(line.corrects_line_id, lines, session), document.state != "void").order_by(line.id)
    found: defaultdict[int, list[_Row]] = defaultdict(list)
    for row in session.execute(query):
        found[row[0].corrects_line_id or 0].append(_Row(*row))
    return found


def _over(session: Session, subscriptions: Sequence[int]) -> defaultdict[int, list[_Break]]:
    """When it was stopped or its paid time was over, when it began again, and when somebody else got it."""
    event = SubscriptionEvent
    query = select(event.subscription_id, event.kind, event.effective_on, event.recorded_at).where(
        among(event.subscription_id, subscriptions, session), event.kind.in_(_BREAKS)
    )
    found: defaultdict[int, list[_Break]] = defaultdict(list)
    for key, kind, on, recorded_at in session.execute(query.order_by(event.id)):
        found[key].append(_Break(kind, on, recorded_at))
    return found


def _parts(
    session: Session, subscriptions: Sequence[int]
) -> Iterator[tuple[Subscription, list[tuple[SubscriptionComponent, str, bool]]]]:
    """Each with how a part of a cycle is priced, and whether it costs anything."""
    part = SubscriptionComponent
    query = (
        select(part, Plan.proration, Price.amount_minor)
        .join(Plan, Plan.id == part.plan_id)
        .join(Price, Price.id == part.price_id)
        .where(among(part.subscription_id, subscriptions, session))
        .order_by(part.id)
    )
    parts: defaultdict[int, list[tuple[SubscriptionComponent, str, bool]]] = defaultdict(list)
    for found, mode, minor in session.execute(query):
        parts[found.subscription_id].append((found, mode, minor > 0))
    mine = select(Subscription).where(among(Subscription.id, subscriptions, session)).order_by(Subscription.id)
    for subscription in session.scalars(mine):
        yield subscription, parts[subscription.id]


def _stretch(
    subscription: Subscription,
    part: SubscriptionComponent,
    mode: str,
    first: date,
    free: Sequence[tuple[str, Period]],
    over: Sequence[_Break],
) -> Stretch:
    """From the first day that was ever billed to the last one: what is billed later is still the run's. The days before
    it was handed over were had by who had it then, from whatever day who got it has canceled."""
    handed_over = max((one.on for one in over if one.kind == "transferred"), default=first)
    billed = subscription.billed_through or _EVER
    if subscription.timing != "arrears":  # what is billed afterwards is billed to who has it then
        billed = max(billed, handed_over)
    billed_to = min(max(subscription.billing_ends_on or _EVER, handed_over), billed)
    start, end = max(part.starts_on, first), min(part.ends_on or _EVER, billed_to)
    had = [Period(start, end)] if start < end else []
    agreed = [days for why, days in free if why in ("moved", CLOSED)]
    closed = max((days.end for why, days in free if why == CLOSED), default=date.min)
    over = [one._replace(on=max(one.on, closed)) for one in over]
    if subscription.phase_ends_on is not None and first < subscription.phase_ends_on:
        agreed.append(Period(first, subscription.phase_ends_on))
    unpaid = [days for why, days in free if why not in ("moved", CLOSED)]
    # when its time was over nothing was watched
    had = without(had, _between(over, "expire", "renewed", "renew", "resume_trial"))
    stopped = _between(over, "suspend", "resume", "resume_trial", "cancel")
    return Stretch(had, unpaid, agreed, stopped, mode, subscription.currency)


def _between(events: Sequence[_Break], broke: str, *went_on: str) -> list[Period]:
    """From each time that it broke off to when it went on."""
    found, since = list[Period](), None
    for kind, day, _ in events:
        if kind == broke:
            since = since or day
        elif kind in went_on and since is not None:
            found += [Period(since, day)] if since < day else []
            since = None
    return [*found, Period(since, _EVER)] if since is not None else found


def _cut(line: Line, row: _Row, over: Sequence[_Break]) -> Line:
    """A renewal ends what was written before and is not paid for, or was given back by hand: those days are bought
    anew. Paid days stay, and cost nothing a second time; a trial that costs nothing ends with the renewal."""
    renewed = [one.on for one in over if one.kind == "renewed" and one.recorded_at > row.written_at]
    begins = sorted(day for day in renewed if line.period.start < day < line.period.end)
    if not begins or (line.charges and line.standing and row.state == "paid"):
        return line
    return line._replace(back=(*line.back, *_after(line.period, begins)), standing=False)


def _after(period: Period, days: Sequence[date]) -> list[Period]:
    return [Period(day, period.end) for day in days if period.start < day < period.end]


def _line(row: _Row, back: Sequence[_Row]) -> Line:
    line, period = row.line, _period(row.line)
    cycle = Period(line.cycle_start, line.cycle_end) if line.cycle_start and line.cycle_end else period
    by_calendar = [one for one in back if one.line.kind == "returned"]
    return Line(
        line.document_id,
        line.kind,
        period,
        cycle,
        row.amount if line.cycle_minor is None else line.cycle_minor,
        row.amount + sum(one.amount for one in by_calendar),
        line.term,
        tuple(_period(one.line) for one in by_calendar),
        row.amount > 0,
        row.state == "void",
        row.state not in _GONE and len(by_calendar) == len(back),
        row.amount + sum(one.amount for one in back) <= 0,
    )


def _period(line: Any) -> Period:
    return Period(line.period_start, line.period_end)
