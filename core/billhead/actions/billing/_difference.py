"""The draft that brings what was billed of a subscription in line with what its history says is owed.

The history is the components with their days, what was billed with its periods, and the days that are not charged; see
`domain.owed` for the rule. Only time that was billed already is looked at: what comes after is the run's, and is
drafted by the run's own code.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.billing._calendars import read_formers
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._coupons import read_redeemed
from billhead.actions.billing._draft import (
    BilledKey,
    Draft,
    DraftedLine,
    as_of,
    bill,
    comes_within,
    part_line,
    set_up_lines,
    whole_price,
)
from billhead.actions.billing._free_days import CLOSED, EXTENDED, not_charged, read_free_days
from billhead.actions.billing._rated import Advance, CouponUsed, DueItem, LineDetail, Part
from billhead.actions.billing._reading import ITEM, read_parts
from billhead.actions.billing._standing import RETURNED, Standing, StandingLine, read_standing
from billhead.actions.billing._stated import stated
from billhead.actions.billing._taxing import TaxedAmount
from billhead.bulk import among
from billhead.domain.calendar import Calendar, Former
from billhead.domain.errors import Conflict, NotFound
from billhead.domain.owed import Charge, Cycle, Return, difference, owed, whole_on
from billhead.domain.periods import Period, Term, merged, without
from billhead.domain.proration import mode_of
from billhead.domain.subscription import RUNNING, State
from billhead.domain.tax import TaxRounding, moves_amounts
from billhead.models.documents import DocumentLine
from billhead.models.subscriptions import Subscription

__all__ = [
    "History",
    "differences",
    "draft_difference",
    "lines_by_cycle",
    "new_cycles",
    "read_histories",
    "read_history",
    "too_much",
]

_FOREVER = date.max


class History(NamedTuple):
    """A subscription as rating needs it, what was billed of it, and the days that are not charged. `moved` is paid time
    that went along to another customer, from the day on which it changed hands. `before`: how its cycles were counted
    before its anchor moved. `extended`: of the days that are not charged, those that changes have added; `given`: those
    that were given; `closed`: those of which nothing is written any more.
    `begins`: a whole period begins where it is billed to, and is billed at once, whoever renews it.

    Whoever wants to know what a change would cost changes `item` or `free` and asks again.
    """

    item: DueItem
    standing: Standing
    free: tuple[Period, ...]
    moved: tuple[Period, ...]
    used_keys: Mapping[BilledKey, int]
    before: tuple[Former, ...] = ()
    extended: tuple[Period, ...] = ()
    begins: bool = False
    closed: tuple[Period, ...] = ()
    given: tuple[Period, ...] = ()


def read_history(session: Session, catalogue: Catalogue, subscription_id: int, target: date) -> History:
    """As it stands in this transaction. Raises NotFound."""
    found = read_histories(session, catalogue, [subscription_id], target)
    if subscription_id not in found:
        raise NotFound("subscription", subscription_id)
    return found[subscription_id]


def read_histories(
    session: Session, catalogue: Catalogue, subscriptions: Collection[int], target: date
) -> dict[int, History]:
    """The same for many, in a fixed number of queries."""
    rows = session.connection().execute(select(*ITEM).where(among(Subscription.id, subscriptions, session))).all()
    parts = read_parts(session, [row[0] for row in rows])
    # also those that are used up: they hold on in the cycles that they made cheaper, which a correction may come to
    redeemed = read_redeemed(session, catalogue.coupons, subscriptions, date.min)
    items = [DueItem._make((*row[:-1], target, tuple(parts[row[0]]), redeemed.get(row[0], ()), ())) for row in rows]
    catalogue.need(
        session,
        sellers={item.seller_id for item in items},
        plans={part.plan_id for item in items for part in item.parts} | {item.plan_id for item in items},
        prices={part.price_id for item in items for part in item.parts},
    )
    standing = read_standing(session, subscriptions)
    free, used = read_free_days(session, subscriptions), _used_keys(session, subscriptions)
    before = read_formers(session, subscriptions)
    return {
        item.subscription_id: History(
            item,
            standing.get(item.subscription_id, {}),
            not_charged(free.get(item.subscription_id, ())),
            tuple(period for why, period in free.get(item.subscription_id, ()) if why == "moved"),
            used.get(item.subscription_id, {}),
            before.get(item.subscription_id, ()),
            tuple(period for why, period in free.get(item.subscription_id, ()) if why == EXTENDED),
            closed=tuple(period for why, period in free.get(item.subscription_id, ()) if why == CLOSED),
            given=tuple(period for why, period in free.get(item.subscription_id, ()) if why == "given"),
        )
        for item in items
    }


def _used_keys(session: Session, subscriptions: Collection[int]) -> dict[int, Counter[BilledKey]]:
    """How often each billed-once key is taken, so that the next line of it gets the next revision."""
    line = DocumentLine
    rows = session.execute(
        select(line.subscription_id, line.component_id, line.kind, line.period_start).where(
            among(line.subscription_id, subscriptions, session),
            line.period_start.is_not(None),
            (line.revision >= 0) | (line.kind != "setup"),  # below it: nothing was set up, the draft is void
        )
    )
    found: defaultdict[int, Counter[BilledKey]] = defaultdict(Counter)
    for subscription_id, component_id, kind, start in rows:
        if subscription_id is not None and start is not None:
            found[subscription_id][component_id, kind, start] += 1
    return found


def draft_difference(history: History, catalogue: Catalogue, zone: str) -> Draft:
    """Everything to be given back and charged up to now, and what has become due since; no lines if there is nothing.

    Nothing new becomes due of what is renewed by hand, which is offered as a proforma, or of what stands still; that
    gets what is billed afterwards when it ends.
    """
    item, numbered = history.item, Counter(history.used_keys)
    lines = [line._replace(detail=_revised(line, numbered)) for line in differences(history, catalogue)]
    advance: Advance | None = None
    used: tuple[CouponUsed, ...] = ()
    offered = catalogue.sellers[item.seller_id].offers(item.collection, item.timing)
    if history.begins or ((item.state in RUNNING or _ends_unbilled(item)) and not offered):
        running = item._replace(free=history.free)
        due = bill(running, catalogue, zone)
        coming = [line for line in due.lines if line.kind != "setup" or not _is_set_up(line.component_id, history)]
        lines += [line._replace(detail=_revised(line, numbered)) for line in coming]
        advance, used = due.advance, due.used
    corrected = {_corrects(line, history) for line in lines if line.kind == RETURNED}
    fresh = [line for line in lines if line.given is None]
    inclusive, mixed = stated(fresh or item.parts, catalogue.prices)
    one = corrected.pop() if len(corrected) == 1 else None
    return Draft(
        "invoice",
        item.currency,
        tuple(lines),
        inclusive,
        advance,
        may_return=True,
        corrects_id=one,
        used=used,
        mixed=mixed,
        used_keys=history.used_keys,
    )


def _ends_unbilled(item: DueItem) -> bool:
    """What is billed afterwards ends while it stands still: the days before that were watched."""
    return item.timing == "arrears" and item.state == State.SUSPENDED and item.billing_ends_on is not None


def differences(history: History, catalogue: Catalogue) -> Iterator[DraftedLine]:
    """What has to be given back and charged of the time that was billed; nothing where all is as it should be."""
    for part in history.item.parts:
        yield from sorted(_of_part(part, history, catalogue), key=lambda line: line.kind != RETURNED)


def _revised(line: DraftedLine, numbered: Counter[BilledKey]) -> LineDetail | None:
    if line.period_start is None:
        return line.detail
    key = (line.component_id, line.kind, line.period_start)
    revision, numbered[key] = numbered[key], numbered[key] + 1
    return (line.detail or LineDetail())._replace(revision=revision) if revision else line.detail


def _corrects(line: DraftedLine, history: History) -> int | None:
    """The document that the line gives back of; None where that is somebody else's."""
    wanted = line.detail.corrects_line_id if line.detail else None
    found = next(one for lines in history.standing.values() for one in lines if one.billed.id == wanted)
    return found.document_id if found.customer_id == history.item.customer_id else None


