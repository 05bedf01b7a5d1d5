"""Issue one document within another action's transaction: a batch of one through the run's own code.

How to bill something that no subscription's calendar makes due (a one-off, a top-up, a correction):

    rater, catalogue = rater_now()
    catalogue.need(tx.session, sellers={seller_id}, plans={plan_id}, prices={price_id})
    draft = Draft("invoice", "EUR", order_lines([Part(None, plan_id, price_id, 1)], catalogue, "EUR", ""), False, None)
    (answer,) = rater.rate_cases([Case(draft, buyer, seller_id, None, None, today)])
    issue_invoice(tx, raised(answer))

What a customer orders is a proforma first (`first`) and an invoice when it is paid (`settle_proforma`).
"""

from billhead import clock
from billhead.actions.billing.catalogue import Catalogue
from billhead.actions.billing.rate import Rater
from billhead.actions.billing.rated import Rated
from billhead.actions.billing.write import WrittenDocument, write_documents
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict
from billhead.plugin_host import plugins

__all__ = ["issue_invoice", "raised", "rater_now"]


def rater_now() -> tuple[Rater, Catalogue]:
    """A rater for documents that are dated today in their seller's zone, and the catalogue that it reads from."""
    catalogue = Catalogue()
    return Rater(catalogue, plugins(), lambda seller_id: clock.today_in(catalogue.sellers[seller_id].zone)), catalogue


def raised(answer: Rated | BillheadError) -> Rated:
    """The rated document, or its error raised: a single one has nobody else to go on for."""
    if isinstance(answer, BillheadError):
        raise answer
    return answer


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
