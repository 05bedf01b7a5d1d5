"""Let a late fee off: its invoice is void, and the stage charges it no more."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.documents.void_document import void_document
from billhead.actions.dunning.lift import lift_debt
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.documents import Document
from billhead.models.dunning import DunningStep
from billhead.models.sellers import Seller

__all__ = ["WaivedFee", "waive_late_fee"]


@dataclass(frozen=True, slots=True)
class WaivedFee:
    fee_document_id: int
    document_id: int


@verb("dunning.waive_late_fee", permission="money.correct")
def waive_late_fee(tx: Tx, fee_document_id: int, *, reason: str) -> WaivedFee:
    """Raises what `void_document` raises: a fee that was paid is given back by a credit note instead."""
    step = tx.session.scalar(
        select(DunningStep).where(DunningStep.fee_document_id == fee_document_id).with_for_update()
    )
    if step is None:
        raise NotFound("late fee", fee_document_id)
    fee = tx.session.get_one(Document, fee_document_id)
    about = subscriptions_of(tx.session, fee_document_id)
    void_document(tx, fee_document_id, reason=reason)
    step.fee_waived_on = clock.today_in(tx.session.get_one(Seller, fee.seller_id).zone)
    for subscription_id in about:
        lift_debt(tx, subscription_id)
    return WaivedFee(fee_document_id, step.document_id)
