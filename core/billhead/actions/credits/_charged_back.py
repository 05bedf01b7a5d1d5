"""What a customer owes because money that had paid it went back or did not come: until it is paid, they have less than
nothing to spend."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.payments._putting_back import open_on
from billhead.domain.payment import DisputeState
from billhead.models.credits import CustomerCredit, LentCredit
from billhead.models.documents import Document
from billhead.models.payments import Dispute, Payment

__all__ = ["charged_back_debt", "lent_debt"]


def charged_back_debt(session: Session, customer_id: int, currency: str) -> int:
    """Minor units that are open on documents which a charged-back payment, credit bought by it, or credit that was lent
    and not paid had paid."""
    session.flush()
    disputes = session.scalars(
        select(Dispute.taken)
        .join(Payment, Payment.id == Dispute.payment_id)
        .where(
            Payment.customer_id == customer_id, Payment.currency == currency, Dispute.state != DisputeState.WON.value
        )
    )
    return _open_of(session, [*disputes, *_lent(session, customer_id, currency)])


def lent_debt(session: Session, customer_id: int, currency: str) -> int:
    """What of it only credit that was lent and not paid had paid."""
    session.flush()
    return _open_of(session, _lent(session, customer_id, currency))


def _lent(session: Session, customer_id: int, currency: str) -> list[list[Any]]:
    mine = LentCredit.customer_id == customer_id, LentCredit.state == "taken_back"
    lots = select(LentCredit.taken).join(CustomerCredit, CustomerCredit.id == LentCredit.lot_id)
    return list(session.scalars(lots.where(*mine, CustomerCredit.currency == currency)))


def _open_of(session: Session, all_taken: Iterable[list[Any]]) -> int:
    taken: dict[int, int] = {}
    for rows in all_taken:
        for what, key, minor in rows:
            if what == "document":
                taken[key] = taken.get(key, 0) + minor
    if not taken:
        return 0
    documents = session.scalars(select(Document).where(Document.id.in_(taken)))
    return sum(min(taken[document.id], open_on(document)) for document in documents)
