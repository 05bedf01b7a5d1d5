"""Metered use on a document: its lines, and what is written beside them. Only who has some comes here."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._draft import Draft, DraftedLine
from billhead.actions.billing._rated import LineDetail, Rated
from billhead.actions.billing._stated import stated
from billhead.actions.usage._shapes import RatedUsage, UsageDue, UsageTaken
from billhead.actions.usage.rate_usage import rate_usage
from billhead.bulk import Bulk, among
from billhead.domain.usage import Pricing, shown_quantity
from billhead.models.usage import UsageMeter

__all__ = ["book_usage", "usage_as_read", "with_usage"]

_METER = {"through": "date", "billed_to": "bigint", "due_on": "date", "late_at": "bigint"}
_OPENED = ("subscription_id", "through", "billed_to", "due_on", "stamp", "watched")
_BILLED = (
    "subscription_id", "component_id", "metric_id", "period_start", "period_end", "from_at", "to_at", "revision",
    "events", "used", "allowance", "days", "cycle_days", "amount_minor", "recorded_at",
)  # fmt: skip


def with_usage(draft: Draft, due: UsageDue, catalogue: Catalogue) -> Draft:
    """The draft with a line for each stretch that costs something, and for what came late the difference.

    What was charged too much is given back on the same document; if more is given back than billed, it becomes a
    credit note. Raises InvalidInput where the usage can't be billed.
    """
    if due.refused is not None:
        raise due.refused
    rated = rate_usage(due.found)
    lines = tuple(_lines(rated, catalogue))
    draft = draft._replace(usage=(UsageTaken(due.meter, due.moved, tuple(rated)),))
    if not lines:
        return draft
    every = draft.lines + lines
    inclusive, mixed = stated(every, catalogue.prices)
    return draft._replace(
        kind=draft.kind or "invoice",
        lines=every,
        tax_inclusive=inclusive,
        mixed=mixed,
        may_return=draft.may_return or any(line.amount_minor < 0 for line in lines),
    )


def _lines(rated: Iterable[RatedUsage], catalogue: Catalogue) -> Iterator[DraftedLine]:
    for one in rated:
        window, minor = one.window, one.difference_minor
        if not minor:
            continue
        plan = catalogue.plans[window.plan_id]
        detail = LineDetail(revision=window.revision) if window.revision else None
        yield DraftedLine(
            window.component_id,
            window.price_id,
            window.plan_id,
            f"usage:{window.metered.code}",
            f"{plan.name}: {_told(one)}",
            "",
            window.start,
            window.end,
            1,
            minor,
            minor,
            plan.tax_class,
            detail,
        )


def _told(one: RatedUsage) -> str:
    """ "Viewing time, 1530 minutes, 600 included"; what came late says so."""
    metered = one.window.metered
    if metered.terms.pricing is Pricing.PERCENTAGE:
        words = f"{metered.name}, {one.events}"
    else:
        words = f"{metered.name}, {shown_quantity(one.used, metered.decimals)} {metered.unit}".rstrip()
        included = one.used - one.charged
        if included:
            words += f", {shown_quantity(included, metered.decimals)} included"
    return f"{words} (counted anew)" if one.window.revision else words


def usage_as_read(session: Session, rated: Sequence[Rated]) -> tuple[list[Rated], list[int]]:
    """Lock the meters and part what is as it was read from the subscriptions that have used or billed more since."""
    ids = [taken.meter.subscription_id for one in rated for taken in one.usage]
    rows = session.execute(
        select(UsageMeter.subscription_id, UsageMeter.stamp)
        .where(among(UsageMeter.subscription_id, ids, session))
        .order_by(UsageMeter.subscription_id)
        .with_for_update()
    )
    stamps = {row[0]: row[1] for row in rows}
    fresh: list[Rated] = []
    stale: list[int] = []
    for one in rated:
        if all(stamps.get(taken.meter.subscription_id, -1) == taken.meter.stamp for taken in one.usage):
            fresh.append(one)
        else:
            stale.extend(one.subscriptions())
    return fresh, stale


def book_usage(bulk: Bulk, rated: Sequence[Rated], now: str) -> None:
    """Move the meters, and write down what was billed for which stretch, nothing included."""
    taken = [use for one in rated for use in one.usage]
    if not taken:
        return
    opened = [
        (m.subscription_id, m.through.isoformat(), m.billed_to, m.due_on and m.due_on.isoformat(), 0, 0)
        for m in (one.meter for one in taken)
        if m.stamp < 0
    ]
    bulk.insert("usage_meter", _OPENED, opened)
    rows = [
        (
            one.moved.through.isoformat(),
            one.moved.billed_to,
            one.moved.due_on and one.moved.due_on.isoformat(),
            None,
            one.meter.subscription_id,
        )
        for one in taken
    ]
    bulk.update("usage_meter", _METER, rows, also="stamp = stamp + 1, watched = watched + 1", key="subscription_id")
    bulk.insert("usage_billed", _BILLED, [_billed(one, now) for use in taken for one in use.rated])


def _billed(one: RatedUsage, now: str) -> tuple[object, ...]:
    w = one.window
    return (
        w.subscription_id, w.component_id, w.metered.metric_id, w.start.isoformat(), w.end.isoformat(), w.from_at,
        w.to_at, w.revision, one.events, one.used, w.allowance, w.days, w.cycle_days, one.difference_minor, now,
    )  # fmt: skip
