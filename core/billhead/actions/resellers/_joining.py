"""A new reseller: its place in the tree, its first login, and what it starts with."""

import re

from sqlalchemy import delete, select

from billhead.actions.accounts._new_login import new_login
from billhead.actions.accounts.send_password_link import send_password_link
from billhead.actions.codes import code_of, free_code
from billhead.actions.resellers._uses import note_place
from billhead.actions.resellers._wallet import add_lot, book, repay, share_of, take, wallet, without
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import CREDITS, Money
from billhead.models.people import Customer, Reseller, ResellerClosure, User

__all__ = ["TIERS", "code_for", "give_login", "hang_below", "join_tree", "sell_place", "start_up"]

TIERS = ("reseller", "super_reseller")
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def join_tree(tx: Tx, reseller: Reseller, parent: Reseller | None) -> None:
    """Add the row and its links to everybody above it."""
    reseller.parent_id = parent.id if parent else None
    tx.session.add(reseller)
    tx.session.flush()
    above = select(ResellerClosure).where(ResellerClosure.descendant_id == parent.id) if parent else None
    for link in tx.session.scalars(above).all() if above is not None else ():
        tx.session.add(ResellerClosure(ancestor_id=link.ancestor_id, descendant_id=reseller.id, depth=link.depth + 1))
    tx.session.add(ResellerClosure(ancestor_id=reseller.id, descendant_id=reseller.id, depth=0))
    tx.session.flush()


def hang_below(tx: Tx, child: Reseller, heir: Reseller | None) -> None:
    """The child and all below it change their place: links from outside of its subtree end, and new ones come."""
    inside = list(tx.session.scalars(select(ResellerClosure).where(ResellerClosure.ancestor_id == child.id)))
    ids = [link.descendant_id for link in inside]
    tx.session.execute(
        delete(ResellerClosure)
        .where(ResellerClosure.descendant_id.in_(ids), ResellerClosure.ancestor_id.not_in(ids))
        .execution_options(synchronize_session="fetch")
    )
    child.parent_id = heir.id if heir else None
    if heir is None:
        return
    above = tx.session.scalars(select(ResellerClosure).where(ResellerClosure.descendant_id == heir.id)).all()
    for link in above:
        for under in inside:
            depth = link.depth + 1 + under.depth
            tx.session.add(
                ResellerClosure(ancestor_id=link.ancestor_id, descendant_id=under.descendant_id, depth=depth)
            )
    tx.session.flush()


def code_for(tx: Tx, wanted: str, name: str) -> str:
    """The code that was asked for, or one made of the name. Raises InvalidInput for one that is taken or is none."""
    if wanted:
        if not _CODE.fullmatch(wanted):
            raise InvalidInput("code", f"{wanted!r} is no code", hint="use a-z, 0-9, '-' and '_'")
        if tx.session.scalar(select(Reseller.id).where(Reseller.code == wanted)) is not None:
            raise InvalidInput("code", f"there is a reseller {wanted} already")
        return wanted
    begin = code_of(name, "reseller")
    alike = select(Reseller.code).where(Reseller.code.startswith(begin, autoescape=True))
    return free_code(begin, set(tx.session.scalars(alike)))


def give_login(tx: Tx, reseller: Reseller, customer: Customer, email: str) -> User:
    """A login of the reseller's role; the person sets a password by the link that is mailed."""
    user = new_login(tx, reseller.seller_id, email, reseller.tier, customer_id=customer.id, reseller_id=reseller.id)
    send_password_link(tx, reseller.seller_id, user.email)
    return user


def start_up(tx: Tx, reseller: Reseller, amount: Money, key: str, document_id: int | None = None) -> int | None:
    """Credits that nobody below the operator pays for, in a lot of their own: its id. `document_id`: the invoice of the
    plan that they come with."""
    if not amount:
        return None
    legs = [
        debit(AccountCode.CREDITS_ISSUED, amount),
        credit(AccountCode.CREDITS_AVAILABLE, amount, wallet(reseller)),
    ]
    entry_id = book(tx, reseller, "credits_granted", key, legs, document_id=document_id)
    lot_id = add_lot(tx, reseller, "start_up", amount, entry_id=entry_id).id
    repay(tx, reseller, key)
    return lot_id


def sell_place(
    tx: Tx, parent: Reseller, child: Reseller, price: Money, given: Money, plan_id: int | None = None
) -> None:
    """The parent pays the price of the child's plan, the child gets what the plan starts with: all in one entry.

    What the plan costs more than it gives is consumed, what it gives more is issued. The credits that are passed on
    keep what they had cost.
    """
    key = f"reseller_added:{child.id}"
    taken = take(tx, parent, price, key) if price else []
    passed = min(price, given)
    legs: list[Posting] = []
    if price:
        legs.append(debit(AccountCode.CREDITS_AVAILABLE, price, wallet(parent)))
    if price > passed:
        legs.append(credit(AccountCode.CREDITS_CONSUMED, price - passed, wallet(parent)))
    if given:
        legs.append(credit(AccountCode.CREDITS_AVAILABLE, given, wallet(child)))
    if given > passed:
        legs.append(debit(AccountCode.CREDITS_ISSUED, given - passed))
    if not legs:
        return
    entry_id = book(tx, parent, "reseller_added", key, legs, other_id=child.id)
    kept = share_of(taken, passed)
    if price > passed:
        note_place(tx, parent, plan_id, without(taken, kept))
    for part in kept:
        cost = Money(part.cost_minor, part.cost_currency) if part.cost_currency else None
        add_lot(tx, child, "transfer", Money(part.minor, CREDITS), cost, entry_id)
    if given > passed:
        add_lot(tx, child, "start_up", given - passed, entry_id=entry_id)
