"""Give back what somebody paid for one entitlement, wherever its money is by now."""

from sqlalchemy import select

from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.void_document import void_document
from billhead.actions.entitlements._passes import return_use
from billhead.actions.entitlements._waiting_again import ONCE
from billhead.actions.events import emit
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState
from billhead.domain.entitlement import TRANSITIONS, Event, State
from billhead.domain.errors import Conflict
from billhead.domain.state import next_state
from billhead.models.documents import Document, DocumentLine
from billhead.models.entitlements import Entitlement
from billhead.models.subscriptions import Subscription

__all__ = ["give_back"]


def give_back(tx: Tx, one: Entitlement, reason: str) -> int:
    """Minor units that were given back: nothing of what was not paid or billed yet.

    An open proforma is void, a charge that waits is dropped, and an invoice corrected by a credit note that becomes
    the customer's credit; what was had by a pass is a use of it again.
    Raises Conflict where the invoice is a draft still.
    """
    paid = 0
    if one.state == State.OFFERED:
        _withdraw(tx, one, reason)
    elif one.pass_id is not None:
        one.state = next_state(TRANSITIONS, State(one.state), Event.REFUND).value
        return_use(tx, one.pass_id)
    elif one.document_id is None:
        one.waits_until = None
        one.state = next_state(TRANSITIONS, State(one.state), Event.REFUND).value
        tx.session.get_one(Subscription, one.subscription_id, with_for_update=True).version += 1
    else:
        one.state = next_state(TRANSITIONS, State(one.state), Event.REFUND).value
        correction = Correction(_line(tx, one))
        paid = issue_credit_note(tx, one.document_id, [correction], reason=reason).total_minor
    tx.session.flush()
    if one.valid_from is not None:
        enqueue(tx, "entitlements.follow", {"entitlement_id": one.id}, key=f"window:{one.id}:given_back")
    data = {"entitlement_id": one.id, "subscription_id": one.subscription_id}
    emit(tx, "entitlement.closed", f"subscription:{one.subscription_id}", data)
    return paid


def _withdraw(tx: Tx, one: Entitlement, reason: str) -> None:
    one.state = next_state(TRANSITIONS, State(one.state), Event.WITHDRAW).value
    offer = tx.session.get(Document, one.document_id) if one.document_id else None
    waiting = (ProformaState.OPEN, ProformaState.EXPIRED)
    if offer is not None and offer.kind == Kind.PROFORMA and offer.state in waiting:
        void_document(tx, offer.id, reason=reason)


def _line(tx: Tx, one: Entitlement) -> int:
    """Its line: named after it where it waited for the invoice, else the only one of its own document."""
    mine = DocumentLine.document_id == one.document_id, DocumentLine.plan_id == one.plan_id
    kinds = DocumentLine.kind.in_([f"{ONCE}{one.id}", "one_off"])
    found = tx.session.scalars(select(DocumentLine.id).where(*mine, kinds).order_by(DocumentLine.kind.desc())).first()
    if found is None:
        raise Conflict(f"document {one.document_id} has no line for it", hint="correct the document by hand")
    return found
