"""Who owes: receivables by customer and age, the largest debts first."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from billhead.domain.money import Money
from billhead.models.people import Customer
from billhead.plugin import Report, ReportAsked, ReportColumn, ReportLink
from billhead.reports._open_documents import AGES, by_age, open_documents
from billhead.reports._parameters import AS_OF, CURRENCY, SELLER
from billhead.reports._source import BATCH, Source
from billhead.wording import marked

__all__ = ["REPORT"]


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    rows = open_documents(asked)
    keys = Customer.id, Customer.name, rows.c.currency
    query = (
        select(*keys, *by_age(rows, asked))
        .join(Customer, Customer.id == rows.c.customer_id)
        .where(rows.c.minor != 0)
        .group_by(*keys)
        .order_by(rows.c.currency, func.sum(rows.c.minor).desc(), Customer.id)
        .execution_options(yield_per=BATCH)
    )
    for customer_id, name, currency, count, *sums in source.session.execute(query):
        yield ReportLink(name, "customer", customer_id), count, *(Money(int(one), currency) for one in sums)


REPORT = Report(
    code="debtors",
    title=marked("Customers who owe"),
    description=marked(
        "What each customer owed at the end of a day, by how long it was overdue; the largest debts first."
    ),
    group=marked("Money"),
    parameters=(AS_OF, SELLER, CURRENCY),
    columns=(ReportColumn("customer", marked("Customer"), "link"), *AGES),
    rows=_rows,
)
