"""Money that was taken for a refund or a chargeback is ours again: it goes back to where it was taken from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from billhead import clock
from billhead.actions.credits._bonus import bonus_lots
from billhead.actions.payments._allocating import Source, locked_documents, put_on
from billhead.actions.payments._crediting import locked_lots
from billhead.actions.payments._paid import paid_in_full
from billhead.actions.payments._paid_orders import bonus_comes_again, orders_of
from billhead.db import Tx
from billhead.domain.document import OWED, Kind, State
from billhead.domain.ledger import AccountCode, Posting, credit
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.payments import Payment
from billhead.models.sellers import Seller

__all__ = ["PutBack", "open_on", "put_back"]


@dataclass(slots=True)
class PutBack:
    """Minor units: what pays documents again, and what is credit. `settled`: the documents that are paid now."""

    on_documents: int = 0
    credited: int = 0
    settled: list[Document] = field(default_factory=list)

    def legs(self, currency: str) -> list[Posting]:
        """The credits: owed no more, and more credit."""
        parts = {AccountCode.RECEIVABLE: self.on_documents, AccountCode.CREDIT_BOUGHT: self.credited}
        return [credit(account, Money(minor, currency)) for account, minor in parts.items() if minor]

    def tell(self, tx: Tx) -> None:
        """What follows for the documents that are paid now; after the entry is posted.

        One that was taken from again in the meantime, for another dispute, is left out.
        """
        for invoice in (one for one in self.settled if not open_on(one)):
            paid_in_full(tx, tx.session.get_one(Seller, invoice.seller_id), invoice)


def open_on(document: Document) -> int:
    """Minor units that money can still pay of it; nothing of a void one."""
    takes = document.kind == Kind.INVOICE and (document.state in OWED or document.state == State.WRITTEN_OFF)
    return document.total_minor - document.settled_minor if takes else 0


def put_back(
    tx: Tx, payment: Payment, taken: Sequence[Sequence[Any]], reason: str, credit_note_id: int | None = None
) -> PutBack:
    """A document takes what is open on it still, a lot what it had given, a bonus comes again as far as the money for
    it is here; everything else becomes credit."""
    documents = locked_documents(tx, [key for what, key, _ in taken if what == "document"])
    orders = orders_of(tx, payment)
    lots = locked_lots(tx, [*(key for what, key, _ in taken if what == "credit"), *bonus_lots(tx, orders)])
    back, over = PutBack(), 0
    for what, key, minor in taken:
        if what == "document":
            part = min(minor, open_on(documents[key]))
            if put_on(tx, documents[key], Source(payment.id), part):
                back.settled.append(documents[key])
            back.on_documents += part
            over += minor - part
        elif what == "credit":
            lots[key].remaining_minor += minor
            back.credited += minor
        elif what != "bonus":
            over += minor
    for order_id in orders:
        bonus_comes_again(tx, order_id)
    if over:
        back.credited += over
        tx.session.add(
            CustomerCredit(
                customer_id=payment.customer_id,
                kind="bought",
                currency=payment.currency,
                amount_minor=over,
                remaining_minor=over,
                reason=reason,
                payment_id=payment.id,
                credit_note_id=credit_note_id,
                created_at=clock.now(),
            )
        )
    return back
