"""Of what is overdue, the documents about which something may be left to do: asked of the database, so that the many
with which all is done are not read by the hourly run, nor by who looks at what it will do."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, false, not_, or_, select

from billhead import clock
from billhead.actions.dunning._terms import Policies
from billhead.domain.document import Kind
from billhead.domain.dunning import TELLS, Stage, StageAction
from billhead.models.documents import Document, DocumentLine
from billhead.models.dunning import DunningStep
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["unfinished"]


def unfinished(policies: Policies) -> ColumnElement[bool]:
    """Of Document, joined with its Customer. Never leaves out what has something to do; takes in too much where a plan
    has a table of its own, since which one counts is known only when the debt is read."""
    general = policies.sellers_with_general()
    clauses = [and_(not_(Document.seller_id.in_(general)), _any(policies.house))]
    for (seller_id, plan_id, group), terms in policies.scopes():
        mine: list[ColumnElement[bool]] = [Document.seller_id == seller_id]
        if group:
            mine.append(Customer.price_group == group)
        elif plan_id is None:
            mine.append(not_(Customer.price_group.in_(policies.groups_of(seller_id))))
        if plan_id is not None:
            mine.append(_about_plan(plan_id))
        clauses.append(and_(*mine, _any(terms.stages)))
    return or_(*clauses)


def _any(stages: tuple[Stage, ...]) -> ColumnElement[bool]:
    return or_(false(), *_each(stages))


def _each(stages: tuple[Stage, ...]) -> Iterator[ColumnElement[bool]]:
    latest = clock.latest_today()
    for stage in stages:
        reached = Document.due_on <= latest - timedelta(days=stage.after_days)
        if stage.action is not StageAction.REMIND or stage.after_days > 0:
            reached &= Document.kind != Kind.PROFORMA.value  # its time just ends
        left = ~_step(stage, DunningStep.subscription_id.is_(None))
        if stage.action not in TELLS:
            line = DocumentLine
            taken = _step(stage, DunningStep.subscription_id == line.subscription_id)
            one = select(line.id).where(line.document_id == Document.id, line.subscription_id.is_not(None), ~taken)
            left |= one.exists()
        yield reached & left


def _step(stage: Stage, whose: ColumnElement[bool]) -> ColumnElement[bool]:
    step = DunningStep
    same = step.action == stage.action.value, step.after_days == stage.after_days, step.lifted_on.is_(None)
    return select(step.id).where(step.document_id == Document.id, whose, *same).exists()


def _about_plan(plan_id: int) -> ColumnElement[bool]:
    line, one = DocumentLine, Subscription
    found = select(line.id).join(one, one.id == line.subscription_id)
    return found.where(line.document_id == Document.id, one.plan_id == plan_id).exists()
