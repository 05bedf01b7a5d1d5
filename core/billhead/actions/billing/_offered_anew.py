"""A renewal that is offered at once, whatever the run has seen of the subscription, and also when it has expired."""

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rating import Rater
from billhead.actions.billing._reading import ITEM, AsOf, chunk_of
from billhead.actions.billing.rate import rate
from billhead.actions.billing.write import write_documents
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.subscriptions import Subscription
from billhead.plugin_host import plugins

__all__ = ["offer_anew"]


def offer_anew(tx: Tx, subscription: Subscription) -> int:
    """Returns the document. The caller holds it locked, and no offer of it is open. Raises Conflict."""
    subscription.next_bill_on = clock.today_in(subscription.zone)
    tx.session.flush()
    catalogue, as_of = Catalogue(), AsOf(clock.business_now())
    rows = tx.session.execute(select(*ITEM).where(Subscription.id == subscription.id)).all()
    chunk = chunk_of(tx.session, catalogue, as_of, rows)
    rater = Rater(catalogue, plugins(), lambda seller_id: as_of.local(catalogue.sellers[seller_id].zone))
    rated, failures = rate(chunk, rater)
    if failures:
        raise Conflict(failures[0].error)
    written = write_documents(tx, rated, catalogue, observers=plugins().observers())
    if not written.documents:
        raise Conflict(f"subscription {subscription.id} has nothing to renew: it ends or has ended")
    return written.documents[0].document_id
