"""One movement that the bank has booked: put it on what the payer named, or keep it until it is known whose it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, exists, func, select
from sqlalchemy.exc import IntegrityError

from billhead import clock
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._named import documents_of_entry
from billhead.actions.payments._taken_back import take_back
from billhead.actions.payments._transfers import announced, answer_proofs, manual_account, succeed
from billhead.actions.payments.keep_unassigned import keep_unassigned
from billhead.actions.subscriptions._offers import locked_to_pay
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.models.banking import BankEntry
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt, UnassignedMoney
from billhead.models.people import Customer
from billhead.plugin import StatementEntry, StatementKind

__all__ = ["TakenEntry", "take_entry"]

_BOOKED_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TakenEntry:
    """`state`: booked, linked, unassigned, reversed, open as of the row; known: another file has told of it before."""

    entry_id: int
    state: str
    why: str = ""
    payment_id: int | None = None


@verb("payments.take_entry", permission="payments.write")
def take_entry(tx: Tx, account_id: int, entry: StatementEntry) -> TakenEntry:
    """Each entry counts once, whichever files tell of it. Money that names documents of one customer is put on them,
    oldest due first, and what is more becomes their credit; all other money waits in suspense, with the reason.

    Raises NotFound, or Conflict when the account's gateway reports by itself.
    """
    account = manual_account(tx, account_id)
    row = _new_row(tx, account, entry)
    if row is None:
        known = tx.session.scalars(_same(account.id, entry)).first()
        return TakenEntry(known.id if known else 0, "known")
    if entry.kind is StatementKind.TAKEN_BACK:
        take_back(tx, row, entry, documents_of_entry(tx.session, account.seller_id, entry))
    elif entry.kind is StatementKind.SENT_BACK:
        _keep(tx, row, f"what was sent to {row.payer or 'somebody'} has come back: {entry.reason or 'no reason given'}")
    else:
        _received(tx, account, row, entry)
    tx.session.flush()
    return TakenEntry(row.id, row.state, row.why, row.payment_id)


def _same(account_id: int, entry: StatementEntry) -> Select[BankEntry]:
    return select(BankEntry).where(
        BankEntry.account_id == account_id,
        BankEntry.kind == entry.kind.value,
        BankEntry.servicer_ref == entry.servicer_ref,
        # a batch may be told as one sum in one file and by its parts in another
        (BankEntry.part == entry.part) | (BankEntry.parts != entry.parts),
    )


def _new_row(tx: Tx, account: GatewayAccount, entry: StatementEntry) -> BankEntry | None:
    """The row, or None if there is one: of several imports at once the database lets one through."""
    if tx.session.scalars(_same(account.id, entry)).first() is not None:
        return None
    row = BankEntry(
        account_id=account.id,
        kind=entry.kind.value,
        servicer_ref=entry.servicer_ref,
        part=entry.part,
        parts=entry.parts,
        amount_minor=entry.amount.minor,
        currency=entry.amount.currency,
        booked_on=entry.booked_on,
        payer=entry.payer,
        payer_iban=entry.payer_iban,
        said=" · ".join([*entry.references, *entry.note])[:1000],
        end_to_end_id=entry.end_to_end_id,
        state="open",
        taken_at=clock.now(),
    )
    try:
        with tx.session.begin_nested():
            tx.session.add(row)
    except IntegrityError:
        return None
    return row


def _received(tx: Tx, account: GatewayAccount, row: BankEntry, entry: StatementEntry) -> None:
    if _linked_by_reference(tx, row):
        return
    documents = documents_of_entry(tx.session, account.seller_id, entry)
    why = _unclear(documents, entry)
    if why:
        _keep(tx, row, why)
        return
    ids = [document.id for document in documents]
    attempt = announced(tx, ids, account.id)  # before the documents
    locked = locked_to_pay(tx, ids)  # before their customer, as everywhere
    documents = [locked[document.id] for document in documents]
    customer = tx.session.get_one(Customer, documents[0].customer_id, with_for_update=True)
    by_hand = _booked_by_hand(tx, row, customer.id)
    if by_hand is not None:
        row.state, row.payment_id, row.why = "linked", by_hand, "staff had booked it by hand"
        return
    try:
        with tx.session.begin_nested():
            _book(tx, account, row, documents, customer, attempt)
    except (Conflict, InvalidInput) as refused:
        _keep(tx, row, str(refused)[:300])


def _unclear(documents: Sequence[Document], entry: StatementEntry) -> str:
    """Why it is not put on the documents; nothing if they are one customer's and of its currency."""
    if not documents:
        return "it names no document"
    if len({document.customer_id for document in documents}) > 1:
        return "it names documents of several customers"
    others = {document.currency for document in documents} - {entry.amount.currency}
    return f"it names a document in {others.pop()}" if others else ""


def _book(
    tx: Tx,
    account: GatewayAccount,
    row: BankEntry,
    documents: Sequence[Document],
    customer: Customer,
    attempt: PaymentAttempt | None,
) -> None:
    if attempt is not None:
        succeed(attempt)
    receipt = Receipt(account, _amount(row), _provider_ref(row), attempt.id if attempt else None)
    payment = book(tx, documents, receipt, customer)
    answer_proofs(tx, payment)
    row.state, row.payment_id = "booked", payment.id


def _keep(tx: Tx, row: BankEntry, why: str) -> None:
    row.why = why
    amount = _amount(row)
    payer = " ".join(part for part in (row.payer, row.payer_iban) if part)
    try:
        kept = keep_unassigned(tx, row.account_id, amount.minor, amount.currency, _provider_ref(row), payer)
    except BillheadError as refused:
        row.why = f"{why}; {refused.message}"[:500]  # it stays open, and a person has to look
        return
    row.state, row.unassigned_money_id = "unassigned", kept.unassigned_money_id


def _amount(row: BankEntry) -> Money:
    return Money(row.amount_minor, row.currency)


def _provider_ref(row: BankEntry) -> str:
    return f"{row.servicer_ref}/{row.part + 1}" if row.part else row.servicer_ref


def _linked_by_reference(tx: Tx, row: BankEntry) -> bool:
    """Staff have booked it, or kept it, under the bank's own reference."""
    same = {"account_id": row.account_id, "provider_ref": _provider_ref(row)}
    payment = tx.session.scalar(select(Payment).filter_by(**same))
    kept = tx.session.scalar(select(UnassignedMoney).filter_by(**same))
    if payment is None and kept is None:
        return False
    row.state, row.why = "linked", "staff had booked it under this reference"
    row.payment_id = payment.id if payment is not None else None
    row.unassigned_money_id = kept.id if kept is not None else None
    return True


def _booked_by_hand(tx: Tx, row: BankEntry, customer_id: int) -> int | None:
    """A payment of the same amount that staff have booked within a month, and that no other entry stands for."""
    other = exists().where(BankEntry.payment_id == Payment.id)
    assigned = exists().where(
        BankEntry.unassigned_money_id == UnassignedMoney.id, UnassignedMoney.payment_id == Payment.id
    )
    return tx.session.scalar(
        select(func.min(Payment.id)).where(
            Payment.account_id == row.account_id,
            Payment.customer_id == customer_id,
            Payment.amount_minor == row.amount_minor,
            Payment.currency == row.currency,
            Payment.received_at > clock.business_now() - _BOOKED_BEFORE,
            ~other,
            ~assigned,
        )
    )
