"""Void a document on which nothing is paid. A final one keeps its number, and an entry takes its amounts back."""

from dataclasses import dataclass

from sqlalchemy import update

from billhead import clock
from billhead.actions.credits._lending import take_back
from billhead.actions.documents._days_bought import let_days_follow
from billhead.actions.documents._releasing import release
from billhead.actions.documents._untouched import must_be_untouched
from billhead.actions.events import emit
from billhead.actions.ledger._reversing import reverse
from billhead.actions.payments._allocating import locked_documents
from billhead.actions.payments._paid import give_away_time
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.document import (
    PROFORMA_TRANSITIONS,
    TRANSITIONS,
    Event,
    Kind,
    ProformaEvent,
    ProformaState,
    State,
)
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.state import next_state
from billhead.models.sellers import Seller
from billhead.models.subscriptions import SubscriptionChange

__all__ = ["Voided", "void_document"]


@dataclass(frozen=True, slots=True)
class Voided:
    document_id: int
    number_text: str
    total_minor: int


@verb("documents.void", permission="money.correct")
def void_document(tx: Tx, document_id: int, *, reason: str, given_away: bool = False) -> Voided:
    """Void a proforma, or an invoice or credit note that nothing was settled on; what it would have earned is not.

    What a void draft was for is billed anew by the next run. The time of a final invoice is given away: no run bills it
    again, since its lines stay; so is that of a draft with `given_away`. What only this debt had stopped runs again.

    Raises NotFound, InvalidInput (no reason), IllegalTransition, or Conflict: something is paid (give it back first),
    a payment of it is under way, or a credit note corrects it.
    """
    if not reason.strip():
        raise InvalidInput("reason", "is needed")
    document = locked_documents(tx, [document_id]).get(document_id)
    scope = tx.ctx.scope
    if document is None or not (scope.everything or scope.customer_id == document.customer_id):
        raise NotFound("document", document_id)
    must_be_untouched(tx, document)
    if document.kind == Kind.PROFORMA:
        state = next_state(PROFORMA_TRANSITIONS, ProformaState(document.state), ProformaEvent.VOID)
        document.state = state.value
        offered = (SubscriptionChange.document_id == document_id, SubscriptionChange.state == "offered")
        tx.session.execute(update(SubscriptionChange).where(*offered).values(state="withdrawn"))
        take_back(tx, document_id)
    else:
        # whoever may make it void needs no right over subscriptions for what follows by itself
        house, final = Tx(Context.system("documents:void"), tx.session), document.state != State.DRAFT
        seller = tx.session.get_one(Seller, document.seller_id)
        if document.state == State.DRAFT:
            if not given_away:
                release(tx, document)
            document.finalise_on = None
        document.state = next_state(TRANSITIONS, State(document.state), Event.VOID).value
        if document.entry_id is not None:
            day = clock.today_in(seller.zone)
            document.closing_entry_id = reverse(tx, document.entry_id, "void", day, f"void:{document.id}")
        if final and document.kind == Kind.INVOICE:
            give_away_time(house, seller, document)
        let_days_follow(tx, document.id)
    data = {"document_id": document.id, "customer_id": document.customer_id}
    emit(tx, "document.voided", f"document:{document.id}", data)
    return Voided(document.id, document.number_text, document.total_minor)
