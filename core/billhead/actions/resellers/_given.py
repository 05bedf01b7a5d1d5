"""What a paid order gives: credits, or a place as a reseller. And what goes back when its money does.

    offered → given        its invoice is paid in full
    given → taken_back     the money went back: what is left of the credits goes with it; a place stays
    taken_back → given     and came again: so do the credits that had gone

An order is entitled to credits × what is paid of its invoice ÷ its total, rounded down.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.resellers._joining import TIERS, code_for, give_login, join_tree, start_up
from billhead.actions.resellers._rights import (
    Rights,
    checked_rights,
    effective_rights,
    rights_from_plan,
    stored_rights,
    within,
)
from billhead.actions.resellers._wallet import add_lot, balance, book, repay, take_last, wallet
from billhead.actions.verb import audit
from billhead.bulk import rows_changed
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.people import Customer, Reseller, User
from billhead.models.resellers import ResellerOrder
from billhead.models.sellers import Seller

__all__ = ["follow_money", "given_by", "is_reseller_order"]


def given_by(tx: Tx, invoice: Document) -> None:
    """Give what an invoice has paid for; called whenever it is paid in full, and gives once each time."""
    documents = [invoice.id, *([invoice.proforma_id] if invoice.proforma_id else [])]
    for order in _orders(tx, documents, "offered", "given", "taken_back"):
        plan, customer = tx.session.get_one(Plan, order.plan_id), tx.session.get_one(Customer, order.customer_id)
        first = order.state == "offered"
        order.document_id = invoice.id
        minor = order.credits_minor if first else _again(tx, order, invoice)
        if first and plan.kind in TIERS:
            _become(tx, plan, customer)
        if customer.buys_for_reseller_id is not None and minor:
            order.times_given += 1
            give = _start_up if plan.kind in TIERS else _credits
            give(tx, order, _locked(tx, customer.buys_for_reseller_id), Money(minor, CREDITS), invoice)
        if first or _kept(tx, invoice):
            order.state = "given"
        tx.session.flush()


def is_reseller_order(session: Session, document_id: int) -> bool:
    """Its lines can't go to another document: what it gives is told by this one."""
    waits = ResellerOrder.document_id == document_id, ResellerOrder.state == "offered"
    return session.scalar(select(ResellerOrder.id).where(*waits).limit(1)) is not None


def _again(tx: Tx, order: ResellerOrder, invoice: Document) -> int:
    """Of what had gone, what its money pays again now: first what was spent before it went, then what was taken."""
    has = order.credits_minor - order.taken_minor - order.missing_minor
    entitled = order.credits_minor * _kept(tx, invoice) // invoice.total_minor if invoice.total_minor else has
    forgiven = min(order.missing_minor, max(entitled - has, 0))
    minor = min(order.taken_minor, max(entitled - has - forgiven, 0))
    order.missing_minor -= forgiven
    order.taken_minor -= minor
    return minor


def follow_money(tx: Tx, documents: Sequence[int], why: str) -> None:
    """The money of these invoices went back, wholly or in part: so do credits, as far as they are there still.

    What was spent already is noted with the order (`missing_minor`): staff see it, and the invoice is owed again. Of a
    reseller plan the credits go that it started with; whether the place goes too is for staff to decide.
    """
    for order in _orders(tx, documents, "given"):
        customer = tx.session.get_one(Customer, order.customer_id)
        if customer.buys_for_reseller_id is None:
            continue
        invoice = tx.session.get_one(Document, order.document_id)
        kept = _kept(tx, invoice)
        entitled = order.credits_minor * kept // invoice.total_minor if invoice.total_minor else order.credits_minor
        due = order.credits_minor - entitled - order.taken_minor - order.missing_minor
        if due > 0:
            _take_back(tx, order, _locked(tx, customer.buys_for_reseller_id), due, why)
        if not kept and invoice.total_minor:
            order.state = "taken_back"
        tx.session.flush()