def too_much(history: History, catalogue: Catalogue) -> Iterator[tuple[StandingLine, Return]]:
    """What has to be given back of the time that was billed, of which line: also of a draft, whose lines may change."""
    for part in history.item.parts:
        for asked, lines in _billed_cycles(part, history, catalogue):
            for step in difference(asked):
                if isinstance(step, Return):
                    yield lines[step.line_id], step


def _of_part(part: Part, history: History, catalogue: Catalogue) -> Iterator[DraftedLine]:
    for asked, lines in _billed_cycles(part, history, catalogue):
        yield from _written(asked, part, lines, history.item, catalogue)
    mode = mode_of(catalogue.plans[part.plan_id].proration, history.item.term)
    for period, open_days in new_cycles(part, history, lines_by_cycle(part, history)):
        priced = as_of(part, catalogue, period.start)
        stretch = Period(open_days[0].start, open_days[-1].end)
        whole = whole_price(priced, catalogue, history.item, period, stretch)
        yield from _set_up(priced, history, catalogue, open_days)
        asked = Cycle(period, whole, open_days, mode)
        if owed(asked) or not catalogue.prices[priced.price_id].amount_minor:
            yield from _written(asked, priced, {}, history.item, catalogue)
        else:  # a coupon gives all of it, or so few days cost no cent: it stands for that, whatever holds later
            yield part_line(priced, catalogue, history.item, stretch, period, whole, 0)


