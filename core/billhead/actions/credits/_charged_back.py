"""What a customer owes because a bank took money back: until it is paid, they have less than nothing to spend."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.payments._putting_back import open_on
from billhead.domain.payment import DisputeState
from billhead.models.documents import Document
from billhead.models.payments import Dispute, Payment

__all__ = ["charged_back_debt"]


def charged_back_debt(session: Session, customer_id: int, currency: str) -> int:
    """Minor units that are open on documents which a charged-back payment, or credit bought by it, had paid."""
    session.flush()
    disputes = session.execute(
        select(Dispute.taken)
        .join(Payment, Payment.id == Dispute.payment_id)
        .where(
            Payment.customer_id == customer_id, Payment.currency == currency, Dispute.state != DisputeState.WON.value
        )
    )
    taken: dict[int, int] = {}
    for (rows,) in disputes:
        for what, key, minor in rows:
            if what == "document":
                taken[key] = taken.get(key, 0) + minor
    if not taken:
        return 0
    documents = session.scalars(select(Document).where(Document.id.in_(taken)))
    return sum(min(taken[document.id], open_on(document)) for document in documents)
