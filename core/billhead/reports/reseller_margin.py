"""What resellers earn: the cost of the credits that their subscribers took, against their own prices."""

from collections.abc import Iterator
from typing import Any

from billhead.domain.ledger import AccountCode
from billhead.domain.money import CREDITS, Money
from billhead.models.ledger import LedgerEntry
from billhead.plugin import Report, ReportAsked, ReportColumn, ReportLink, ReportTie
from billhead.reports._ledger import sums_by_currency, ties_by_currency
from billhead.reports._margins import credits_used, margins
from billhead.reports._parameters import FROM_MONTH, SELLER, TO
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    for row in margins(source.session, None, asked["from"], asked.until, asked["seller"]):
        sold = Money(row.sold_minor, row.currency) if row.sold is not None else None
        yield (
            ReportLink(row.reseller, "reseller", row.reseller_id),
            row.plan,
            row.term,
            row.purchases,
            Money(row.credits_minor, CREDITS),
            Money(row.cost_minor, row.currency),
            sold,
            Money(row.earned_minor, row.currency) if sold is not None else None,
            row.purchases - row.priced,
        )


def _ties(source: Source, asked: ReportAsked) -> Iterator[ReportTie]:
    here = credits_used(source.session, asked["from"], asked.until, asked["seller"])
    days = [LedgerEntry.day < asked.until, *([LedgerEntry.day >= asked["from"]] if asked["from"] else ())]
    ledger = sums_by_currency(source, asked, AccountCode.CREDITS_CONSUMED, *days)
    yield from ties_by_currency(
        marked("Credits, beside the consumed credits of all resellers"), {CREDITS: here}, ledger
    )


REPORT = Report(
    code="reseller-margin",
    title=marked("Resellers' margin"),
    description=marked(
        "By reseller, plan and term: the credits that their subscribers took, less what came back, and what "
        "those had cost, against the resellers' own prices. What was given as a gift had cost nothing."
    ),
    group=marked("Money"),
    parameters=(FROM_MONTH, TO, SELLER),
    columns=(
        ReportColumn("reseller", marked("Reseller"), "link"),
        ReportColumn("plan", marked("Plan")),
        ReportColumn("term", marked("Term")),
        ReportColumn("purchases", marked("Purchases"), "count", total=True),
        ReportColumn("credits", marked("Credits"), "money", total=True),
        ReportColumn("cost", marked("Cost"), "money", total=True),
        ReportColumn("sold", marked("Own price"), "money", total=True),
        ReportColumn("margin", marked("Margin"), "money", total=True),
        ReportColumn("unpriced", marked("Without a price"), "count", total=True),
    ),
    rows=_rows,
    ties=_ties,
)
