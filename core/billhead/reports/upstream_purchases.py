"""What was bought at upstream panels, in credits and in money; ties to the upstream cost in the ledger."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, func, select

from billhead.domain.ledger import AccountCode
from billhead.domain.money import CREDITS, Money
from billhead.domain.upstream import State
from billhead.models.ledger import LedgerEntry
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.plugin import Report, ReportAsked, ReportColumn, ReportLink, ReportTie
from billhead.reports._ledger import sums_by_currency, ties_by_currency
from billhead.reports._parameters import CURRENCY, FROM_MONTH, SELLER, TO
from billhead.reports._source import BATCH, Source
from billhead.wording import marked

__all__ = ["REPORT"]

_DAY = func.coalesce(LedgerEntry.day, UpstreamPurchase.sent_on)
"""The day on which it was booked; of what is counted in credits only, the day on which it was sent."""


def _within(asked: ReportAsked, day: Any) -> Iterator[ColumnElement[bool]]:
    if asked["from"] is not None:
        yield day >= asked["from"]
    yield day < asked.until


def _bought(asked: ReportAsked) -> Any:
    wanted = (
        select(
            Panel.id,
            Panel.name,
            UpstreamPurchase.currency,
            func.count(),
            func.sum(UpstreamPurchase.cost_minor),
            func.sum(func.coalesce(UpstreamPurchase.amount_minor, 0)),
        )
        .join(Panel, Panel.id == UpstreamPurchase.panel_id)
        .join(LedgerEntry, LedgerEntry.id == UpstreamPurchase.entry_id, isouter=True)
        .where(UpstreamPurchase.state == State.BOUGHT.value, *_within(asked, _DAY))
    )
    if asked["seller"] is not None:
        wanted = wanted.where(Panel.seller_id == asked["seller"])
    if asked["currency"] is not None:
        wanted = wanted.where(UpstreamPurchase.currency == asked["currency"])
    keys = Panel.id, Panel.name, UpstreamPurchase.currency
    return wanted.group_by(*keys).order_by(Panel.name, *keys)


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    found = source.session.execute(_bought(asked).execution_options(yield_per=BATCH))
    for key, name, currency, count, credits_, amount in found:
        yield (
            ReportLink(name, "panel", int(key)),
            int(count),
            Money(int(credits_ or 0), CREDITS),
            Money(int(amount), currency) if currency else None,
        )


def _ties(source: Source, asked: ReportAsked) -> Iterator[ReportTie]:
    here: dict[str, int] = {}
    for _, _, currency, _, _, amount in source.session.execute(_bought(asked)):
        if currency:
            here[currency] = here.get(currency, 0) + int(amount)
    conditions = *_within(asked, LedgerEntry.day), LedgerEntry.kind == "upstream_purchase"
    ledger = sums_by_currency(source, asked, AccountCode.UPSTREAM_COST, *conditions)
    yield from ties_by_currency(marked("Bought, beside the upstream cost that was booked"), here, ledger)


REPORT = Report(
    code="upstream-purchases",
    title=marked("Upstream purchases"),
    description=marked(
        "What was bought at panels that sell time for credits, by panel; its cost where it is known what a "
        "credit costs."
    ),
    group=marked("Money"),
    parameters=(FROM_MONTH, TO, SELLER, CURRENCY),
    columns=(
        ReportColumn("panel", marked("Panel"), "link"),
        ReportColumn("purchases", marked("Purchases"), "count", total=True),
        ReportColumn("credits", marked("Credits"), "money", total=True),
        ReportColumn("cost", marked("Cost"), "money", total=True),
    ),
    rows=_rows,
    ties=_ties,
)