def _billed_cycles(
    part: Part, history: History, catalogue: Catalogue
) -> Iterator[tuple[Cycle, Mapping[int, StandingLine]]]:
    """What the cycles of which something was billed owe, with their lines."""
    assert part.component_id is not None, "what was ordered has a component"
    known = lines_by_cycle(part, history)
    proration = catalogue.plans[part.plan_id].proration
    rounding = TaxRounding(catalogue.sellers[history.item.seller_id].tax_rounding)
    wanted, billed = _window(part, history.item), _billed_days(history)
    upto = [Period(date.min, history.item.billed_through or _FOREVER)]  # what comes after is the run's
    if history.item.collection == "manual":  # and what nobody has paid by hand was never watched
        upto = _within(billed, upto)
    elif billed:  # nor were the days before an order was paid
        upto = _within([Period(billed[0].start, _FOREVER)], upto)
    own = _own_days(known)
    for period, lines in known.items():
        if any(line.closed or not _theirs(line, history) for line in lines):
            continue  # staff have decided about this time, or somebody else has paid it
        days = without(_within(_within(wanted, own[period]), upto), history.free)
        handed_over = max((one.start for one in history.moved if one.overlap(period)), default=None)
        if handed_over is not None:
            days = _since(handed_over, days, lines)
        slack = len(lines) if moves_amounts(rounding, lines[0].inclusive) else 0
        mode = mode_of(proration, lines[0].term or history.item.term)
        asked = Cycle(period, lines[0].whole, days, mode, [line.billed for line in lines], slack)
        yield asked, {line.billed.id: line for line in lines}


def lines_by_cycle(part: Part, history: History) -> dict[Period, list[StandingLine]]:
    """What stands of the component, by the cycle that it is of."""
    known: dict[Period, list[StandingLine]] = {}
    for line in history.standing.get(part.component_id or 0, ()):
        known.setdefault(line.cycle, []).append(line)
    return known


def _own_days(known: Mapping[Period, Sequence[StandingLine]]) -> dict[Period, list[Period]]:
    """Cycles overlap where the anchor moved between them. A day is of the cycle in which it is charged; if it came back
    everywhere, of the one in which it was billed last, and of the earliest where it was billed in none."""
    if not any(one.overlap(other) for one, other in pairwise(sorted(known, key=lambda one: one.start))):
        return {cycle: [cycle] for cycle in known}
    billed = [(line.billed, cycle) for cycle, lines in known.items() for line in lines]
    billed.sort(key=lambda found: found[0].id, reverse=True)
    claims = [(cycle, line.days) for line, cycle in billed] + [(cycle, [line.period]) for line, cycle in billed]
    own: dict[Period, list[Period]] = {cycle: [] for cycle in known}
    taken: list[Period] = []
    for cycle, days in [*claims, *((cycle, [cycle]) for cycle in sorted(known, key=lambda one: one.start))]:
        rest = without(days, taken)
        own[cycle] += rest
        taken += rest
    return own


def _billed_days(history: History) -> list[Period]:
    """The days that were billed of the subscription, of whatever part."""
    return merged([line.billed.period for lines in history.standing.values() for line in lines])


