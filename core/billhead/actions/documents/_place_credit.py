"""Where a credit note's amount goes: what is owed first, then back to the customer as credit or as a refund."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select

from billhead import clock
from billhead.actions.documents._subscriptions import about, subscriptions_of
from billhead.actions.documents._write_off import close_debt
from billhead.actions.ledger.post import post
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._allocating import (
    Freed,
    Source,
    lock_payers,
    locked_documents,
    put_on,
    settle_note,
    take_off,
)
from billhead.actions.payments._crediting import Return, locked_lots, to_credit
from billhead.actions.payments._paid import paid_in_full
from billhead.actions.payments._policy import money_back_of
from billhead.actions.payments._refunding import can_return, locked_payment, plan_refund, refundable
from billhead.db import Tx
from billhead.domain.document import OWED, Kind, State
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.payments import Refund
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["WAYS", "Placed", "place_credit_note"]

WAYS = ("credit", "refund", "keep")


@dataclass(slots=True)
class Placed:
    """Minor units: `on_documents` reduced what was owed, `credited` became credit, `refunded` is on its way to its
    source, `kept` stays open on the credit note."""

    on_documents: int = 0
    credited: int = 0
    refunded: int = 0
    kept: int = 0
    refund_ids: list[int] = field(default_factory=list)


def place_credit_note(tx: Tx, credit_note_id: int, way: str = "credit") -> Placed:
    """Place what is still open on a credit note; a second call finds nothing left to place.

    The documents that it corrects come first: what is open there is owed no more, and money that is then too much on
    them is free. By the seller's policy that pays the subscription's other open invoices, oldest first. The rest goes
    back: as `credit` (money as bought credit, a gift as the gift that it was), or as `refund`, as far as it came from
    payments that can be sent back. `keep` only reduces what is owed: the rest waits on the credit note.
    Raises InvalidInput (no such way), NotFound, or Conflict (no credit note, or a void one).
    """
    if way not in WAYS:
        raise InvalidInput("way", f"{way!r} is not one of {', '.join(WAYS)}")
    note = locked_documents(tx, [credit_note_id]).get(credit_note_id)
    if note is None:
        raise NotFound("credit note", credit_note_id)
    if note.kind != Kind.CREDIT_NOTE or note.state == State.VOID:
        raise Conflict(f"{note.number_text or note.id} is a {note.kind} ({note.state}): there is nothing to place")
    before = note.settled_minor
    seller = tx.session.get_one(Seller, note.seller_id)
    owed_elsewhere = way != "keep" and money_back_of(seller).credit_pays_open
    if way == "refund":
        lock_payers(tx, [document_id for document_id, _ in _corrects(tx, note)])
    corrected, others = _documents(tx, note, owed_elsewhere)
    _lock_subscriptions(tx, [note, *corrected, *others])
    placed, settled = Placed(), list[Document]()
    freed = _on_corrected(tx, note, corrected, way, placed, settled)
    for invoice in others:
        _on_other(tx, note, invoice, freed, placed, settled)
    _give_back(tx, note, before, freed, way, placed)
    placed.kept = note.total_minor - note.settled_minor
    for invoice in settled:
        paid_in_full(tx, seller, invoice)
    queue_notice(tx, note.customer_id, "credit_note", f"credit_note:{note.id}", {"document_id": note.id})
    return placed


def _documents(tx: Tx, note: Document, owed_elsewhere: bool) -> tuple[list[Document], list[Document]]:
    """What the note corrects, in its order, and others of the subscription that are owed; all of them locked."""
    first = [document_id for document_id, _ in _corrects(tx, note)]
    found: Sequence[int] = ()
    theirs = subscriptions_of(tx.session, note.id) if owed_elsewhere else []
    if theirs:
        found = tx.session.scalars(
            select(Document.id)
            .where(
                or_(*(about(subscription_id) for subscription_id in theirs)),
                Document.customer_id == note.customer_id,
                Document.owed(),
                Document.currency == note.currency,
                Document.id.not_in(first),
            )
            .order_by(Document.due_on, Document.id)
        ).all()
    locked = locked_documents(tx, [*first, *found])
    corrected = [locked[key] for key in first if locked[key].customer_id == note.customer_id]
    return corrected, [locked[key] for key in found if locked[key].state in OWED]


def _lock_subscriptions(tx: Tx, documents: Sequence[Document]) -> None:
    """Before any lot of credit, as the billing run does it: two that wait for each other in a circle would fail."""
    ids = sorted({found for one in documents for found in subscriptions_of(tx.session, one.id)})
    tx.session.execute(
        select(Subscription.id).where(Subscription.id.in_(ids)).order_by(Subscription.id).with_for_update()
    ).all()


def _corrects(tx: Tx, note: Document) -> list[tuple[int, int]]:
    """(document, how much of the note belongs there at most), in the order of the note's lines."""
    theirs = select(DocumentLine.id, DocumentLine.document_id).subquery()
    rows = tx.session.execute(
        select(theirs.c.document_id, DocumentLine.net_minor + DocumentLine.tax_minor)
        .join(theirs, theirs.c.id == DocumentLine.corrects_line_id)
        .where(DocumentLine.document_id == note.id)
        .order_by(DocumentLine.position)
    )
    found: dict[int, int] = {}
    for document_id, gross in rows:
        found[document_id] = found.get(document_id, 0) + int(gross)
    if not found and note.corrects_id is not None:
        found[note.corrects_id] = note.total_minor
    return list(found.items())


