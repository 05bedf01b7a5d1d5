"""Money received and given back, by day and payment account; ties to the entries of payments in the ledger.

What a bank took back is given back too; a dispute that is won, and a refund that comes back, lower it on their day.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, case, cast, func, literal, select, union_all

from billhead.domain.ledger import AccountCode
from billhead.domain.money import Money
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.payments import GatewayAccount, Payment
from billhead.plugin import Report, ReportAsked, ReportChart, ReportColumn, ReportTie
from billhead.reports._ledger import sums_by_currency, ties_by_currency
from billhead.reports._parameters import CURRENCY, FROM_MONTH, SELLER, TO
from billhead.reports._source import BATCH, Source
from billhead.wording import marked

__all__ = ["REPORT"]

_GIVEN_BACK = ("refund_sent", "refund_reversed", "chargeback", "chargeback_won")
_FEE = "dispute_fee"


def _asked_for(asked: ReportAsked) -> Iterator[ColumnElement[bool]]:
    if asked["from"] is not None:
        yield LedgerEntry.day >= asked["from"]
    yield LedgerEntry.day < asked.until
    if asked["seller"] is not None:
        yield LedgerEntry.seller_id == asked["seller"]


def _movements(asked: ReportAsked) -> Select[Any]:
    """A row per day, account and currency, of payments in, and of refunds and disputes."""
    zero = literal(0)
    paid = (
        select(LedgerEntry.day, Payment.account_id, Payment.currency, Payment.amount_minor.label("received"))
        .add_columns(Payment.fee_minor.label("fee"), literal(1).label("payments"), zero.label("returned"))
        .join(LedgerEntry, LedgerEntry.id == Payment.entry_id)
        .where(*_asked_for(asked))
    )
    out = -LedgerPosting.signed(AccountCode.CLEARING.normal_side)
    returned = (
        select(LedgerEntry.day, GatewayAccount.id, LedgerAccount.currency, zero)
        .add_columns(case((LedgerEntry.kind == _FEE, out), else_=0), zero)
        .add_columns(case((LedgerEntry.kind == _FEE, 0), else_=out))
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(GatewayAccount, LedgerAccount.subject == literal("gateway:") + cast(GatewayAccount.id, Text))
        .where(LedgerAccount.code == AccountCode.CLEARING.value, LedgerEntry.kind.in_((*_GIVEN_BACK, _FEE)))
        .where(*_asked_for(asked))
    )
    rows = union_all(paid, returned).subquery()
    wanted = select(
        rows.c.day,
        GatewayAccount.name,
        rows.c.currency,
        func.sum(rows.c.payments),
        func.sum(rows.c.received),
        func.sum(rows.c.fee),
        func.sum(rows.c.returned),
    ).join(GatewayAccount, GatewayAccount.id == rows.c.account_id)
    if asked["currency"] is not None:
        wanted = wanted.where(rows.c.currency == asked["currency"])
    keys = rows.c.day, GatewayAccount.name, rows.c.currency
    return wanted.group_by(*keys).order_by(*keys)


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    for day, account, currency, *sums in source.session.execute(_movements(asked).execution_options(yield_per=BATCH)):
        count, received, fee, returned = (int(one) for one in sums)
        yield (
            day,
            account,
            count,
            Money(received, currency),
            Money(fee, currency),
            Money(returned, currency),
            Money(received - fee - returned, currency),
        )


def _ties(source: Source, asked: ReportAsked) -> Iterator[ReportTie]:
    here: dict[str, int] = {}
    for _, _, currency, _, received, fee, returned in source.session.execute(_movements(asked)):
        here[currency] = here.get(currency, 0) + int(received) - int(fee) - int(returned)
    conditions = *_asked_for(asked), LedgerEntry.kind.in_(("payment", "payment_fee", *_GIVEN_BACK, _FEE))
    ledger = sums_by_currency(source, asked, AccountCode.CLEARING, *conditions)
    yield from ties_by_currency(marked("Received less fees, beside what was booked to clearing"), here, ledger)


REPORT = Report(
    code="money-received",
    title=marked("Money received"),
    description=marked("What came in by day and payment account, the fees that were kept, and what was given back."),
    group=marked("Money"),
    parameters=(FROM_MONTH, TO, SELLER, CURRENCY),
    columns=(
        ReportColumn("day", marked("Day"), "date"),
        ReportColumn("account", marked("Account")),
        ReportColumn("payments", marked("Payments"), "count", total=True),
        ReportColumn("received", marked("Received"), "money", total=True),
        ReportColumn("fees", marked("Fees"), "money", total=True),
        ReportColumn("returned", marked("Given back"), "money", total=True),
        ReportColumn("kept", marked("Left"), "money", total=True),
    ),
    rows=_rows,
    ties=_ties,
    chart=ReportChart("day", ("received", "returned")),
)
