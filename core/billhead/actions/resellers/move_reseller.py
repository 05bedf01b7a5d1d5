"""A reseller, with all that stand below it, comes to stand below another one, or right below the operator."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.resellers._joining import hang_below
from billhead.actions.resellers._rights import Rights, effective_rights
from billhead.actions.resellers._tree import is_stopped, is_within, lock_below, subtree
from billhead.actions.resellers._users import lock_paid_by
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.models.catalogue import Plan
from billhead.models.people import Customer, Reseller, ResellerClosure
from billhead.models.subscriptions import Subscription

__all__ = ["MovePreview", "ResellerMoved", "move_reseller", "preview_move_reseller"]


@dataclass(frozen=True, slots=True)
class MovePreview:
    """Of the reseller and all below it: resellers, customers, subscriptions that are not over. `sells` and the other
    rights are what it has afterwards, `lost` the plans that it can't sell any more, on which `not_sold` subscriptions
    run on. `stops`: its lines stop with its new parent's; `starts`: they run again."""

    resellers: int
    customers: int
    subscriptions: int
    rights_before: Rights
    rights: Rights
    lost: tuple[str, ...]
    not_sold: int
    stops: bool
    starts: bool


@dataclass(frozen=True, slots=True)
class ResellerMoved:
    reseller_id: int
    from_id: int | None
    to_id: int | None


def preview_move_reseller(tx: Tx, reseller_id: int, to_id: int | None) -> MovePreview:
    """What `move_reseller` does, done and taken back. Raises what it raises."""
    reseller = tx.session.get(Reseller, reseller_id)
    if reseller is None:
        raise NotFound("reseller", reseller_id)
    before, stood = effective_rights(tx.session, reseller_id), is_stopped(tx.session, reseller)
    tried = tx.session.begin_nested()
    _move(tx, reseller_id, to_id)
    after, stands = effective_rights(tx.session, reseller_id), is_stopped(tx.session, reseller)
    tried.rollback()
    tx.session.expire_all()
    lost = tuple(code for code in before.sells if code not in after.sells)
    whose = Subscription.payer_reseller_id.in_(subtree(reseller_id)), Subscription.state.not_in(["canceled", "expired"])
    not_sold = select(func.count()).select_from(Subscription).join(Plan, Plan.id == Subscription.plan_id)
    return MovePreview(
        _count(tx.session, select(func.count()).select_from(subtree(reseller_id).subquery())),
        _count(tx.session, select(func.count()).where(Customer.reseller_id.in_(subtree(reseller_id)))),
        _count(tx.session, select(func.count()).where(*whose)),
        before,
        after,
        lost,
        _count(tx.session, not_sold.where(*whose, Plan.code.in_(lost))) if lost else 0,
        stands and not stood,
        stood and not stands,
    )


@verb("resellers.move_reseller", permission="resellers.write")
def move_reseller(tx: Tx, reseller_id: int, to_id: int | None) -> ResellerMoved:
    """Its users, credits, debts and keys stay its own. Its rights hold within those of its new parent; what it may sell
    no more runs on and can be renewed. `to_id` None: right below the operator.

    Raises NotFound, NotAllowed (no staff), InvalidInput (`to`: itself, below it, no super-reseller) or Conflict (it
    stands there).
    """
    moved = _move(tx, reseller_id, to_id)
    key = f"follow_suspension:{reseller_id}"
    enqueue(tx, "resellers.follow_suspension", {"reseller_id": reseller_id}, key=key)
    note(tx, f"reseller:{reseller_id}", before=moved.from_id, after=moved.to_id)
    return moved


def _move(tx: Tx, reseller_id: int, to_id: int | None) -> ResellerMoved:
    if not tx.ctx.scope.everything:
        raise NotAllowed("only the operator moves a reseller")
    lock_paid_by(tx, reseller_id, lambda session: _touched(session, reseller_id, to_id))
    reseller = lock_below(tx, reseller_id)
    to = tx.session.get(Reseller, to_id, populate_existing=True) if to_id is not None else None
    if to_id is not None and (to is None or to.removed_on is not None or to.seller_id != reseller.seller_id):
        raise NotFound("reseller", to_id)
    if reseller.parent_id == to_id:
        raise Conflict(f"{reseller.name} stands there already")
    if to is not None and is_within(tx.session, to.id, reseller_id):
        raise InvalidInput("to", "must not be the reseller itself, or stand below it")
    if to is not None and to.tier != "super_reseller":
        raise InvalidInput("to", f"{to.name} is no super-reseller: nobody stands below it")
    before = reseller.parent_id
    hang_below(tx, reseller, to)
    tx.session.flush()
    return ResellerMoved(reseller_id, before, to_id)


def _touched(session: Session, reseller_id: int, to_id: int | None) -> set[int]:
    """Itself and all below, and all above its old and its new place: two who move at once can make no circle."""
    ends = [key for key in (reseller_id, to_id) if key is not None]
    above = select(ResellerClosure.ancestor_id).where(ResellerClosure.descendant_id.in_(ends))
    return {*ends, *session.scalars(subtree(reseller_id)), *session.scalars(above)}


def _count(session: Session, query: object) -> int:
    return int(session.scalar(query) or 0)  # type: ignore[call-overload]
