"""What could not be billed: what still can't, and what could not for a while, with reasons and how long it took."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Select, literal, select

from billhead.db import UtcDateTime
from billhead.models.catalogue import Plan
from billhead.models.documents import FailedItem, MendedItem
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import Report, ReportAsked, ReportColumn, ReportLink
from billhead.reports._parameters import FROM_MONTH, SELLER, TO
from billhead.reports._source import BATCH, Source
from billhead.wording import marked

__all__ = ["REPORT"]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _items(kind: Any, mended_at: Any, asked: ReportAsked) -> Select[Any]:
    query = (
        select(
            Subscription.id,
            Customer.id,
            Customer.name,
            Plan.name,
            kind.plugin,
            kind.error,
            kind.tries,
            kind.since,
            mended_at,
        )
        .select_from(kind)
        .join(Subscription, Subscription.id == kind.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(Plan, Plan.id == Subscription.plan_id)
        .where(kind.since < _midnight(asked.until))
    )
    return query if asked["seller"] is None else query.where(Subscription.seller_id == asked["seller"])


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    """What is open first, then what was mended in the span, the newest first."""
    still = _items(FailedItem, literal(None, UtcDateTime()), asked).order_by(FailedItem.since.desc())
    mended = _items(MendedItem, MendedItem.mended_at, asked).order_by(MendedItem.since.desc())
    mended = mended.where(MendedItem.mended_at >= _midnight(asked["from"]))
    for query in (still, mended):
        for found in source.session.execute(query.execution_options(yield_per=BATCH)):
            subscription_id, customer_id, name, plan, plugin, error, tries, since, until = found
            yield (
                ReportLink(str(subscription_id), "subscription", subscription_id),
                ReportLink(name, "customer", customer_id),
                plan,
                plugin,
                error,
                tries,
                since.date(),
                until.date() if until is not None else None,
            )


REPORT = Report(
    code="billing-errors",
    title=marked("Billing errors"),
    description=marked(
        "Subscriptions that could not be billed, with the reason and since when: those that still can't come "
        "first, then those that worked again in the span."
    ),
    group=marked("Leaks"),
    parameters=(FROM_MONTH, TO, SELLER),
    columns=(
        ReportColumn("subscription", marked("Subscription"), "link"),
        ReportColumn("customer", marked("Customer"), "link"),
        ReportColumn("plan", marked("Plan")),
        ReportColumn("plugin", marked("Plugin")),
        ReportColumn("error", marked("Why")),
        ReportColumn("tries", marked("Tries"), "count", total=True),
        ReportColumn("since", marked("Since"), "date"),
        ReportColumn("mended", marked("Worked again"), "date"),
    ),
    rows=_rows,
)
