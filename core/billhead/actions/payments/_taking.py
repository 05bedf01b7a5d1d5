"""Take a payment's money from wherever it is: from the credit that it became, then off the documents that it pays.

Credit comes first, so that nobody is paid twice: what a credit note has given back as credit leaves with the refund.
What is taken off a document is owed there again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import or_, select

from billhead.actions.credits._bonus import bonus_lots, take_bonus_back
from billhead.actions.payments._allocating import Freed, Source, locked_documents, take_off
from billhead.actions.payments._crediting import locked_lots
from billhead.actions.payments._paid_orders import lost_of
from billhead.actions.payments._refunding import Taken
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.ledger import AccountCode, Posting, debit
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document
from billhead.models.payments import Payment

__all__ = ["TakenFrom", "take_payment"]


@dataclass(slots=True)
class TakenFrom:
    """What was taken of a payment, and the documents that are owed again. Minor units."""

    from_credit: int = 0
    reopened: dict[int, int] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    freed: list[Freed] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.from_credit + sum(self.reopened.values())

    def legs(self, currency: str) -> list[Posting]:
        """The debits: less credit, and owed again."""
        parts = {AccountCode.CREDIT_BOUGHT: self.from_credit, AccountCode.RECEIVABLE: sum(self.reopened.values())}
        return [debit(account, Money(minor, currency)) for account, minor in parts.items() if minor]


def take_payment(
    tx: Tx, payment: Payment, minor: int, *, from_credit: bool = True, only_document: int | None = None
) -> TakenFrom:
    """Take so much of a locked payment: from credit, the newest first, then off documents, what was paid last first.

    Raises Conflict when so much is not there (a part of it has expired, or is in nobody's reach).
    """
    result = TakenFrom()
    tx.session.flush()
    mine = select(CustomerCredit.id, CustomerCredit.order_id).where(CustomerCredit.payment_id == payment.id)
    order_of = {row.id: row.order_id for row in tx.session.execute(mine)}
    lot_ids = list(order_of)
    gift_ids = bonus_lots(tx, {one for one in order_of.values() if one is not None}) if from_credit else []
    document_ids = _paid_by(tx, payment, lot_ids)
    if only_document is not None:
        document_ids = [key for key in document_ids if key == only_document]
    documents = locked_documents(tx, document_ids)
    lots = locked_lots(tx, [*lot_ids, *gift_ids])
    left = minor
    for lot in sorted((lots[key] for key in lot_ids), key=lambda one: -one.id) if from_credit else ():
        part = min(left, lot.remaining_minor)
        if part:
            lot.remaining_minor -= part
            result.from_credit += part
            result.taken.append(("credit", lot.id, part))
            left -= part
    for key in document_ids:
        if not left:
            break
        freed = _off(tx, documents[key], left, [Source(payment.id), *(Source(None, lot_id) for lot_id in lot_ids)])
        part = sum(one.minor for one in freed)
        if part:
            result.reopened[key] = part
            result.taken.append(("document", key, part))
            result.freed += freed
            result.documents.append(documents[key])
            left -= part
    if left:
        there = Money(minor - left, payment.currency)
        raise Conflict(f"only {there} of this payment can be taken back", code="not_there")
    gifts = [lots[key] for key in sorted(gift_ids)]
    for order_id, part in _of_orders(result, order_of).items():
        theirs = [one for one in gifts if one.order_id == order_id]
        lost = lost_of(tx, order_id, part) if theirs else 0
        result.taken += [("bonus", *gone) for gone in take_bonus_back(tx, order_id, theirs, lost)]
    return result


def _of_orders(found: TakenFrom, order_of: Mapping[int, int | None]) -> dict[int, int]:
    """Order of credit → what was taken of the money that paid it, as credit or off what it was spent on."""
    parts = [(key, minor) for what, key, minor in found.taken if what == "credit"]
    parts += [(source.customer_credit_id or 0, minor) for source, minor in found.freed]
    gone: dict[int, int] = {}
    for lot_id, minor in parts:
        order_id = order_of.get(lot_id)
        if order_id is not None:
            gone[order_id] = gone.get(order_id, 0) + minor
    return gone


def _paid_by(tx: Tx, payment: Payment, lot_ids: list[int]) -> list[int]:
    """The documents that this money was ever put on; the one that was paid last comes first."""
    rows = tx.session.execute(
        select(Allocation.document_id, Allocation.id)
        .where(or_(Allocation.payment_id == payment.id, Allocation.customer_credit_id.in_(lot_ids)))
        .order_by(Allocation.id.desc())
    )
    return list(dict.fromkeys(document_id for document_id, _ in rows))


def _off(tx: Tx, document: Document, minor: int, sources: list[Source]) -> list[Freed]:
    freed: list[Freed] = []
    for source in sources:
        freed += take_off(tx, document, minor - sum(one.minor for one in freed), source)
    return freed
