"""From what a subscription has to what somebody wants it to have: which components end, go on, and begin. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._difference import History
from billhead.actions.billing._rated import DueItem, Part
from billhead.domain.calendar import Former
from billhead.domain.periods import Period, Term, anchor_of_term, without

__all__ = ["Steps", "Wanted", "given_ahead", "history_after", "steps_of"]


class Wanted(NamedTuple):
    """A part that is wanted; `kind` as in SubscriptionComponent. `ends_on`: when another plan follows by itself."""

    plan_id: int
    price_id: int
    quantity: int
    kind: str
    ends_on: date | None = None


class Steps(NamedTuple):
    """`item` is the subscription after the change; components that are new have ids below zero in it.

    `ends`: component → its last day and one, None: it goes on. `adds`: what begins on the day, in the order of ids.
    `begins`: a whole period begins on the day. `was_free`: since nothing of what was had before cost anything.
    """

    item: DueItem
    ends: Mapping[int, date | None]
    adds: tuple[Wanted, ...]
    begins: bool = False
    was_free: bool = False


def steps_of(
    item: DueItem,
    wanted: Sequence[Wanted],
    on: date,
    *,
    plan_id: int,
    term: str,
    catalogue: Catalogue,
    restart: bool = False,
    may_begin: bool = False,
) -> Steps:
    """The steps to have `wanted` from `on`.

    What follows by itself after a while goes with the plan or the term that it follows. A part that stays as it is
    keeps its price, unless the term changes, and so does one that has ended on the same day and is wanted again,
    whatever is sold by now: a change that is taken back costs nothing. With another term billing keeps its next day,
    from which whole periods of the new term count; with `restart` a whole period begins on the day, and so it does,
    where it `may_begin`, from what costs nothing to what does.
    """
    open_parts, goes = list(wanted), (plan_id, term) != (item.plan_id, item.term)
    ends: dict[int, date | None] = {}
    # the latest first: of two that are alike the earlier one may be that of a customer who had it until today
    for part in reversed(item.parts):
        assert part.component_id is not None, "what was ordered has a component"
        starts, stops = part.starts_on or item.started_on, part.ends_on
        if starts > on:
            if goes:
                ends[part.component_id] = starts
        elif stops is None or stops >= on:
            same = _same(part, open_parts, catalogue)
            if same is not None:
                open_parts.remove(same)
                if stops == on or (goes and stops is not None):
                    ends[part.component_id] = None
            elif stops is None or stops > on:
                ends[part.component_id] = on
    kept = [part._replace(ends_on=ends.get(part.component_id or 0, part.ends_on)) for part in item.parts]
    new = [Part(-n, one.plan_id, one.price_id, one.quantity, on, kind=one.kind) for n, one in enumerate(open_parts, 1)]
    was_free = may_begin and _becomes_paid(item, wanted, on, catalogue)
    begins = (restart or was_free) and item.billed_through is not None
    after = _calendar(item, on, term, restart or was_free)._replace(plan_id=plan_id, parts=(*kept, *new))
    return Steps(after, ends, tuple(open_parts), begins, was_free)


def _becomes_paid(item: DueItem, wanted: Sequence[Wanted], on: date, catalogue: Catalogue) -> bool:
    """From what was had for nothing the day before, whatever else was changed on this one, and not in a trial. A plan
    that costs something already has begun its period, or was taken back on its day and begins none."""
    if item.phase == "trial" or item.timing == "arrears" or item.billed_through is None:
        return False
    first = max(item.started_on, item.phase_ends_on or date.min)
    since = [(max(one.starts_on or first, first), one.ends_on or date.max, one) for one in item.parts]
    had = [one for starts, ends, one in since if starts < on <= ends]
    plans = [one for starts, ends, one in since if starts <= on < ends and one.kind == "plan"]
    free = not any(catalogue.prices[catalogue.price_at(one.price_id, on)].amount_minor for one in (*had, *plans))
    return (
        bool(had) and free and any(catalogue.prices[one.price_id].amount_minor for one in wanted if one.kind == "plan")
    )


def history_after(history: History, steps: Steps, on: date) -> History:
    """With the steps taken. A whole period that begins takes the place of days that changes have added and of those
    that were given: see `given_ahead`. A hold stays where it was."""
    if not steps.begins:
        return history._replace(item=steps.item, begins=False)
    extended, given = _until(history.extended, on), _until(history.given, on)
    still = Counter(history.free) - Counter((*history.extended, *history.given))
    return history._replace(
        item=steps.item,
        begins=True,
        free=(*still.elements(), *extended, *given),
        extended=extended,
        given=given,
        before=_before(history, steps.item, on),
    )


def given_ahead(history: History, steps: Steps, on: date) -> int:
    """How many given days follow a whole period that begins; those of what cost nothing are worth nothing."""
    given = history.given if steps.begins and not steps.was_free else ()
    return sum(one.days for one in without(given, [Period(date.min, on)]))


def _until(days: Sequence[Period], on: date) -> tuple[Period, ...]:
    return tuple(without(days, [Period(on, date.max)]))


def _before(history: History, after: DueItem, on: date) -> tuple[Former, ...]:
    """As `move_anchor` leaves it: until the day cycles are counted as they were."""
    item = history.item
    if (after.term, after.anchor) == (item.term, item.anchor):
        return history.before
    before = [replace(one, until=min(one.until, on)) for one in history.before]
    counted = before and before[-1].until == on
    return (*before,) if counted else (*before, Former(on, item.anchor, Term.parse(item.term)))


def _same(part: Part, wanted: Sequence[Wanted], catalogue: Catalogue) -> Wanted | None:
    """At whichever version of its price for the same term."""
    term = catalogue.prices[part.price_id].term
    for one in wanted:
        alike = (one.plan_id, one.quantity) == (part.plan_id, part.quantity)
        if alike and catalogue.prices[one.price_id].term == term:
            return one
    return None


def _calendar(item: DueItem, on: date, term: str, restart: bool) -> DueItem:
    if restart:
        return item._replace(term=term, anchor=on, billed_through=on if item.billed_through else None)
    if term == item.term:
        return item
    begins = item.billed_through or on
    return item._replace(term=term, anchor=anchor_of_term(item.anchor, Term.parse(item.term), Term.parse(term), begins))
