"""The last part of a run: metered use of those that no invoice was due for. Nothing happens where nobody is metered.

Who pays each term by hand, who has paid a year and is metered by the month, who has left, and what came late after
that: they get an invoice over their usage alone.
"""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, case, func, literal, not_, select, tuple_, union_all
from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Chunk
from billhead.actions.billing._reading import ITEM, AsOf, DueScope, chunk_of, is_due
from billhead.actions.fraud._case import held_by_review
from billhead.bulk import among
from billhead.domain.subscription import RUNNING, State
from billhead.models.entitlements import Entitlement
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.models.usage import UsageMeter, UsagePrice

__all__ = ["arrears_chunk", "read_arrears_again"]

_BILLED = [*(state.value for state in RUNNING), State.CANCELED.value, State.EXPIRED.value]


def arrears_chunk(
    session: Session, catalogue: Catalogue, as_of: AsOf, scope: DueScope, after: tuple[date, int] | None, size: int
) -> Chunk | None:
    """The next chunk in the order of due date and id, or None at the end."""
    if after is None and session.scalar(select(UsagePrice.id).limit(1)) is None and not catalogue.charges_wait(session):
        return None
    due = _due(as_of)
    query = _query(due, as_of).where(*scope.conditions())
    if after is not None:
        query = query.where(tuple_(due.c.due_on, Subscription.id) > tuple_(*after))
    rows = session.connection().execute(query.order_by(due.c.due_on, Subscription.id).limit(size)).all()
    if not rows:
        return None
    return chunk_of(session, catalogue, as_of, rows, arrears=True)._replace(last=(rows[-1][-1], rows[-1].id))


def read_arrears_again(session: Session, catalogue: Catalogue, as_of: AsOf, ids: Collection[int]) -> Chunk:
    """Those of the subscriptions whose usage is still due, as they are now."""
    query = _query(_due(as_of), as_of).where(among(Subscription.id, ids, session))
    return chunk_of(session, catalogue, as_of, session.connection().execute(query).all(), arrears=True)


def _due(as_of: AsOf) -> CTE:
    """(subscription, day) of the meters that must be looked at, and of who is metered but has no meter yet."""
    metered = select(UsageMeter.subscription_id.label("id"), UsageMeter.due_on).where(UsageMeter.due_on <= as_of.latest)
    known = select(UsageMeter.subscription_id).where(UsageMeter.subscription_id == Subscription.id)
    new = (
        select(Subscription.id, func.min(Subscription.started_on).label("due_on"))
        .join(SubscriptionComponent, SubscriptionComponent.subscription_id == Subscription.id)
        .where(SubscriptionComponent.price_id.in_(select(UsagePrice.price_id)))
        .where(Subscription.state.in_([state.value for state in RUNNING]), not_(known.exists()))
        .group_by(Subscription.id)
    )
    due = union_all(metered, new, _waiting(as_of)).subquery()
    return select(due.c.id, func.min(due.c.due_on).label("due_on")).group_by(due.c.id).cte("due_usage")


def _waiting(as_of: AsOf) -> Select[int, Any]:
    """Who has bought something that waited for an invoice, and none came within a month, or none will come."""
    over = Subscription.state.in_([State.CANCELED.value, State.EXPIRED.value])
    due_on = case((over, Entitlement.bought_on), else_=Entitlement.waits_until)
    return (
        select(Subscription.id, func.min(due_on).label("due_on"))
        .join(Entitlement, Entitlement.subscription_id == Subscription.id)
        .where(Entitlement.waits_until.is_not(None), due_on <= as_of.latest)
        .group_by(Subscription.id)
    )


def _query(due: CTE, as_of: AsOf) -> Select[Any]:
    columns: tuple[Any, ...] = (*ITEM[:-1], due.c.due_on)
    return (
        select(*columns)
        .join(due, due.c.id == Subscription.id)
        .where(
            Subscription.settlement == "invoice",
            Subscription.state.in_(_BILLED),
            not_(held_by_review()),
            not_(_billed_with_plan(as_of)),
        )
    )


def _billed_with_plan(as_of: AsOf) -> ColumnElement[bool]:
    """What the run's main part has billed, or has failed to: in a dry run it is still due."""
    due_on, *rest = is_due(as_of)
    return and_(func.coalesce(due_on, literal(False)), Subscription.collection == "auto", *rest)
