"""Proformas that nobody has paid in time expire; what was only reserved for them is free again."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.coupons._entering import lock_orders
from billhead.actions.credits._lending import take_back
from billhead.actions.documents._changeable import is_being_paid
from billhead.actions.documents._subscriptions import open_offers, subscriptions_of
from billhead.actions.events import emit
from billhead.actions.subscriptions._never_paid import end_unpaid
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import PROFORMA_TRANSITIONS, ProformaEvent, ProformaState
from billhead.domain.state import next_state
from billhead.models.documents import Document
from billhead.models.sellers import Seller

__all__ = ["Expired", "expire_proformas"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Expired:
    """`released`: subscriptions that were ordered and never paid. `next_after` as in the other batches."""

    expired: int
    released: int
    next_after: int


@verb("documents.expire_proformas", permission="documents.write")
def expire_proformas(tx: Tx, after_id: int = 0) -> Expired:
    """One batch, by document id: the seller's `proforma_days` after they were due, in the seller's zone.

    A renewal that is paid after that is still settled. An order that was never paid ends: its logins and places on
    panels are free, and money that comes for it later is the customer's credit.
    """
    horizon = clock.latest_today()
    rows = tx.session.execute(
        select(Document, Seller)
        .join(Seller, Seller.id == Document.seller_id)
        .where(Document.state == ProformaState.OPEN.value, Document.due_on <= horizon, Document.id > after_id)
        .order_by(Document.id)
        .limit(_BATCH)
        .with_for_update(of=Document, skip_locked=True)
    ).all()
    over: set[int] = set()
    expired = 0
    for document, seller in rows:
        kept_open = clock.today_in(seller.zone) - timedelta(days=seller.proforma_days)
        if document.due_on is None or document.due_on >= kept_open or is_being_paid(tx, document.id):
            continue
        state = ProformaState(document.state)
        document.state = next_state(PROFORMA_TRANSITIONS, state, ProformaEvent.EXPIRE).value
        take_back(tx, document.id)
        data = {"document_id": document.id, "customer_id": document.customer_id}
        emit(tx, "document.expired", f"document:{document.id}", data)
        expired += 1
        over.update(subscriptions_of(tx.session, document.id))
    lock_orders(tx, over)
    over -= open_offers(tx.session, over, ProformaState.OPEN.value).keys()
    released = sum(end_unpaid(tx, subscription_id, "never paid") for subscription_id in sorted(over))
    return Expired(expired, released, next_after=rows[-1][0].id if len(rows) == _BATCH else 0)
