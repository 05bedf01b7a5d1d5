"""A shop that counts what is watched, told in sentences: metrics, what they cost, and what was used."""

from datetime import UTC, date, datetime

from billing_shop import SYSTEM, Shop
from sqlalchemy import select

from billhead import clock
from billhead.actions.usage.record_events import record_events
from billhead.db import reading, writing
from billhead.domain.usage import plain_terms, terms_from
from billhead.models.catalogue import Price, PriceBook
from billhead.models.usage import UsageBilled, UsageEvent, UsageMeter, UsageMetric, UsagePrice, UsageReject
from billhead.plugin import UsageReading

MUCH_LATER = datetime(2027, 12, 1, tzinfo=UTC)


def terms(pricing: str, *, unit="0", currency="EUR", **more):
    """As the catalogue says it; one price for all units unless `tiers` are given."""
    plain = {"pricing": pricing, "currency": currency, **more}
    if pricing not in ("percentage", "allowance"):
        plain.setdefault("tiers", [{"unit": unit}])
    return terms_from(plain)


def metric(shop: Shop, code="minutes", aggregation="sum", *, decimals=0, unit="minutes", name="Viewing time") -> int:
    with writing(SYSTEM) as tx:
        row = UsageMetric(seller_id=shop.seller_id, code=code, name=name, unit=unit, aggregation=aggregation,
                          decimals=decimals)  # fmt: skip
        tx.session.add(row)
        tx.session.flush()
        return row.id


def meter(shop: Shop, sold: tuple[int, int], metric_id: int, pricing: str, **more) -> None:
    """The plan's price counts the metric from now on."""
    with writing(SYSTEM) as tx:
        currency = tx.session.scalars(
            select(PriceBook.currency).join(Price, Price.book_id == PriceBook.id).where(Price.id == sold[1])
        ).one()
        plain = plain_terms(terms(pricing, currency=currency, **more))
        tx.session.add(UsagePrice(price_id=sold[1], metric_id=metric_id, terms=plain))


def used(subscription: int, quantity=1, at="2026-11-10T12:00:00+00:00", code="minutes", **more) -> UsageReading:
    used.count = getattr(used, "count", 0) + 1
    event_id = more.pop("id", f"event-{used.count:06d}")
    return UsageReading(event_id, more.pop("whose", f"subscription:{subscription}"), code, quantity, at, **more)


def tell(*readings: UsageReading, source="panel", now: datetime = MUCH_LATER):
    with clock.business_time(now), writing(SYSTEM) as tx:
        return record_events(tx, source, readings)


def billed(subscription: int) -> list[tuple]:
    """(start, end, revision, events, used, amount) of what was billed."""
    one = UsageBilled
    columns = one.period_start, one.period_end, one.revision, one.events, one.used, one.amount_minor
    with reading() as session:
        rows = session.execute(select(*columns).where(one.subscription_id == subscription).order_by(one.id))
        return [tuple(row) for row in rows]


def rejects() -> list[tuple[str, str]]:
    with reading() as session:
        query = select(UsageReject.event_id, UsageReject.reason).order_by(UsageReject.event_id)
        return [tuple(row) for row in session.execute(query)]


def events(subscription: int) -> list[tuple[str, int]]:
    with reading() as session:
        query = select(UsageEvent.event_id, UsageEvent.quantity).where(UsageEvent.subscription_id == subscription)
        return [tuple(row) for row in session.execute(query.order_by(UsageEvent.event_id))]


def meter_of(subscription: int) -> tuple[date, date | None, int | None]:
    """(billed through, looked at next, late from)."""
    with reading() as session:
        row = session.get_one(UsageMeter, subscription)
        return row.through, row.due_on, row.late_at