def _theirs(line: StandingLine, history: History) -> bool:
    """Was it charged to who has the subscription now, or is it paid time that has come along with it? And is it not of
    the time before somebody else began to pay?"""
    if any(line.billed.period.overlap(one) for one in history.closed):
        return False
    if line.customer_id == history.item.customer_id:
        return True
    return line.paid and any(line.billed.period.overlap(one) for one in history.moved)


def _since(handed_over: date, days: Sequence[Period], lines: Sequence[StandingLine]) -> list[Period]:
    """What was charged for the days before stays with who had it then, whatever is changed now."""
    before = merged([day for line in lines for day in line.billed.days])
    return _within(before, [Period(date.min, handed_over)]) + _within(days, [Period(handed_over, _FOREVER)])


def _set_up(part: Part, history: History, catalogue: Catalogue, days: Sequence[Period]) -> Iterator[DraftedLine]:
    """Once, with the first days of an add-on; in a trial nothing is set up before that becomes the plan."""
    added = next((one for one in days if comes_within(part, history.item, one)), None)
    if added is not None and history.item.phase != "trial" and not _is_set_up(part.component_id, history):
        yield from set_up_lines(part, catalogue, history.item, added)


def _is_set_up(component_id: int | None, history: History) -> bool:
    return any((component, kind) == (component_id, "setup") for component, kind, _ in history.used_keys)


def _window(part: Part, item: DueItem) -> list[Period]:
    """The days for which the component is to be paid, hold or no hold: none of a trial."""
    start = max(part.starts_on or item.started_on, item.phase_ends_on or date.min)
    end = min(part.ends_on or _FOREVER, item.billing_ends_on or _FOREVER)
    return [Period(start, end)] if start < end else []


def new_cycles(
    part: Part, history: History, known: Mapping[Period, object]
) -> Iterator[tuple[Period, Sequence[Period]]]:
    """Cycles of which nothing of this component was billed, with the days that were billed of the subscription.

    Only those: what lies between two terms that somebody has bought was never watched.
    """
    item = history.item
    if item.billed_through is None:
        return
    upto = [Period(date.min, item.billed_through)]
    open_days = without(_within(_within(_window(part, item), upto), _billed_days(history)), [*known, *history.free])
    term = Term.parse(item.term)
    # what has another term now is priced by that, also for days that were counted in the old one
    calendar = Calendar(item.anchor, term, tuple(one for one in history.before if one.term == term))
    by_cycle: dict[Period, list[Period]] = {}
    for one in open_days:
        start = one.start
        while start < one.end:
            end = min(calendar.period_at(start).end, one.end)
            by_cycle.setdefault(calendar.cycle_at(start), []).append(Period(start, end))
            start = end
    yield from sorted(by_cycle.items(), key=lambda found: found[0].start)


def _written(
    asked: Cycle, part: Part, lines: Mapping[int, StandingLine], item: DueItem, catalogue: Catalogue
) -> Iterator[DraftedLine]:
    for step in difference(asked):
        if isinstance(step, Charge):
            whole = whole_on(asked, step.period.start)
            yield part_line(part, catalogue, item, step.period, asked.period, whole, step.amount)
        else:
            yield _returned(step, part, lines[step.line_id], catalogue)


def _returned(step: Return, part: Part, line: StandingLine, catalogue: Catalogue) -> DraftedLine:
    if line.draft:
        raise Conflict(
            "an invoice of this subscription is still a draft", code="draft_open", hint="make it final or void it first"
        )
    taxes = tuple((code, ppm, -back) for (code, ppm, _), back in zip(line.taxes, step.taxes, strict=False))
    tax = sum(step.taxes)
    net = step.amount - tax if line.inclusive else step.amount
    return DraftedLine(
        part.component_id,
        line.price_id,
        line.plan_id,
        RETURNED,
        f"{line.description} × {line.quantity}" if line.quantity > 1 else line.description,  # a part of all of them
        "",
        step.period.start,
        step.period.end,
        1,
        -step.amount,
        -step.amount,
        catalogue.plans[part.plan_id].tax_class,
        LineDetail(corrects_line_id=line.billed.id),
        TaxedAmount(-net, -tax, line.tax_code, line.tax_rate_ppm, taxes),
    )


def _within(days: Sequence[Period], windows: Sequence[Period]) -> list[Period]:
    return [found for one in days for window in windows if (found := one.overlap(window)) is not None]
