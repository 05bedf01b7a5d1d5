"""A customer of the operator goes to a reseller, who pays for what comes next with credits, or comes back, and pays
money for it. What is paid stays paid and runs to its end."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.resellers._new_payer import MovedLine, pay_with_credits, pay_with_money
from billhead.actions.resellers._tree import is_stopped, lock_rows
from billhead.actions.subscriptions._offers import lock_about
from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.verb import note, verb
from billhead.bulk import rows_changed
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.domain.subscription import State
from billhead.models.documents import Document
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Subscription

__all__ = ["CustomerMoved", "MovedLine", "move_customer"]


@dataclass(frozen=True, slots=True)
class CustomerMoved:
    """`from_id` and `to_id`: who looked after them, and who does now; None: the operator. `owed`: how many invoices
    stay theirs to pay."""

    customer_id: int
    from_id: int | None
    to_id: int | None
    lines: tuple[MovedLine, ...]
    owed: int


@verb("resellers.move_customer", permission="resellers.write")
def move_customer(tx: Tx, customer_id: int, to_id: int | None) -> CustomerMoved:
    """With all subscriptions that are not over, or with none. Offers that are open are withdrawn, automatic renewal by
    a saved method or from the credits of before ends, and who pays from now on decides anew; logins and lines stay.
    Owed invoices stay the customer's.

    Raises NotFound, NotAllowed (no staff), InvalidInput (`to`) or Conflict, with the subscription that can't go along.
    """
    if not tx.ctx.scope.everything:
        raise NotAllowed("only the operator moves a customer to a reseller, or back")
    customer = tx.session.get(Customer, customer_id)
    if customer is None or customer.erased_at is not None:
        raise NotFound("customer", customer_id)
    before = customer.reseller_id
    _refuse(customer, to_id)
    ids = _alive(tx.session, customer_id)
    lock_about(tx, ids)
    subscriptions = [visible_subscription(tx, key) for key in ids]
    found = lock_rows(tx, {key for key in (before, to_id) if key is not None})
    to = _recipient(tx, customer, found.get(to_id or 0), to_id)
    here = Customer.reseller_id == before if before is not None else Customer.reseller_id.is_(None)
    whose = update(Customer).where(Customer.id == customer_id, here).values(reseller_id=to_id)
    taken = rows_changed(tx.session, whose.execution_options(synchronize_session=False))
    if not taken or _alive(tx.session, customer_id) != ids:
        raise Conflict("others are changing the same right now", code="busy", hint="try again in a moment")
    tx.session.refresh(customer)
    if to is not None:
        customer.billing_day = None
    lines = tuple(
        pay_with_credits(tx, one, customer, to) if to is not None else pay_with_money(tx, one, customer)
        for one in subscriptions
        if one.settlement == ("invoice" if to is not None else "credits")
    )
    note(
        tx, f"customer:{customer_id}", before=before, after=to_id, subscriptions=[one.subscription_id for one in lines]
    )
    _tell(tx, customer, before, to_id)
    return CustomerMoved(customer_id, before, to_id, lines, _owed(tx.session, customer_id))


def _refuse(customer: Customer, to_id: int | None) -> None:
    if customer.reseller_id == to_id:
        raise InvalidInput("to", "they are there already")
    if customer.buys_for_reseller_id is not None:
        raise Conflict("this customer is a reseller itself: change its place in the tree instead")
    if customer.reseller_id is not None and to_id is not None:
        raise InvalidInput("to", "a reseller looks after them: move them between resellers with its other users")


def _recipient(tx: Tx, customer: Customer, to: Reseller | None, to_id: int | None) -> Reseller | None:
    if to_id is None:
        before = tx.session.get(Reseller, customer.reseller_id)
        if before is not None and before.seller_id != customer.seller_id:
            raise Conflict("they are customers of the reseller's own shop: what is bought there stays there")
        return None
    if to is None or to.removed_on is not None:
        raise NotFound("reseller", to_id)
    if to.seller_id != customer.seller_id:
        raise InvalidInput("to", "is a reseller of another seller")
    if is_stopped(tx.session, to):
        raise Conflict(f"{to.name} is suspended: nothing is sold or passed on", code="reseller_suspended")
    return to


def _alive(session: Session, customer_id: int) -> Sequence[int]:
    mine = Subscription.customer_id == customer_id, Subscription.state != State.CANCELED.value
    return list(session.scalars(select(Subscription.id).where(*mine).order_by(Subscription.id)))


def _owed(session: Session, customer_id: int) -> int:
    session.flush()
    return len(session.scalars(select(Document.id).where(Document.customer_id == customer_id, Document.owed())).all())


def _tell(tx: Tx, customer: Customer, before: int | None, to_id: int | None) -> None:
    """The customer, and the reseller that it comes to or leaves."""
    key = f"{customer.id}:{clock.now().isoformat()}"
    data = {"customer_id": customer.id, "reseller_id": to_id or before, "came": to_id is not None}
    queue_notice(tx, customer.id, "keeper_changed", f"keeper_changed:{key}", data)
    for own in tx.session.scalars(select(Customer.id).where(Customer.buys_for_reseller_id == (to_id or before))):
        queue_notice(tx, own, "user_moved", f"user_moved:{key}", data)
