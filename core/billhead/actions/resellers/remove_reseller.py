"""Remove a reseller: its subscribers and the resellers below it go to another one first, its credits up the tree."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.resellers._joining import hang_below
from billhead.actions.resellers._tree import lock_below, subtree
from billhead.actions.resellers._users import lock_paid_by
from billhead.actions.resellers._wallet import add_lot, balance, book, owed_by, take, wallet
from billhead.actions.resellers.move_users import move_users
from billhead.actions.verb import verb
from billhead.bulk import how_many
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditHold, CreditLot
from billhead.models.people import Customer, Reseller, ResellerClosure, User, UserSession
from billhead.models.resellers import ResellerKey
from billhead.models.sellers import Seller
from billhead.models.shops import Shop
from billhead.models.subscriptions import Subscription

__all__ = ["RemovePreview", "ResellerRemoved", "preview_remove_reseller", "remove_reseller"]


@dataclass(frozen=True, slots=True)
class RemovePreview:
    """What goes to the other reseller, and the credits that go up the tree (hundredths)."""

    customers: int
    subscriptions: int
    below: int
    logins: int
    credits_minor: int


@dataclass(frozen=True, slots=True)
class ResellerRemoved:
    """`to_id`: who has its subscribers and the resellers below it now; None: it had none."""

    reseller_id: int
    to_id: int | None
    customers: int
    below: int
    credits_minor: int


def preview_remove_reseller(tx: Tx, reseller_id: int, to_id: int | None = None) -> RemovePreview:
    """What `remove_reseller` would do. Raises what it raises."""
    reseller = lock_below(tx, reseller_id)
    _refuse(tx, reseller, to_id)

    return RemovePreview(
        how_many(tx.session, Customer.reseller_id == reseller_id),
        how_many(tx.session, Subscription.payer_reseller_id == reseller_id),
        how_many(tx.session, Reseller.parent_id == reseller_id),
        how_many(tx.session, User.reseller_id == reseller_id, User.disabled.is_(False)),
        balance(tx, reseller).minor,
    )


@verb("resellers.remove_reseller")
def remove_reseller(tx: Tx, reseller_id: int, to_id: int | None = None) -> ResellerRemoved:
    """Its logins and keys end, its place in the tree is gone, and its books stay. Credits that are left go to its
    parent, or back to the operator.

    `to_id`: who gets its subscribers and resellers; without one they go to its parent. Raises NotFound, NotAllowed,
    InvalidInput (nobody to give them to), or Conflict (credits are held, or it owes some).
    """
    lock_paid_by(tx, reseller_id, lambda session: _touched(session, reseller_id, to_id))
    planned = preview_remove_reseller(tx, reseller_id, to_id)
    reseller = tx.session.get_one(Reseller, reseller_id)
    heir = _heir(tx, reseller, to_id)
    if planned.customers and heir is not None:
        move_users(tx, reseller_id, heir.id)
    below = list(tx.session.scalars(select(Reseller).where(Reseller.parent_id == reseller_id)))
    for child in below:
        hang_below(tx, child, heir)
    _give_credits_up(tx, reseller)
    tx.session.execute(update(User).where(User.reseller_id == reseller_id).values(disabled=True, disabled_because=""))
    users = select(User.id).where(User.reseller_id == reseller_id)
    tx.session.execute(delete(UserSession).where(UserSession.user_id.in_(users)))
    tx.session.execute(
        update(ResellerKey)
        .where(ResellerKey.reseller_id == reseller_id, ResellerKey.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    tx.session.execute(delete(ResellerClosure).where(ResellerClosure.descendant_id == reseller_id))
    reseller.removed_on = clock.today_in(tx.session.get_one(Seller, reseller.seller_id).zone)
    return ResellerRemoved(reseller_id, heir.id if heir else None, planned.customers, len(below), planned.credits_minor)


def _touched(session: Session, reseller_id: int, to_id: int | None) -> set[int]:
    """Itself and all below, whose place in the tree changes; its parent, which gets the credits; the heir."""
    parent = session.scalar(select(Reseller.parent_id).where(Reseller.id == reseller_id))
    found = {reseller_id, *session.scalars(subtree(reseller_id)), parent, to_id}
    return {key for key in found if key is not None}


def _heir(tx: Tx, reseller: Reseller, to_id: int | None) -> Reseller | None:
    key = to_id or reseller.parent_id
    return tx.session.get(Reseller, key) if key is not None else None


def _refuse(tx: Tx, reseller: Reseller, to_id: int | None) -> None:
    held = select(CreditHold.id).where(CreditHold.reseller_id == reseller.id, CreditHold.state == "held").limit(1)
    if tx.session.scalar(held) is not None:
        raise Conflict(f"credits of {reseller.name} are held still", hint="wait until the panels have answered")
    alive = select(Subscription.id).join(Shop, Shop.seller_id == Subscription.seller_id)
    if tx.session.scalar(alive.where(Shop.reseller_id == reseller.id, Subscription.state != "canceled").limit(1)):
        raise Conflict(f"{reseller.name} has a shop with subscriptions", hint="close it, and let them end first")
    owed = owed_by(tx, reseller)
    if owed:
        raise Conflict(f"{reseller.name} owes {owed} on its credit line", hint="grant it so much first, or settle it")
    heir = _heir(tx, reseller, to_id)
    if heir is None:
        for kind, whose in ((Customer, Customer.reseller_id), (Reseller, Reseller.parent_id)):
            if tx.session.scalar(select(kind.id).where(whose == reseller.id).limit(1)) is not None:
                raise InvalidInput("to", "say who gets its subscribers and resellers")
        return
    if heir.removed_on is not None or heir.seller_id != reseller.seller_id:
        raise NotFound("reseller", heir.id)
    if heir.id in set(tx.session.scalars(subtree(reseller.id))):
        raise InvalidInput("to", "must not be the reseller itself, or stand below it")
    scope = tx.ctx.scope
    if not scope.everything and heir.id not in set(tx.session.scalars(subtree(scope.reseller_id or 0))):
        raise NotFound("reseller", heir.id)


def _has_other_than_passed_on(tx: Tx, reseller: Reseller) -> bool:
    lots = select(CreditLot.id).where(
        CreditLot.reseller_id == reseller.id, CreditLot.remaining_minor > 0, CreditLot.source != "transfer"
    )
    return tx.session.scalar(lots.limit(1)) is not None


def _give_credits_up(tx: Tx, reseller: Reseller) -> None:
    left = balance(tx, reseller)
    if not left:
        return
    if not tx.ctx.scope.everything and _has_other_than_passed_on(tx, reseller):
        raise Conflict("it has credits that did not come from you", hint="the operator removes it")
    parent = tx.session.get(Reseller, reseller.parent_id) if reseller.parent_id else None
    key = f"reseller_removed:{reseller.id}"
    taken = take(tx, reseller, left, key)
    to = credit(AccountCode.CREDITS_AVAILABLE, left, wallet(parent)) if parent else credit(
        AccountCode.CREDITS_ISSUED, left
    )  # fmt: skip
    legs = [debit(AccountCode.CREDITS_AVAILABLE, left, wallet(reseller)), to]
    entry_id = book(tx, reseller, "reseller_removed", key, legs, other_id=parent.id if parent else None)
    if parent is None:
        return
    for part in taken:
        cost = Money(part.cost_minor, part.cost_currency) if part.cost_currency else None
        add_lot(tx, parent, "transfer", Money(part.minor, CREDITS), cost, entry_id)
