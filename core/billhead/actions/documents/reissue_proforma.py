"""Withdraw a proforma and offer the same anew, by the prices, parts and tax of today."""

from dataclasses import dataclass

from billhead.actions.billing._offered_anew import offer_anew
from billhead.actions.billing.first import first
from billhead.actions.documents._changeable import changeable, is_change
from billhead.actions.documents._moving import moved
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.document import Event, Kind, ProformaEvent, ProformaState
from billhead.domain.errors import Conflict
from billhead.domain.subscription import State
from billhead.models.subscriptions import Subscription

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
    return offer_anew(tx, subscription)
