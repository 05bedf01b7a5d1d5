"""What was invoiced and not earned yet, and what was earned, month by month; ties to the ledger.

Per month: what was deferred at its start, plus what documents added, less what was earned by the day, is what was
deferred at its end. The three middle figures come from three places (the account's balance, the documents, and the
entries that recognise), so that the difference proves something.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, union_all

from billhead.domain.document import Kind, State
from billhead.domain.ledger import AccountCode
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.plugin import Report, ReportAsked, ReportChart, ReportColumn, ReportTie
from billhead.reports._ledger import sums_by_currency, ties_by_currency
from billhead.reports._months import months_of
from billhead.reports._parameters import CURRENCY, FROM_YEAR_AGO, SELLER, TO
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]

_DEFERRED, _REVENUE = AccountCode.DEFERRED_REVENUE, AccountCode.REVENUE


def _narrowed(asked: ReportAsked, seller: Any, currency: Any) -> Iterator[ColumnElement[bool]]:
    if asked["seller"] is not None:
        yield seller == asked["seller"]
    if asked["currency"] is not None:
        yield currency == asked["currency"]


def _by_day(source: Source, asked: ReportAsked, account: AccountCode) -> dict[str, dict[date, int]]:
    """Currency → day → by how much the account grew, up to the end of the span."""
    query = (
        select(LedgerAccount.currency, LedgerEntry.day, func.sum(LedgerPosting.signed(account.normal_side)))
        .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(LedgerAccount.code == account.value, LedgerEntry.day < asked.until)
        .where(*_narrowed(asked, LedgerAccount.seller_id, LedgerAccount.currency))
        .group_by(LedgerAccount.currency, LedgerEntry.day)
    )
    return _folded(source, query)


def _invoiced(source: Source, asked: ReportAsked) -> dict[str, dict[date, int]]:
    """Currency → day → net amount that was issued, less what credit notes gave back and what was voided on that day."""
    net = case((Document.kind == Kind.CREDIT_NOTE, -Document.net_minor), else_=Document.net_minor)
    narrowed = list(_narrowed(asked, Document.seller_id, Document.currency))
    issued = select(Document.currency, Document.issued_on.label("day"), net.label("net")).where(
        Document.number.is_not(None), Document.entry_id.is_not(None), *narrowed
    )
    voided = (
        select(Document.currency, LedgerEntry.day, -net)
        .join(LedgerEntry, LedgerEntry.id == Document.closing_entry_id)
        .where(Document.number.is_not(None), Document.state == State.VOID.value, *narrowed)
    )
    rows = union_all(issued, voided).subquery()
    query = select(rows.c.currency, rows.c.day, func.sum(rows.c.net)).where(rows.c.day < asked.until)
    return _folded(source, query.group_by(rows.c.currency, rows.c.day))


def _folded(source: Source, query: Any) -> dict[str, dict[date, int]]:
    found: dict[str, dict[date, int]] = {}
    for currency, day, minor in source.session.execute(query):
        found.setdefault(currency, {})[day] = int(minor)
    return found


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    deferred, earned = _by_day(source, asked, _DEFERRED), _by_day(source, asked, _REVENUE)
    invoiced = _invoiced(source, asked)
    months = list(months_of(asked["from"], asked.until))
    for currency in sorted({*deferred, *earned, *invoiced}):
        days = deferred.get(currency, {}), earned.get(currency, {}), invoiced.get(currency, {})
        for start, end in months:
            opening, closing = _until(days[0], start), _until(days[0], end)
            recognised, added = _within(days[1], start, end), _within(days[2], start, end)
            figures = opening, added, recognised, closing, opening + added - recognised - closing
            yield f"{start:%Y-%m}", *(Money(one, currency) for one in figures)


def _until(days: dict[date, int], end: date) -> int:
    return sum(minor for day, minor in days.items() if day < end)


def _within(days: dict[date, int], start: date, end: date) -> int:
    return sum(minor for day, minor in days.items() if start <= day < end)


def _ties(source: Source, asked: ReportAsked) -> Iterator[ReportTie]:
    """Everything ever invoiced less everything earned is what the account holds."""
    before_end = LedgerEntry.day < asked.until
    ledger = sums_by_currency(source, asked, _DEFERRED, before_end)
    earned = sums_by_currency(source, asked, _REVENUE, before_end)
    here = {currency: sum(days.values()) for currency, days in _invoiced(source, asked).items()}
    for currency, minor in earned.items():
        here[currency] = here.get(currency, 0) - minor
    yield from ties_by_currency(marked("Invoiced less earned, beside the deferred revenue account"), here, ledger)


REPORT = Report(
    code="deferred-revenue",
    title=marked("Revenue earned and deferred"),
    description=marked(
        "By month: what customers had paid or been billed for ahead, what was added, what was earned by the "
        "day, and what is left. The difference is zero when documents and ledger agree."
    ),
    group=marked("Money"),
    parameters=(FROM_YEAR_AGO, TO, SELLER, CURRENCY),
    columns=(
        ReportColumn("month", marked("Month")),
        ReportColumn("opening", marked("Deferred at its start"), "money"),
        ReportColumn("invoiced", marked("Invoiced"), "money", total=True),
        ReportColumn("recognised", marked("Earned"), "money", total=True),
        ReportColumn("closing", marked("Deferred at its end"), "money"),
        ReportColumn("difference", marked("Difference"), "money", total=True),
    ),
    rows=_rows,
    ties=_ties,
    chart=ReportChart("month", ("recognised", "closing")),
)
