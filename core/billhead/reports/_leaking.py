"""What the reports of leaks share: whose line or subscription it is, and what its term costs."""

from typing import Any

from sqlalchemy import Select, func, select

from billhead.domain.money import Money
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import ReportAsked, ReportColumn, ReportLink
from billhead.reports._prices import term_prices
from billhead.reports._source import BATCH
from billhead.wording import marked

__all__ = ["COLUMNS", "SHARED", "leaking", "shown"]

COLUMNS = (
    ReportColumn("kind", marked("Leak")),
    ReportColumn("customer", marked("Customer"), "link"),
    ReportColumn("subscription", marked("Subscription"), "link"),
    ReportColumn("line", marked("Line"), "link"),
    ReportColumn("plan", marked("Plan")),
    ReportColumn("why", marked("What is known")),
    ReportColumn("term", marked("Term")),
    ReportColumn("leak", marked("Price of it"), "money", total=True),
)

SHARED = 7
"""So many columns of a row are read by `shown`; what a report asks for beside them comes after."""


def leaking(asked: ReportAsked, *more: Any) -> Select[Any]:
    """Subscriptions of the seller and currency that are asked for, streamed; the report joins and narrows further."""
    price = term_prices()
    query = (
        select(
            Subscription.id, Customer.id, Customer.name, Plan.name, Subscription.term, Subscription.currency,
            func.coalesce(price.c.minor, 0), *more,
        )
        .select_from(Subscription)
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(Plan, Plan.id == Subscription.plan_id)
        .outerjoin(price, price.c.subscription_id == Subscription.id)
    )  # fmt: skip
    for name, column in (("seller", Subscription.seller_id), ("currency", Subscription.currency)):
        if asked[name] is not None:
            query = query.where(column == asked[name])
    return query.execution_options(yield_per=BATCH)


def shown(title: str, row: Any, line: ReportLink | None, why: str) -> tuple[Any, ...]:
    """A row of `leaking` under COLUMNS."""
    subscription_id, customer_id, name, plan, term, currency, minor = row[:SHARED]
    return (
        title,
        ReportLink(name, "customer", customer_id),
        ReportLink(str(subscription_id), "subscription", subscription_id),
        line,
        plan,
        why,
        term,
        Money(int(minor), currency),
    )
