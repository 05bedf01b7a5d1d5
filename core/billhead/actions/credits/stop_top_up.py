"""Stop topping up a customer's credit by itself, as after a complaint: what was ordered so and is not paid is void."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.credits._top_up import BY_STAFF, stop_auto_top_up
from billhead.actions.documents._moving import moved
from billhead.actions.payments._attempts import under_way
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import Event, ProformaEvent, ProformaState
from billhead.domain.errors import Conflict, NotFound
from billhead.domain.payment import UNRESOLVED
from billhead.models.credits import AutoTopUp, CustomerWallet
from billhead.models.documents import Document
from billhead.models.people import Customer

__all__ = ["TopUpStopped", "stop_top_up"]


@dataclass(frozen=True, slots=True)
class TopUpStopped:
    """`voided`: orders that nobody was charged for yet. A charge that is under way goes on, and is not tried again."""

    customer_id: int
    voided: int


@verb("credits.stop_top_up", permission="credits.write")
def stop_top_up(tx: Tx, customer_id: int) -> TopUpStopped:
    """The customer is told, and may turn it on again. What has stopped by itself, as after a chargeback, can be stopped
    too: its order may wait still. Raises NotFound, or Conflict where nothing is topped up."""
    if tx.session.get(Customer, customer_id, with_for_update=True) is None:
        raise NotFound("customer", customer_id)
    wallet = tx.session.get(CustomerWallet, customer_id, with_for_update=True)
    if wallet is None or not wallet.top_up_minor or wallet.stopped_because == BY_STAFF:
        raise Conflict("this customer's credit is not topped up by itself")
    waiting = tx.session.scalars(
        select(Document)
        .join(AutoTopUp, AutoTopUp.document_id == Document.id)
        .where(
            AutoTopUp.customer_id == customer_id,
            Document.state == ProformaState.OPEN.value,
            ~under_way(UNRESOLVED),
        )
        .with_for_update(of=Document)
    ).all()
    for document in waiting:
        moved(document, Event.VOID, ProformaEvent.VOID)
    if wallet.stopped_because:
        wallet.stopped_because = BY_STAFF  # they were told when it stopped
    stop_auto_top_up(tx, customer_id, BY_STAFF)
    return TopUpStopped(customer_id, len(waiting))
