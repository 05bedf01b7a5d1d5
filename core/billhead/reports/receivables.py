"""What is owed, by age: how old the debt on final invoices was on a day; ties to the ledger's receivable account."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from billhead.domain.ledger import AccountCode
from billhead.domain.money import Money
from billhead.models.ledger import LedgerEntry
from billhead.models.sellers import Seller
from billhead.plugin import Report, ReportAsked, ReportColumn, ReportTie
from billhead.reports._ledger import sums_by_currency, ties_by_currency
from billhead.reports._open_documents import AGES, by_age, open_documents
from billhead.reports._parameters import AS_OF, CURRENCY, SELLER
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    rows = open_documents(asked)
    keys = Seller.name, rows.c.currency
    query = (
        select(*keys, *by_age(rows, asked))
        .join(Seller, Seller.id == rows.c.seller_id)
        .where(rows.c.minor != 0)
        .group_by(*keys)
        .order_by(*keys)
    )
    for seller, currency, count, *sums in source.session.execute(query):
        yield seller, currency, count, *(Money(int(one), currency) for one in sums)


def _ties(source: Source, asked: ReportAsked) -> Iterator[ReportTie]:
    rows = open_documents(asked)
    found = source.session.execute(select(rows.c.currency, func.sum(rows.c.minor)).group_by(rows.c.currency))
    here = {currency: int(minor) for currency, minor in found}
    ledger = sums_by_currency(source, asked, AccountCode.RECEIVABLE, LedgerEntry.day <= asked["as_of"])
    yield from ties_by_currency(marked("Open on documents, beside the receivable account"), here, ledger)


REPORT = Report(
    code="receivables",
    title=marked("Receivables by age"),
    description=marked("What customers owed at the end of a day, by how long it was overdue."),
    group=marked("Money"),
    parameters=(AS_OF, SELLER, CURRENCY),
    columns=(ReportColumn("seller", marked("Seller")), ReportColumn("currency", marked("Currency")), *AGES),
    rows=_rows,
    ties=_ties,
)