def _on_corrected(
    tx: Tx, note: Document, corrected: Sequence[Document], way: str, placed: Placed, settled: list[Document]
) -> list[Freed]:
    """Reduce the corrected documents; returns what their payers have paid too much now."""
    shares = dict(_corrects(tx, note))
    rows = tx.session.execute(
        select(Allocation.document_id, func.sum(Allocation.amount_minor))
        .where(Allocation.credit_note_id == note.id)
        .group_by(Allocation.document_id)
    )
    there = {document_id: int(minor) for document_id, minor in rows}
    freed: list[Freed] = []
    for invoice in corrected:
        if invoice.kind != Kind.INVOICE or invoice.state == State.VOID:
            continue
        left = note.total_minor - note.settled_minor
        minor = min(left, shares[invoice.id] - there.get(invoice.id, 0), invoice.total_minor)
        was = invoice.state
        surplus = max(invoice.settled_minor + minor - invoice.total_minor, 0)
        if way == "keep":
            minor, surplus = minor - surplus, 0
        back = take_off(tx, invoice, surplus)
        minor -= surplus - sum(one.minor for one in back)  # other credit notes hold the rest of it
        if minor <= 0:
            continue
        if put_on(tx, invoice, Source(credit_note_id=note.id), minor) and was != State.PAID:
            settled.append(invoice)
        settle_note(note, minor)
        placed.on_documents += minor - sum(one.minor for one in back)
        freed += back
        if was == State.WRITTEN_OFF and invoice.state in OWED:
            # less of the bad debt: what is left of it is no better for that
            close_debt(tx, invoice, clock.today_in(tx.session.get_one(Seller, invoice.seller_id).zone))
    return freed


def _on_other(
    tx: Tx, note: Document, invoice: Document, freed: list[Freed], placed: Placed, settled: list[Document]
) -> None:
    """Free money, then the note itself where it corrects no document, pays another invoice that is owed."""
    for source, minor in list(freed):
        part = min(minor, invoice.total_minor - invoice.settled_minor)
        if part:
            freed.remove(Freed(source, minor))
            if minor > part:
                freed.append(Freed(source, minor - part))
            placed.on_documents += part
            if put_on(tx, invoice, source, part):
                settled.append(invoice)
    part = min(note.total_minor - note.settled_minor, invoice.total_minor - invoice.settled_minor)
    if part > 0:
        if put_on(tx, invoice, Source(credit_note_id=note.id), part):
            settled.append(invoice)
        settle_note(note, part)
        placed.on_documents += part


def _give_back(tx: Tx, note: Document, before: int, freed: list[Freed], way: str, placed: Placed) -> None:
    if way == "keep":
        return
    customer = tx.session.get_one(Customer, note.customer_id)
    rest = note.total_minor - note.settled_minor
    key = f"credit_placed:{note.id}:{before}"
    if way == "refund":
        freed = _refunded(tx, note, freed, placed)
    why = Return("credit_placed", key, f"credit note {note.number_text}", note.id)
    to_credit(tx, customer, note.currency, freed, why)
    placed.credited += sum(one.minor for one in freed)
    if rest:  # it corrects nothing that somebody has paid: a kindness, to be spent here
        _as_credit(tx, note, customer, rest, key)
        settle_note(note, rest)
        placed.credited += rest


def _refunded(tx: Tx, note: Document, freed: Sequence[Freed], placed: Placed) -> list[Freed]:
    """Send back what came from payments that can be sent back; returns the rest."""
    kept: list[Freed] = []
    for payment_id, parts in sorted(_by_payment(tx, freed), key=lambda one: one[0]):
        minor = sum(one.minor for one in parts)
        payment = locked_payment(tx, payment_id) if payment_id else None
        if payment is None or refundable(payment) < minor or not can_return(tx, payment, minor):
            kept += parts
            continue
        legs = [debit(AccountCode.RECEIVABLE, Money(minor, note.currency))]
        taken = [("note", note.id, minor)]
        refund: Refund = plan_refund(
            tx, payment, legs, taken, reason=f"credit note {note.number_text}", credit_note_id=note.id
        )
        placed.refunded += minor
        placed.refund_ids.append(refund.id)
    return kept


def _by_payment(tx: Tx, freed: Sequence[Freed]) -> Iterator[tuple[int, list[Freed]]]:
    """What each payment brought in, be it through a lot of credit; 0 for gifts and for credit of unknown origin."""
    lots = locked_lots(tx, [one.source.customer_credit_id for one in freed if one.source.customer_credit_id])
    found: dict[int, list[Freed]] = {}
    for one in freed:
        lot: CustomerCredit | None = lots.get(one.source.customer_credit_id or 0)
        origin = one.source.payment_id if lot is None else lot.payment_id
        found.setdefault(origin or 0, []).append(one)
    yield from found.items()


def _as_credit(tx: Tx, note: Document, customer: Customer, minor: int, key: str) -> None:
    amount = Money(minor, note.currency)
    seller = tx.session.get_one(Seller, note.seller_id)
    legs = [debit(AccountCode.RECEIVABLE, amount), credit(AccountCode.CREDIT_BOUGHT, amount)]
    day = clock.today_in(seller.zone)
    entry_id = post(tx, seller.id, "credit_placed", day, f"{key}:rest", legs, customer_id=customer.id)
    tx.session.add(
        CustomerCredit(
            customer_id=customer.id,
            kind="bought",
            currency=note.currency,
            amount_minor=minor,
            remaining_minor=minor,
            reason=f"credit note {note.number_text}",
            credit_note_id=note.id,
            entry_id=entry_id,
            created_at=clock.now(),
        )
    )
