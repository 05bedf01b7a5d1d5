"""The figures of the dashboard: money in by day, what is owed, recurring revenue, lines, payments, jobs.

Each figure is one statement, so that the page asks as often for a hundred thousand customers as for ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, literal, select, true, union_all
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.shops._sells import is_the_operators
from billhead.charts import Chart, Series
from billhead.models.documents import Document
from billhead.models.ledger import LedgerEntry
from billhead.models.operations import Job
from billhead.models.payments import Payment, PaymentAttempt, Refund
from billhead.models.sellers import Seller
from billhead.models.shops import Shop
from billhead.models.subscriptions import Service, Subscription
from billhead.reports._recurring_moves import billed_on, runs_on
from billhead.web.speaking import marked, say

__all__ = ["PERIODS", "Debt", "Income", "Span", "charts_of", "debts", "income", "lines", "span_of", "work"]

PERIODS = (
    ("month", marked("This month")),
    ("week", marked("7 days")),
    ("days", marked("30 days")),
    ("last-month", marked("Last month")),
    ("year", marked("12 months")),
)
_SUCCESS_DAYS = timedelta(days=7)
_SOON_DONE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both included."""

    name: str
    first: date
    last: date


def span_of(asked: str, today: date) -> Span:
    """The period that the address names; any other word is this month."""
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    spans = {
        "week": Span("week", today - timedelta(days=6), today),
        "days": Span("days", today - timedelta(days=29), today),
        "last-month": Span("last-month", before.replace(day=1), before),
        "year": Span("year", today - timedelta(days=364), today),
    }
    return spans.get(asked, Span("month", month, today))


@dataclass(frozen=True, slots=True)
class Income:
    """Money of one currency, in minor units; `days` are (received, given back) for each day of the span."""

    currency: str
    payments: int
    received: int
    returned: int
    today: int
    days: dict[date, tuple[int, int]]


def income(session: Session, span: Span, today: date, zone: str) -> list[Income]:
    """What came in and went back by day, as it was booked in the ledger (the report "Money received" says the same)."""
    zero = literal(0)
    begins = datetime.combine(span.first - timedelta(days=2), time(), ZoneInfo(zone)).astimezone(UTC)
    on_days = LedgerEntry.day.between(span.first, max(span.last, today))
    came = (
        select(LedgerEntry.day, Payment.currency, literal(1).label("payments"))
        .add_columns(Payment.amount_minor.label("received"), zero.label("returned"))
        .join(LedgerEntry, LedgerEntry.id == Payment.entry_id)
        .where(Payment.received_at >= begins, on_days, is_the_operators(LedgerEntry.seller_id))
    )
    went = (
        select(LedgerEntry.day, Payment.currency, zero, zero, Refund.amount_minor)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(LedgerEntry, LedgerEntry.id == Refund.entry_id)
        .where(on_days, is_the_operators(LedgerEntry.seller_id))
    )
    rows = union_all(came, went).subquery()
    sums = [func.sum(rows.c[name]) for name in ("payments", "received", "returned")]
    found: dict[str, list[tuple[date, int, int, int]]] = {}
    query = select(rows.c.currency, rows.c.day, *sums).group_by(rows.c.currency, rows.c.day)
    for currency, day, *counted in session.execute(query.order_by(rows.c.currency, rows.c.day)):
        payments, received, returned = (int(one) for one in counted)
        found.setdefault(currency, []).append((day, payments, received, returned))
    return [_income(currency, days, span, today) for currency, days in found.items()]


def _income(currency: str, rows: Sequence[tuple[date, int, int, int]], span: Span, today: date) -> Income:
    within = [row for row in rows if row[0] <= span.last]
    return Income(
        currency,
        payments=sum(row[1] for row in within),
        received=sum(row[2] for row in within),
        returned=sum(row[3] for row in within),
        today=sum(row[2] for row in rows if row[0] == today),
        days={day: (received, returned) for day, _, received, returned in within},
    )


def charts_of(incomes: Sequence[Income], span: Span) -> list[Chart]:
    """One for each currency in which something moved."""
    count = (span.last - span.first).days + 1
    days = [span.first + timedelta(days=n) for n in range(count)]
    return [_chart(one, days) for one in incomes if one.days and count > 1]


