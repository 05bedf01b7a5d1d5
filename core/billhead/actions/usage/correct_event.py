"""Correct one event by its id: another quantity, or none. What was billed of it is made good on the next invoice."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from billhead import clock
from billhead.actions.usage._lines import DAY, LineBook, epoch
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.usage import Aggregation, parse_quantity
from billhead.models.usage import UsageCorrection, UsageEvent, UsageMeter, UsageSource

__all__ = ["Corrected", "correct_event"]


@dataclass(frozen=True, slots=True)
class Corrected:
    """Quantities in steps of the metric."""

    subscription_id: int
    event_id: str
    quantity_before: int
    quantity: int


@verb("usage.correct_event", permission="usage.write")
def correct_event(
    tx: Tx, source: str, event_id: str, whose: str, metric: str, at: datetime, quantity: object
) -> Corrected:
    """Set the quantity of an event that was recorded; 0 voids it. The old one is kept, with the reason.

    The event is named as it was told: source, id, whose it is, metric and instant. Metrics that count events take 0 or
    1. Raises NotFound for an event that nobody told, InvalidInput for the quantity.
    """
    session, book = tx.session, LineBook()
    session.flush()
    if at.tzinfo is None:
        raise InvalidInput("at", f"{at} has no offset from UTC")
    book.need(session, [whose])
    line = book.lines[whose]
    source_id = session.scalar(select(UsageSource.id).where(UsageSource.code == source))
    known = book.metrics[line.seller_id].get(metric) if line is not None else None
    if line is None or known is None or source_id is None:
        raise NotFound("event", event_id)
    steps = parse_quantity(quantity, known.decimals)
    if known.aggregation in (Aggregation.COUNT, Aggregation.UNIQUE) and steps not in (0, 10**known.decimals):
        raise InvalidInput("quantity", "this metric counts events: 0 takes it out, 1 puts it back")
    if known.aggregation in (Aggregation.COUNT, Aggregation.UNIQUE):
        steps = min(steps, 1)
    second = epoch(at)
    meter = session.get(UsageMeter, line.subscription_id, with_for_update=True, populate_existing=True)
    key = (second // DAY, line.subscription_id, known.id, second, source_id, event_id)
    event = session.get(UsageEvent, key, with_for_update=True, populate_existing=True)
    if event is None or meter is None:
        raise NotFound("event", event_id)
    before, event.quantity = event.quantity, steps
    tx.session.add(
        UsageCorrection(
            subscription_id=line.subscription_id, metric_id=known.id, at=second, source_id=source_id, event_id=event_id,
            quantity_before=before, quantity=steps, reason=tx.ctx.reason, actor=tx.ctx.actor, recorded_at=clock.now(),
        )
    )  # fmt: skip
    values: dict[str, object] = {"stamp": UsageMeter.stamp + 1}
    if second < meter.billed_to:
        tomorrow = (clock.business_now() + timedelta(days=1)).date()
        values["late_at"] = second if meter.late_at is None else min(second, meter.late_at)
        values["due_on"] = meter.due_on or tomorrow
    session.execute(update(UsageMeter).where(UsageMeter.subscription_id == line.subscription_id).values(**values))
    return Corrected(line.subscription_id, event_id, before, steps)
