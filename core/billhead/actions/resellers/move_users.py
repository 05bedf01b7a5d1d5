"""Hand subscribers over to another reseller: it looks after them from now on, and pays for what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select, update

from billhead.actions.resellers._tree import is_within, lock_resellers
from billhead.actions.resellers._users import lock_paid_by
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.bulk import among, rows_changed
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.credits import CreditHold
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription

__all__ = ["MovePreview", "UsersMoved", "move_users", "preview_move_users"]


@dataclass(frozen=True, slots=True)
class MovePreview:
    """`held`: purchases that are not settled yet; whoever made them pays for them, or gets their credits back."""

    customers: int
    subscriptions: int
    held: int


@dataclass(frozen=True, slots=True)
class UsersMoved:
    reseller_id: int
    customers: int
    subscriptions: int


def preview_move_users(tx: Tx, from_id: int, to_id: int, customers: Sequence[int] | None = None) -> MovePreview:
    """What `move_users` would move. Raises what it raises."""
    _both(tx, from_id, to_id)
    theirs = _theirs(tx, from_id, customers)
    subscriptions = select(Subscription.id).where(
        Subscription.customer_id.in_(theirs), Subscription.payer_reseller_id == from_id
    )
    held = (
        select(func.count())
        .select_from(CreditHold)
        .join(Service, Service.id == CreditHold.service_id)
        .where(Service.subscription_id.in_(subscriptions), CreditHold.state == "held")
    )
    return MovePreview(_count(tx, theirs), _count(tx, subscriptions), int(tx.session.scalar(held) or 0))


@verb("resellers.move_users")
def move_users(tx: Tx, from_id: int, to_id: int, customers: Sequence[int] | None = None) -> UsersMoved:
    """These customers of one reseller (None: all) and what is paid for them with credits go over to another.

    Both stand within what the actor sees, and belong to one seller. Credits that were spent stay with who spent them,
    and come back there. Raises NotFound (also for a customer of somebody else's), InvalidInput or NotAllowed.
    """
    lock_paid_by(tx, from_id, lambda _: {from_id, to_id})
    _both(tx, from_id, to_id)
    theirs = list(tx.session.scalars(_theirs(tx, from_id, customers)))
    if customers is not None and len(theirs) != len(set(customers)):
        missing = next(key for key in customers if key not in set(theirs))
        raise NotFound("customer", missing)
    moved = rows_changed(
        tx.session,
        update(Subscription)
        .where(
            among(Subscription.__table__.c.customer_id, theirs, tx.session), Subscription.payer_reseller_id == from_id
        )
        .values(payer_reseller_id=to_id, version=Subscription.version + 1)
        .execution_options(synchronize_session=False),
    )
    tx.session.execute(
        update(Customer)
        .where(among(Customer.__table__.c.id, theirs, tx.session))
        .values(reseller_id=to_id)
        .execution_options(synchronize_session=False)
    )
    tx.session.expire_all()
    if theirs:
        enqueue(tx, "resellers.follow_owner", {"reseller_id": to_id}, key=f"follow_owner:{to_id}")
        enqueue(tx, "resellers.follow_suspension", {"reseller_id": to_id}, key=f"follow_suspension:{to_id}")
    return UsersMoved(to_id, len(theirs), moved)


def _both(tx: Tx, from_id: int, to_id: int) -> None:
    if from_id == to_id:
        raise InvalidInput("to", "they are there already")
    scope = tx.ctx.scope
    for key in (from_id, to_id):
        if not (scope.everything or is_within(tx.session, key, scope.reseller_id)):
            raise NotFound("reseller", key)
    # whoever gets them must be able to act; who gives them away may be suspended
    new, old = lock_resellers(tx, to_id, from_id)
    if new.seller_id != old.seller_id:
        raise NotFound("reseller", to_id)


def _theirs(tx: Tx, from_id: int, customers: Sequence[int] | None) -> Select[int]:
    """Not those of its own shop: their money is the shop's, and so is what they get."""
    own = select(Reseller.seller_id).where(Reseller.id == from_id).scalar_subquery()
    query = select(Customer.id).where(Customer.reseller_id == from_id, Customer.seller_id == own)
    if customers is not None:
        query = query.where(among(Customer.__table__.c.id, list(customers), tx.session))
    return query


def _count(tx: Tx, query: Select[int]) -> int:
    return int(tx.session.scalar(select(func.count()).select_from(query.subquery())) or 0)
