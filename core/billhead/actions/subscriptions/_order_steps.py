"""How far an order is: derived from its paper, the tries to pay it and its lines, never stored.

An order is the first paper of one subscription, or of several that were ordered together. It is ready once the lines of
all have been on their panels; what happens to them later is no part of it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from billhead.domain.document import Kind, ProformaState, State
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.domain.subscription import State as Life
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import AttemptDocument, PaymentAttempt
from billhead.models.subscriptions import Service, Subscription
from billhead.wording import marked

__all__ = ["MORE", "RANK", "STEP", "STEPS", "last_try", "order_of", "ordered_plan", "orders", "plans_of"]

STEPS = {
    "stuck": marked("paid, but its line can't be made"),
    "checked": marked("is being checked"),
    "not_paid": marked("the last try to pay failed"),
    "making": marked("its line is being made"),
    "paying": marked("money is on its way"),
    "ordered": marked("nobody has tried to pay yet"),
    "ready": "ready",
    "ended": "ended",
}
"""In the order in which staff should look at them."""

_PAID_NOT = (AttemptState.FAILED.value, AttemptState.CANCELED.value, AttemptState.EXPIRED.value)
_OTHER, _EARLIER, _SIBLING = aliased(DocumentLine), aliased(DocumentLine), aliased(Subscription)


def _first_paper() -> ColumnElement[int]:
    line = select(func.min(DocumentLine.document_id)).where(DocumentLine.subscription_id == Subscription.id)
    return line.correlate(Subscription).scalar_subquery()


def ordered_plan(document_id: SQLColumnExpression[int]) -> ColumnElement[int]:
    """The plan that a paper names: of the lines of the subscription the first with a term. It may be another by now."""
    line = select(_OTHER.plan_id).where(
        _OTHER.document_id == document_id,
        _OTHER.subscription_id == Subscription.id,
        _OTHER.kind.in_(["recurring", "trial"]),
        _OTHER.plan_id.is_not(None),
    )
    first = line.order_by(_OTHER.position, _OTHER.id).limit(1).correlate_except(_OTHER).scalar_subquery()
    return func.coalesce(first, Subscription.plan_id)


def _tried() -> ColumnElement[str]:
    """The newest try's state, also of one that paid several."""
    together = select(AttemptDocument.attempt_id).where(AttemptDocument.document_id == Document.id)
    mine = or_(PaymentAttempt.document_id == Document.id, PaymentAttempt.id.in_(together.correlate(Document)))
    newest = select(PaymentAttempt.state).where(mine).order_by(PaymentAttempt.id.desc()).limit(1)
    return newest.correlate(Document).scalar_subquery()


def _is_named() -> ColumnElement[bool]:
    """Of the subscriptions that begin with one paper, the first stands for the order."""
    begun_before = exists().where(
        _EARLIER.subscription_id == _OTHER.subscription_id, _EARLIER.document_id < _OTHER.document_id
    )
    named = exists().where(
        _OTHER.document_id == Document.id,
        _OTHER.subscription_id < Subscription.id,
        ~begun_before.correlate(_OTHER),
    )
    return ~named.correlate(Document, Subscription)


_THEIRS = select(_OTHER.subscription_id).where(_OTHER.document_id == Document.id).correlate(Document)
_OPEN = and_(Document.kind == Kind.PROFORMA.value, Document.state == ProformaState.OPEN.value)
_GONE = Document.state.in_([ProformaState.EXPIRED.value, ProformaState.VOID.value, State.VOID.value])
_NEVER_SEEN = Service.observed_at.is_(None)


def _step(ended: ColumnElement[bool], theirs: ColumnElement[bool]) -> ColumnElement[str]:
    """`ended`: nothing of it is wanted any more. `theirs`: a condition on Service, whose lines are looked at."""

    def a_line(*conditions: Any) -> ColumnElement[bool]:
        return exists().where(theirs, Service.lifecycle == "wanted", *conditions).correlate(Document, Subscription)

    return case(
        (or_(_GONE, ended), "ended"),
        (and_(_OPEN, _tried().in_([state.value for state in UNRESOLVED])), "paying"),
        (and_(_OPEN, _tried().in_(_PAID_NOT)), "not_paid"),
        (_OPEN, "ordered"),
        (a_line(_NEVER_SEEN, Service.in_review.is_(False), Service.sync.in_(["failed", "impossible", "unknown"])),
         "stuck"),
        (a_line(Service.in_review), "checked"),
        (a_line(_NEVER_SEEN), "making"),
        else_="ready",
    )  # fmt: skip


_ANY_LEFT = exists().where(_SIBLING.id.in_(_THEIRS), _SIBLING.state != Life.CANCELED.value).correlate(Document)

STEP = _step(~_ANY_LEFT, Service.subscription_id.in_(_THEIRS))
RANK: ColumnElement[int] = case({word: number for number, word in enumerate(STEPS)}, value=STEP, else_=len(STEPS))
MORE: ColumnElement[int] = (
    select(func.count(_OTHER.subscription_id.distinct()) - 1)
    .where(_OTHER.document_id == Document.id)
    .correlate(Document)
    .scalar_subquery()
)
"""How many plans were ordered together with the one that stands for the order."""

_OF_ONE = _step(Subscription.state == Life.CANCELED.value, Service.subscription_id == Subscription.id)


def orders() -> Select[Document, Subscription, Plan, str]:
    """Every order with its (first) plan and step; narrow it."""
    return (
        select(Document, Subscription, Plan, STEP.label("step"))
        .select_from(Subscription)
        .join(Document, Document.id == _first_paper())
        .join(Plan, Plan.id == ordered_plan(Document.id))
        .where(_is_named())
    )


def order_of(session: Session, document_id: int) -> Row[Document, Subscription, Plan, str] | None:
    """The order whose first paper this is."""
    named = select(DocumentLine.subscription_id).where(DocumentLine.document_id == document_id)
    return session.execute(orders().where(Document.id == document_id, Subscription.id.in_(named))).first()


def plans_of(session: Session, document_id: int) -> Sequence[Row[Subscription, Plan, str]]:
    """Each plan of an order, with how far it is by itself."""
    named = select(DocumentLine.subscription_id).where(DocumentLine.document_id == document_id)
    query = (
        select(Subscription, Plan, _OF_ONE.label("step"))
        .select_from(Subscription)
        .join(Document, Document.id == _first_paper())
        .join(Plan, Plan.id == ordered_plan(Document.id))
        .where(Document.id == document_id, Subscription.id.in_(named))
        .order_by(Subscription.id)
    )
    return session.execute(query).all()


def last_try(session: Session, document_id: int) -> PaymentAttempt | None:
    together = select(AttemptDocument.attempt_id).where(AttemptDocument.document_id == document_id)
    mine = or_(PaymentAttempt.document_id == document_id, PaymentAttempt.id.in_(together))
    return session.scalar(select(PaymentAttempt).where(mine).order_by(PaymentAttempt.id.desc()).limit(1))
