"""What becomes of the credit note of a cancellation, before it is written: as `place_credit_note` will place it."""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.billing._rated import Rated
from billhead.actions.documents._subscriptions import about
from billhead.actions.payments._policy import money_back_of
from billhead.bulk import among
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["on_what_is_owed"]


def on_what_is_owed(session: Session, subscription: Subscription, note: Rated) -> int:
    """Minor units of it that lower what is open: on the invoices that it corrects and, where the seller wants that, on
    others of the subscription."""
    given = {line.detail.corrects_line_id: line for line in note.lines if line.detail and line.detail.corrects_line_id}
    of_line = dict(
        session.execute(
            select(DocumentLine.id, DocumentLine.document_id).where(among(DocumentLine.id, list(given), session))
        ).all()
    )
    back: defaultdict[int, int] = defaultdict(int)
    for line_id, line in given.items():
        back[of_line[line_id]] += line.net_minor + line.tax_minor
    owed = dict(
        session.execute(
            select(Document.id, Document.total_minor - Document.settled_minor).where(
                about(subscription.id), Document.owed()
            )
        ).all()
    )
    if money_back_of(session.get_one(Seller, subscription.seller_id)).credit_pays_open:
        return min(note.total_minor, sum(owed.values()))
    return min(note.total_minor, sum(min(owed.get(document_id, 0), minor) for document_id, minor in back.items()))
