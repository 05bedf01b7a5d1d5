"""What moved recurring revenue between two days: who came, who went, who pays more and who pays less for a month.

A month of a subscription is worth what `recurring_revenue` says; one statement, however many subscriptions there are.
Shops of resellers are left out: what is paid there is theirs.
"""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, exists, func, literal, select, union_all
from sqlalchemy.orm import Session

from billhead.actions.shops._sells import is_the_operators
from billhead.domain.money import Money, Rounding
from billhead.domain.periods import UNITS, Term
from billhead.domain.subscription import State as Life
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Subscription
from billhead.reports._recurring import IS_RECURRING, WHOLE, given_back

__all__ = ["Moves", "billed_on", "recurring_moves", "runs_on"]

_PARTS = 1000
"""Summed in thousandths of a minor unit: a year of 100.00 is 8.333333 a month."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Money a month; `lost` and `down` are amounts above zero. `came` and `went` count subscriptions."""

    before: Money
    after: Money
    new: Money
    lost: Money
    up: Money
    down: Money
    came: int
    went: int


def recurring_moves(session: Session, before: date, after: date) -> list[Moves]:
    """Per currency, from the end of one day to the end of a later one."""
    each = union_all(_worth(before, 0), _worth(after, 1)).subquery()
    was, now = func.sum(each.c.worth * (1 - each.c.later)), func.sum(each.c.worth * each.c.later)
    one = (
        select(each.c.currency, was.label("was"), now.label("now"))
        .group_by(each.c.subscription_id, each.c.currency)
        .subquery()
    )
    came, went, stayed = one.c.was == 0, one.c.now == 0, and_(one.c.was != 0, one.c.now != 0)
    rose = one.c.now - one.c.was
    rows = session.execute(
        select(
            one.c.currency,
            func.sum(one.c.was),
            func.sum(one.c.now),
            _sum(came, one.c.now),
            _sum(went, one.c.was),
            _sum(and_(stayed, rose > 0), rose),
            _sum(and_(stayed, rose < 0), -rose),
            _sum(and_(came, one.c.now != 0), literal(1)),
            _sum(and_(went, one.c.was != 0), literal(1)),
        )
        .group_by(one.c.currency)
        .order_by(one.c.currency)
    )
    return [_moves(*row) for row in rows]


def _moves(currency: str, *sums: Any) -> Moves:
    *money, came, went = (int(one) for one in sums)
    before, after, new, lost, up, down = (
        Money(1, currency).times(Fraction(amount, _PARTS), Rounding.HALF_UP) for amount in money
    )
    return Moves(before, after, new, lost, up, down, came, went)


def _sum(condition: ColumnElement[bool], value: Any) -> Any:
    return func.coalesce(func.sum(case((condition, value), else_=0)), 0)


def _worth(day: date, later: int) -> Select[*tuple[Any, ...]]:
    """A row per line that pays for the day, to a seller of the operator's own."""
    return (
        select(
            DocumentLine.subscription_id,
            Document.currency,
            _a_month().label("worth"),
            literal(later).label("later"),
        )
        .join(Document, Document.id == DocumentLine.document_id)
        .where(_pays_for(day), is_the_operators(Document.seller_id))
    )


def _pays_for(day: date) -> ColumnElement[bool]:
    back = given_back()
    on_it = back.c.line_id == DocumentLine.id, back.c.period_start <= day, back.c.period_end > day
    return and_(IS_RECURRING, DocumentLine.period_start <= day, DocumentLine.period_end > day, ~exists().where(*on_it))


def billed_on(day: date) -> Select[int]:
    """How many running subscriptions have an invoice of ours over that day, so that they are in these figures."""
    return (
        select(func.count(Subscription.id.distinct()))
        .join(DocumentLine, DocumentLine.subscription_id == Subscription.id)
        .join(Document, Document.id == DocumentLine.document_id)
        .where(runs_on(day), _pays_for(day))
    )


def runs_on(day: date) -> ColumnElement[bool]:
    """Of a subscription: it is past its trial and goes on."""
    return and_(
        Subscription.state == Life.ACTIVE.value, Subscription.phase == "recurring", Subscription.started_on <= day
    )


def _a_month() -> ColumnElement[int]:
    """The whole term for one of its months, by its own words: "3 months", "30 days"; without a term, a month."""
    term, net = DocumentLine.term, cast(WHOLE, BigInteger) * _PARTS
    cases: list[tuple[Any, Any]] = []
    for unit in UNITS:
        one = Term(unit)
        count = cast(func.replace(func.replace(term, f" {unit}s", ""), f" {unit}", ""), BigInteger)
        months = net.op("/")(count * one.months) if one.months else (net * 365).op("/")(count * 12 * one.days)
        cases.append((term.like(f"% {unit}%"), months))
    return case(*cases, else_=net)