def _chart(one: Income, days: Sequence[date]) -> Chart:
    came = [one.days.get(day, (0, 0))[0] for day in days]
    went = [one.days.get(day, (0, 0))[1] for day in days]
    series = [Series(say("Received"), came), *([Series(say("Given back"), went)] if any(went) else [])]
    return Chart(
        say("Money in by day, %(currency)s", currency=one.currency),
        "bar",
        days,
        series,
        one.currency,
        say("What was received on each day, before fees."),
        say("Day"),
    )


@dataclass(frozen=True, slots=True)
class Debt:
    """Open invoices of one currency: how many and how much, and what of it is past its day."""

    currency: str
    count: int
    minor: int
    late_count: int
    late_minor: int


def debts(session: Session, today: date) -> list[Debt]:
    owed, late = Document.total_minor - Document.settled_minor, Document.due_on < today
    rows = session.execute(
        select(
            Document.currency,
            func.count(),
            func.sum(owed),
            func.sum(case((late, 1), else_=0)),
            func.sum(case((late, owed), else_=0)),
        )
        .where(Document.owed(), is_the_operators(Document.seller_id))
        .group_by(Document.currency)
        .order_by(Document.currency)
    )
    return [Debt(currency, *(int(one) for one in sums)) for currency, *sums in rows]


def lines(session: Session) -> dict[str, int]:
    """One pass over the services: how many run, on trial, are stopped, and are in which kind of trouble."""
    paid = (Service.lifecycle == "wanted") & (Service.desired_expires_at > clock.business_now())
    runs = paid & (Service.sync == "ok") & Service.desired_blocked.is_(False)
    counted: dict[str, Any] = {
        "lines": runs & Service.trial.is_(False),
        "trials": runs & Service.trial,
        "stopped": paid & Service.desired_blocked,
        **{trouble: Service.sync == trouble for trouble in ("failed", "unknown", "impossible")},
    }
    row = session.execute(
        select(*(func.count().filter(kind).label(name) for name, kind in counted.items())).where(
            Service.lifecycle != "gone"
        )
    ).one()
    return {name: int(getattr(row, name)) for name in counted}


def work(session: Session, day: date) -> dict[str, Any]:
    """Tries to be paid of seven days that ended by yes or no, jobs that wait, and subscriptions that run on the day
    without an invoice over it: their time came with an import, or a reseller's credits pay for it. `shops`: how many
    resellers sell by themselves; `own`: the code of the operator's seller, if it is the only one; `books`: the currency
    of the operator's books, if they are kept in one. `late` jobs have waited for a quarter of an hour."""
    now = clock.business_now()
    tries = (
        select(
            func.count().filter(PaymentAttempt.state == "succeeded").label("succeeded"),
            func.count().filter(PaymentAttempt.state.in_(("succeeded", "failed"))).label("ended"),
        )
        .where(PaymentAttempt.created_at > now - _SUCCESS_DAYS)
        .subquery()
    )
    jobs = (
        select(
            func.count().filter(Job.due_at <= now).label("waiting"),
            func.count().filter(Job.due_at > now).label("later"),
            func.count().filter(Job.due_at <= now - _SOON_DONE).label("late"),
        )
        .where(Job.state == "queued")
        .subquery()
    )
    running = select(func.count(Subscription.id)).where(runs_on(day)).scalar_subquery()
    unbilled = select((running - billed_on(day).scalar_subquery()).label("unbilled")).subquery()
    mine = is_the_operators(Seller.id)
    only = select(func.min(Seller.code)).where(mine).having(func.count() == 1).scalar_subquery()
    books = select(func.min(Seller.currency)).where(mine).having(func.count(Seller.currency.distinct()) == 1)
    shops = select(func.count()).select_from(Shop).scalar_subquery()
    counted = select(tries, jobs, unbilled, shops.label("shops"), only.label("own"))
    counted = counted.add_columns(books.scalar_subquery().label("books"))
    row = session.execute(counted.select_from(tries).join(jobs, true()).join(unbilled, true())).one()
    return dict(row._mapping)
