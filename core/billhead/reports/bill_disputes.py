"""Complaints about bills: how many lines were disputed by month and reason, what was decided and given back."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from billhead.domain.money import Money
from billhead.domain.support import DISPUTE_REASONS
from billhead.models.support import BillDispute, Ticket
from billhead.plugin import Report, ReportAsked, ReportColumn
from billhead.reports._parameters import CURRENCY, FROM_YEAR_AGO, SELLER, TO
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]

_STATES = ("open", "refused", "granted", "withdrawn")


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    """One row per month, reason and currency, the newest month first."""
    row = BillDispute
    keys = row.opened_on, row.reason, row.currency, row.state
    query = select(*keys, func.count(), func.sum(row.disputed_minor), func.sum(row.granted_minor))
    query = query.join(Ticket, Ticket.id == row.ticket_id)
    query = query.where(row.opened_on >= asked["from"], row.opened_on < asked.until)
    if asked["seller"] is not None:
        query = query.where(Ticket.seller_id == asked["seller"])
    if asked["currency"] is not None:
        query = query.where(row.currency == asked["currency"])
    found: defaultdict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for day, reason, currency, state, count, disputed, granted in source.session.execute(query.group_by(*keys)):
        sums = found[f"{day:%Y-%m}", reason, currency]
        sums[state] += int(count)
        sums["disputed"] += int(disputed)
        sums["given"] += int(granted)
    for (month, reason, currency), sums in sorted(found.items(), key=lambda one: one[0], reverse=True):
        counts = [sums[state] for state in _STATES]
        amounts = Money(sums["disputed"], currency), Money(sums["given"], currency)
        yield month, DISPUTE_REASONS[reason], sum(counts), *counts, *amounts


REPORT = Report(
    code="bill-disputes",
    title=marked("Complaints about bills"),
    description=marked(
        "Lines of invoices that customers did not agree with, by month and reason: what was decided, the "
        "amounts with tax, and what was given back by credit notes."
    ),
    group=marked("Operations"),
    parameters=(FROM_YEAR_AGO, TO, SELLER, CURRENCY),
    columns=(
        ReportColumn("month", marked("Month")),
        ReportColumn("reason", marked("Why")),
        ReportColumn("disputed", marked("Disputed"), "count", total=True),
        ReportColumn("open", marked("Open"), "count", total=True),
        ReportColumn("refused", marked("Refused"), "count", total=True),
        ReportColumn("granted", marked("Granted"), "count", total=True),
        ReportColumn("withdrawn", marked("Withdrawn"), "count", total=True),
        ReportColumn("amount", marked("Amount"), "money", total=True),
        ReportColumn("given_back", marked("Given back"), "money", total=True),
    ),
    rows=_rows,
)
