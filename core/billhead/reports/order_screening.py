"""What became of screened orders: one line each, with score, reasons and who decided."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import select

from billhead.domain.fraud import CHECKS
from billhead.domain.money import Money
from billhead.models.fraud import FraudCase
from billhead.models.people import Customer
from billhead.plugin import Report, ReportAsked, ReportColumn, ReportLink
from billhead.reports._parameters import CURRENCY, FROM_MONTH, SELLER, TO
from billhead.reports._source import BATCH, Source
from billhead.wording import marked

__all__ = ["REPORT"]


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    query = (
        select(FraudCase, Customer.name)
        .join(Customer, Customer.id == FraudCase.customer_id)
        .where(
            FraudCase.ordered_at >= datetime.combine(asked["from"], time(), UTC),
            FraudCase.ordered_at < datetime.combine(asked.until, time(), UTC),
        )
        .order_by(FraudCase.id.desc())
        .execution_options(yield_per=BATCH)
    )
    if asked["seller"] is not None:
        query = query.where(FraudCase.seller_id == asked["seller"])
    if asked["currency"] is not None:
        query = query.where(FraudCase.currency == asked["currency"])
    for case, name in source.session.execute(query):
        yield (
            case.ordered_at.date(),
            ReportLink(name, "customer", case.customer_id),
            case.plan,
            Money(case.amount_minor, case.currency),
            case.state,
            case.score,
            "; ".join(CHECKS.get(one["check"], one["check"]) for one in case.reasons),
            "; ".join(one["check"] for one in case.unknown),
            case.decided_by,
            case.decision,
        )


REPORT = Report(
    code="order-screening",
    title=marked("Order screening"),
    description=marked(
        "Each order of the shop in the span: what the checks said, what they could not say, what was decided, "
        "by whom and why."
    ),
    group=marked("Sales"),
    parameters=(FROM_MONTH, TO, SELLER, CURRENCY),
    columns=(
        ReportColumn("ordered", marked("Ordered"), "date"),
        ReportColumn("customer", marked("Customer"), "link"),
        ReportColumn("plan", marked("Plan")),
        ReportColumn("amount", marked("Amount"), "money", total=True),
        ReportColumn("state", marked("State")),
        ReportColumn("score", marked("Score"), "count"),
        ReportColumn("reasons", marked("Reasons")),
        ReportColumn("unknown", marked("Could not say")),
        ReportColumn("decided_by", marked("Decided by")),
        ReportColumn("decision", marked("Because")),
    ),
    rows=_rows,
)
