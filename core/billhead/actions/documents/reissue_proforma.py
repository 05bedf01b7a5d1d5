"""Withdraw a proforma and offer the same anew, by the prices, parts and tax of today."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rating import Rater
from billhead.actions.billing._reading import ITEM, AsOf, chunk_of
from billhead.actions.billing.first import first
from billhead.actions.billing.rate import rate
from billhead.actions.billing.write import write_documents
from billhead.actions.documents._changeable import changeable, is_change
from billhead.actions.documents._moving import moved
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.document import Event, Kind, ProformaEvent, ProformaState
from billhead.domain.errors import Conflict
from billhead.domain.subscription import State
from billhead.models.subscriptions import Subscription
from billhead.plugin_host import plugins

__all__ = ["Reissued", "reissue_proforma"]


@dataclass(frozen=True, slots=True)
class Reissued:
    """The newest of the new proformas; what was merged is offered apart again."""

    document_id: int
    instead_of_id: int


@verb("documents.reissue_proforma", permission="documents.write")
def reissue_proforma(tx: Tx, document_id: int) -> Reissued:
    """The old one is void and the new one stands in its place: never are both open.

    Raises NotFound, or Conflict: settled, being paid, of a change of plan, or there is nothing to renew any more.
    """
    old = changeable(tx, document_id, also=(ProformaState.EXPIRED.value,))
    ids = subscriptions_of(tx.session, document_id)
    if old.kind != Kind.PROFORMA or not ids or is_change(tx, document_id):
        raise Conflict("only the proforma of an order or a renewal can be issued anew")
    moved(old, Event.VOID, ProformaEvent.VOID)
    tx.session.flush()
    made = [_offered(tx, one) for one in ids]
    audit(tx, "documents.reissued", f"document:{document_id}", {"as": made})
    return Reissued(made[-1], document_id)


def _offered(tx: Tx, subscription_id: int) -> int:
    subscription = tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    if subscription.state == State.PENDING:
        return first(tx, subscription_id)
    subscription.next_bill_on = clock.today_in(subscription.zone)
    tx.session.flush()
    catalogue, as_of = Catalogue(), AsOf(clock.business_now())
    rows = tx.session.execute(select(*ITEM).where(Subscription.id == subscription_id)).all()
    chunk = chunk_of(tx.session, catalogue, as_of, rows)
    rater = Rater(catalogue, plugins(), lambda seller_id: as_of.local(catalogue.sellers[seller_id].zone))
    rated, failures = rate(chunk, rater)
    if failures:
        raise Conflict(failures[0].error)
    written = write_documents(tx, rated, catalogue, observers=plugins().observers())
    if not written.documents:
        raise Conflict(f"subscription {subscription_id} has nothing to renew: it ends or has ended")
    return written.documents[0].document_id