def _orders(tx: Tx, documents: Sequence[int], *states: str) -> list[ResellerOrder]:
    """Locked one after another, so that two payments of one order wait for each other."""
    if not documents:
        return []
    tx.session.flush()
    rows = tx.session.scalars(
        select(ResellerOrder)
        .where(ResellerOrder.document_id.in_(list(documents)), ResellerOrder.state.in_(states))
        .order_by(ResellerOrder.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(rows)


def _locked(tx: Tx, reseller_id: int) -> Reseller:
    return tx.session.get_one(Reseller, reseller_id, with_for_update={"key_share": True}, populate_existing=True)


def _credits(tx: Tx, order: ResellerOrder, reseller: Reseller, amount: Money, invoice: Document) -> None:
    """The lot remembers what it cost: the invoice without tax."""
    net = select(func.sum(DocumentLine.net_minor)).where(
        DocumentLine.document_id == invoice.id, DocumentLine.plan_id == order.plan_id
    )
    whole = int(tx.session.scalar(net) or 0)
    cost = Money(whole * amount.minor // order.credits_minor, invoice.currency)
    key = f"credits_bought:{order.id}:{order.times_given}"
    legs = [
        debit(AccountCode.CREDITS_ISSUED, amount),
        credit(AccountCode.CREDITS_AVAILABLE, amount, wallet(reseller)),
    ]
    entry_id = book(tx, reseller, "credits_bought", key, legs, document_id=invoice.id)
    order.lot_id = add_lot(tx, reseller, "purchase", amount, cost, entry_id).id
    repay(tx, reseller, key)
    audit(tx, "resellers.credits_bought", f"reseller:{reseller.id}", {"document_id": invoice.id, "key": key})
    data = {"reseller_id": reseller.id, "document_id": invoice.id, "credits_minor": amount.minor}
    emit(tx, "reseller.credits_bought", f"reseller:{reseller.id}", data)


def _start_up(tx: Tx, order: ResellerOrder, reseller: Reseller, amount: Money, invoice: Document) -> None:
    key = f"start_up:{reseller.id}:order:{order.id}:{order.times_given}"
    order.lot_id = start_up(tx, reseller, amount, key, invoice.id)
    audit(tx, "resellers.started_up", f"reseller:{reseller.id}", {"document_id": invoice.id, "key": key})


def _kept(tx: Tx, invoice: Document) -> int:
    """What money pays of it now: settled, less what credit notes have settled."""
    if invoice.kind != Kind.INVOICE:
        return 0
    notes = select(func.coalesce(func.sum(Allocation.amount_minor), 0)).where(
        Allocation.document_id == invoice.id, Allocation.credit_note_id.is_not(None)
    )
    return max(invoice.settled_minor - int(tx.session.scalar(notes) or 0), 0)


def _take_back(tx: Tx, order: ResellerOrder, reseller: Reseller, due: int, why: str) -> None:
    there = Money(min(due, max(balance(tx, reseller).minor, 0)), CREDITS)
    key = f"credits_taken_back:{order.id}:{order.times_given}:{order.taken_minor}:{order.missing_minor}"
    if there:
        take_last(tx, reseller, there, order.lot_id)
        legs = [
            debit(AccountCode.CREDITS_AVAILABLE, there, wallet(reseller)),
            credit(AccountCode.CREDITS_ISSUED, there),
        ]
        book(tx, reseller, "credits_taken_back", key, legs, why, document_id=order.document_id)
    order.taken_minor += there.minor
    order.missing_minor += due - there.minor
    told = {"taken_minor": there.minor, "missing_minor": due - there.minor, "why": why, "key": key}
    audit(tx, "resellers.credits_taken_back", f"reseller:{reseller.id}", told)
    emit(tx, "reseller.credits_taken_back", f"reseller:{reseller.id}", {"reseller_id": reseller.id, **told})


def _become(tx: Tx, plan: Plan, customer: Customer) -> None:
    """Whoever has paid for a reseller plan is one: the same customer, with all that it had before."""
    seller = tx.session.get_one(Seller, customer.seller_id)
    given = rights_from_plan(plan)
    if customer.buys_for_reseller_id is not None:
        reseller = _locked(tx, customer.buys_for_reseller_id)
        if plan.kind == "super_reseller":
            reseller.tier = plan.kind
        given = _joined(stored_rights(reseller.rights), given)
        reseller.rights = _allowed(tx, reseller.parent_id, seller.id, given)
    else:
        above = _locked(tx, customer.reseller_id) if customer.reseller_id else None
        there = above is not None and above.removed_on is None and above.tier == "super_reseller"
        parent = above if there and plan.kind == "reseller" else None
        reseller = Reseller(
            seller_id=seller.id,
            code=code_for(tx, "", customer.company or customer.name),
            name=customer.company or customer.name,
            tier=plan.kind,
            rights=_allowed(tx, parent.id if parent else None, seller.id, given),
            created_on=clock.today_in(seller.zone),
        )
        join_tree(tx, reseller, parent)
        customer.buys_for_reseller_id = reseller.id
    tx.session.flush()
    logins = rows_changed(
        tx.session,
        update(User)
        .where(User.customer_id == customer.id, User.role.in_(["customer", *TIERS]), User.family.is_(False))
        .values(role=reseller.tier, reseller_id=reseller.id),
    )
    if not logins and customer.email:
        give_login(tx, reseller, customer, customer.email)
    audit(tx, "resellers.joined", f"reseller:{reseller.id}", {"customer_id": customer.id, "plan": plan.code})
    emit(tx, "reseller.joined", f"reseller:{reseller.id}", {"reseller_id": reseller.id, "customer_id": customer.id})


def _joined(had: Rights, more: Rights) -> Rights:
    return Rights(
        tuple(dict.fromkeys([*had.sells, *more.sells])),
        max(had.trials_per_day, more.trials_per_day),
        had.terminate or more.terminate,
        had.refund_unused or more.refund_unused,
        had.refund_only_unwatched and more.refund_only_unwatched,
        min(had.floor_percent, more.floor_percent),
        had.own_shop or more.own_shop,
    )


def _allowed(tx: Tx, parent_id: int | None, seller_id: int, rights: Rights) -> dict[str, object]:
    """What money has bought must not fail: of the rights, those that stand."""
    above = effective_rights(tx.session, parent_id) if parent_id is not None else None
    known = set(
        tx.session.scalars(select(Plan.code).where(Plan.seller_id == seller_id, Plan.code.in_(list(rights.sells))))
    )
    rights = replace(rights, sells=tuple(code for code in rights.sells if code in known))
    return checked_rights(tx.session, seller_id, within(rights, above) if above else rights, above)
