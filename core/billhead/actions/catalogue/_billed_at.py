"""What was billed at the prices of a change to who had bought at another one: what stays when it is taken back."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from billhead.actions.billing._standing import RETURNED
from billhead.actions.catalogue._touched import paid_before
from billhead.domain.document import Kind, ProformaState, State
from billhead.domain.money import Rounding, round_ratio
from billhead.models.catalogue import Plan, Price, Reprice
from billhead.models.documents import Document, DocumentLine
from billhead.models.people import Customer
from billhead.models.subscriptions import SubscriptionComponent

__all__ = ["BilledAt", "Stays", "at_prices", "billed_at", "stays"]

_BATCH = 500
_Back = aliased(DocumentLine)
_GONE = (State.VOID.value, State.MERGED.value)


@dataclass(frozen=True, slots=True)
class BilledAt:
    """A line of a document. Minor units with tax: `billed_minor` is what it charges, `more_minor` how much more that
    is than at the price before, less what staff have given back of it already; below zero where the change was one
    down. `final`: it has left the drafts and offers, which are made anew at the old price."""

    customer_id: int
    name: str
    subscription_id: int
    component_id: int
    price_id: int
    document_id: int
    number: str
    final: bool
    plan: str
    starts_on: date
    ends_on: date
    currency: str
    billed_minor: int
    more_minor: int


@dataclass(frozen=True, slots=True)
class Stays:
    """`more_minor`: by currency, what these documents are dearer than at the price before."""

    customers: int
    documents: int
    more_minor: dict[str, int]


def at_prices(prices: Iterable[int]) -> tuple[ColumnElement[bool], ...]:
    """Conditions on DocumentLine and its SubscriptionComponent: billed at one of these by who had bought at another."""
    line, part = DocumentLine, SubscriptionComponent
    return line.price_id.in_(list(prices)), part.id == line.component_id, part.price_id != line.price_id


def billed_at(session: Session, reprice_id: int, subscription_id: int | None = None) -> Iterator[BilledAt]:
    """By document, streamed: invoices that are not void, and offers that are open still."""
    line, part, document = DocumentLine, SubscriptionComponent, Document
    new = {one.id: one.amount_minor for one in session.scalars(select(Price).where(Price.reprice_id == reprice_id))}
    before, day = paid_before(session, reprice_id), session.get_one(Reprice, reprice_id).existing_from
    is_open = or_(document.kind == Kind.PROFORMA.value, document.state == State.DRAFT.value)
    query = (
        select(
            document, line, Customer.name, Plan.name.label("plan"), part.price_id.label("sold_at"),
            is_open.label("is_open"), _back(_Back.kind == RETURNED), _back(_Back.kind != RETURNED),
        )
        .join(line, line.document_id == document.id)
        .join(part, part.id == line.component_id)
        .join(Customer, Customer.id == document.customer_id)
        .join(Plan, Plan.id == line.plan_id)
        .where(
            *at_prices(new),
            line.period_end > day,
            line.corrects_line_id.is_(None),
            or_(
                (document.kind == Kind.INVOICE.value) & document.state.not_in(_GONE),
                (document.kind == Kind.PROFORMA.value) & (document.state == ProformaState.OPEN.value),
            ),
        )
        .order_by(document.id, line.position)
    )  # fmt: skip
    if subscription_id is not None:
        query = query.where(line.subscription_id == subscription_id)
    rows: Iterable[Any] = session.execute(query.execution_options(yield_per=_BATCH))
    for paper, row, name, plan, sold_at, still_open, returned, by_staff in rows:
        charged = row.net_minor + row.tax_minor
        more = _more(charged - returned, before[sold_at], new[row.price_id], row.quantity)
        left = max(more - by_staff, 0) if more > 0 else more
        yield BilledAt(
            paper.customer_id, name, row.subscription_id, row.component_id, row.price_id, paper.id, paper.number_text,
            not still_open, plan, row.period_start, row.period_end, paper.currency, charged, left,
        )  # fmt: skip


def stays(found: Iterable[BilledAt]) -> Stays:
    customers: set[int] = set()
    documents: set[int] = set()
    more: Counter[str] = Counter()
    for one in found:
        customers.add(one.customer_id)
        documents.add(one.document_id)
        more[one.currency] += one.more_minor
    return Stays(len(customers), len(documents), dict(more))


def _more(charged: int, old: int, new: int, quantity: int) -> int:
    """The share of a charge by which its price had risen; what the new price gives away can only be told whole."""
    return round_ratio(charged * (new - old), new, Rounding.HALF_UP) if new else -old * quantity


def _back(which: ColumnElement[bool]) -> ScalarSelect[int]:
    """What documents that stand have given back of the line, with tax. `which`: of these lines of `_Back`."""
    of, amount = aliased(Document), _Back.net_minor + _Back.tax_minor
    given = case((of.kind == Kind.CREDIT_NOTE.value, amount), else_=-amount)
    return (
        select(func.coalesce(func.sum(given), 0))
        .join(of, of.id == _Back.document_id)
        .where(_Back.corrects_line_id == DocumentLine.id, of.state != State.VOID.value, which)
        .correlate(DocumentLine)
        .scalar_subquery()
    )
