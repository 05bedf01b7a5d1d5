"""Tax for an auditor: what was charged where, why and at which rate, held against each tax account of the ledger.

Credit notes are subtracted on their own day, and so is what was voided, as in the ledger.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from billhead.domain.ledger import AccountCode
from billhead.domain.money import Money
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.plugin import Report, ReportAsked, ReportChart, ReportColumn, ReportParameter, ReportTie
from billhead.reports._parameters import CURRENCY, FROM_MONTH, SELLER, TO
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]

_TAX = AccountCode.TAX
_SPANS = (
    ("month", marked("month")),
    ("quarter", marked("quarter")),
    ("year", marked("year")),
    ("all", marked("all together")),
)
_BY = ReportParameter("by", marked("Each"), "choice", default="month", options=_SPANS)
_SUMS = (
    "SELECT day, currency, tax_code, rate_ppm, "
    "count(DISTINCT CASE WHEN kind = 'invoice' THEN document_id END), "
    "count(DISTINCT CASE WHEN kind <> 'invoice' THEN document_id END), sum(net_minor), sum(tax_minor) "
    "FROM taxes WHERE day >= :first AND day < :until AND (seller_id = :seller OR :seller = 0) "
    "AND (currency = :currency OR :currency = '') GROUP BY day, currency, tax_code, rate_ppm"
)
_BEGINNING = date(1, 1, 1)


def _period(day: date, by: str) -> str:
    if by == "all":
        return ""
    if by == "year":
        return f"{day.year}"
    return f"{day.year}-Q{(day.month + 2) // 3}" if by == "quarter" else f"{day:%Y-%m}"


def _percent(ppm: int) -> str:
    return f"{Decimal(ppm).scaleb(-4).normalize():f} %"


def _sums(source: Source, asked: ReportAsked) -> Iterator[tuple[date, str, str, int, tuple[int, ...]]]:
    found = source.select(
        _SUMS,
        first=asked["from"] or _BEGINNING,
        until=asked.until,
        seller=asked["seller"] or 0,
        currency=asked["currency"] or "",
    )
    for day, currency, code, ppm, *sums in found:
        on = date.fromisoformat(day[:10]) if isinstance(day, str) else day
        yield on, currency, code, ppm, tuple(sums)


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    rows: dict[tuple[str, str, str, int], list[int]] = {}
    for day, currency, code, ppm, sums in _sums(source, asked):
        held = rows.setdefault((_period(day, asked["by"]), currency, code, ppm), [0] * len(sums))
        for at, value in enumerate(sums):
            held[at] += value
    by_place = sorted(rows, key=lambda key: (key[0], *key[2].split(":", 1), key[3], key[1]))
    for period, currency, code, ppm in by_place:
        invoices, returned, net, tax = rows[period, currency, code, ppm]
        place, _, reason = code.partition(":")
        words = reason.replace("_", " ")
        yield period, place, words, _percent(ppm), invoices, returned, Money(net, currency), Money(tax, currency)


def _ties(source: Source, asked: ReportAsked) -> Iterator[ReportTie]:
    """Every tax account that either side knows, by itself."""
    here: dict[tuple[str, str], int] = {}
    for _, currency, code, _, (*_, tax) in _sums(source, asked):
        here[code, currency] = here.get((code, currency), 0) + tax
    ledger = _ledger(source, asked)
    for code, currency in sorted({*here, *ledger}):
        shown, booked = here.get((code, currency), 0), ledger.get((code, currency), 0)
        if shown or booked:
            what = f"Tax account {code or 'without a name'}"
            yield ReportTie(what, Money(shown, currency), Money(booked, currency))


def _ledger(source: Source, asked: ReportAsked) -> dict[tuple[str, str], int]:
    query = (
        select(LedgerAccount.subject, LedgerAccount.currency, func.sum(LedgerPosting.signed(_TAX.normal_side)))
        .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(LedgerAccount.code == _TAX.value, LedgerEntry.day < asked.until)
        .group_by(LedgerAccount.subject, LedgerAccount.currency)
    )
    if asked["from"] is not None:
        query = query.where(LedgerEntry.day >= asked["from"])
    if asked["seller"] is not None:
        query = query.where(LedgerAccount.seller_id == asked["seller"])
    if asked["currency"] is not None:
        query = query.where(LedgerAccount.currency == asked["currency"])
    return {(subject, currency): int(minor) for subject, currency, minor in source.session.execute(query)}


REPORT = Report(
    code="tax",
    title=marked("Tax"),
    description=marked(
        "Net and tax by period, jurisdiction, reason and rate, over everything that was issued. Credit notes "
        "and what was voided are subtracted. Each tax account of the ledger stands beside it; the difference is zero."
    ),
    group=marked("Tax"),
    parameters=(FROM_MONTH, TO, _BY, SELLER, CURRENCY),
    columns=(
        ReportColumn("period", marked("Period")),
        ReportColumn("jurisdiction", marked("Jurisdiction")),
        ReportColumn("reason", marked("Reason")),
        ReportColumn("rate", marked("Rate")),
        # no totals: a line with two taxes stands in two rows
        ReportColumn("invoices", marked("Invoices"), "count"),
        ReportColumn("returned", marked("Credit notes"), "count"),
        ReportColumn("net", marked("Net"), "money"),
        ReportColumn("tax", marked("Tax"), "money", total=True),
    ),
    rows=_rows,
    ties=_ties,
    chart=ReportChart("jurisdiction", ("tax",)),
)
