"""Issue one document within another action's transaction: a batch of one through the run's own code.

How to bill something that no subscription's calendar makes due (a one-off, a top-up, a correction):

    rater, catalogue = rater_now()                        # this folder's _rating, _draft and _rated
    catalogue.need(tx.session, sellers={seller_id}, plans={plan_id}, prices={price_id})
    draft = Draft("invoice", "EUR", order_lines([Part(None, plan_id, price_id, 1)], catalogue, "EUR", ""), False, None)
    (answer,) = rater.rate_cases([Case(draft, buyer, seller_id, None, None, today)])
    issue_invoice(tx, raised(answer))

What a customer orders is a proforma first (`first`) and an invoice when it is paid (`settle_proforma`).
"""

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Rated
from billhead.actions.billing.write import WrittenDocument, write_documents
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.plugin_host import plugins

__all__ = ["issue_invoice"]


def issue_invoice(tx: Tx, rated: Rated) -> WrittenDocument:
    """Write one rated document (invoice or proforma) and everything that follows from it; its id and number.

    Raises Conflict when the subscription or a credit lot was changed since it was read: read and rate it again.
    """
    catalogue = Catalogue()
    catalogue.need(tx.session, sellers={rated.seller_id})
    written = write_documents(tx, [rated], catalogue, observers=plugins().observers())
    if written.stale:
        raise Conflict(f"subscription {rated.subscription_id} was changed by somebody else just now", hint="try again")
    return written.documents[0]
