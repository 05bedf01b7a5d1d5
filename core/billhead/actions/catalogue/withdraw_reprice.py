"""Take back prices that existing subscriptions would have paid, before the day has come."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_, select, update

from billhead import clock
from billhead.actions.catalogue._billed_at import Stays, at_prices, billed_at, stays
from billhead.actions.catalogue._drafts_at import take_drafts_back
from billhead.actions.payments._attempts import under_way
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState, State
from billhead.domain.errors import Conflict, NotFound
from billhead.domain.payment import UNRESOLVED
from billhead.models.catalogue import Price, Reprice
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["RepriceWithdrawn", "withdraw_reprice"]


@dataclass(frozen=True, slots=True)
class RepriceWithdrawn:
    """`offers`: unpaid renewals at the new price, `drafts`: of invoices; they are void, and offered and billed anew at
    the old one. `stays`: what was billed at the new price and can't be taken back so."""

    reprice_id: int
    offers: int
    drafts: int
    stays: Stays


@verb("catalogue.withdraw_reprice", permission="catalogue.write")
def withdraw_reprice(tx: Tx, reprice_id: int) -> RepriceWithdrawn:
    """What new customers have bought at the new prices stays as it was sold. Who was told of the change is told again.

    So does what is billed or paid ahead, or being paid: a document that has a number is corrected by a credit note.
    Raises NotFound, and Conflict when the day has come in some zone, or it was withdrawn before.
    """
    session = tx.session
    row = session.get(Reprice, reprice_id, with_for_update=True)
    if row is None:
        raise NotFound("price change", reprice_id)
    if row.state in ("recalling", "withdrawn"):
        raise Conflict("this price change was withdrawn already")
    if row.existing_from <= clock.latest_today():
        raise Conflict(f"it holds since {row.existing_from}", hint="change the prices again instead")
    mine = list(session.scalars(select(Price.id).where(Price.reprice_id == reprice_id)))
    sold = exists().where(SubscriptionComponent.price_id == Price.id)
    today = clock.today_in(session.get_one(Seller, row.seller_id).zone)
    session.execute(update(Price).where(Price.id.in_(mine), ~sold).values(withdrawn_on=today))
    session.execute(update(Price).where(Price.id.in_(mine), sold).values(existing_from=None))
    # Only now: whoever was writing a document at one of these prices held it, and nobody writes another one.
    _lock_papers(tx, mine)
    offers, drafts = _take_offers_back(tx, mine), take_drafts_back(tx, mine)
    row = session.get_one(Reprice, reprice_id)
    row.state = "recalling" if row.told else "withdrawn"
    return RepriceWithdrawn(reprice_id, offers, drafts, stays(billed_at(session, reprice_id)))


def _lock_papers(tx: Tx, prices: list[int]) -> None:
    """What may be taken back, by id as everybody locks documents, and before any subscription."""
    line, part = DocumentLine, SubscriptionComponent
    theirs = select(line.document_id).join(part, part.id == line.component_id).where(*at_prices(prices))
    offer = (Document.kind == Kind.PROFORMA.value) & (Document.state == ProformaState.OPEN.value)
    draft = (Document.kind == Kind.INVOICE.value) & (Document.state == State.DRAFT.value)
    papers = select(Document.id).where(or_(offer, draft), Document.id.in_(theirs)).order_by(Document.id)
    tx.session.execute(papers.with_for_update(of=Document)).all()


def _take_offers_back(tx: Tx, prices: list[int]) -> int:
    """Open renewals at these prices of who had bought at another one. What is just being paid is left alone."""
    session, line = tx.session, DocumentLine
    session.flush()
    at_new_price: ColumnElement[bool] = exists().where(line.document_id == Document.id, *at_prices(prices))
    offers = list(
        session.scalars(
            select(Document.id)
            .where(
                Document.kind == Kind.PROFORMA.value,
                Document.state == ProformaState.OPEN.value,
                at_new_price,
                ~under_way(UNRESOLVED),
            )
            .with_for_update(of=Document)
        )
    )
    if not offers:
        return 0
    void = update(Document).where(Document.id.in_(offers)).values(state=ProformaState.VOID.value)
    session.execute(void.execution_options(synchronize_session=False))
    whose = select(line.subscription_id).where(line.document_id.in_(offers), line.subscription_id.is_not(None))
    again = (
        update(Subscription)
        .where(Subscription.id.in_(whose))
        .values(next_bill_on=clock.business_now().date(), version=Subscription.version + 1)
    )
    session.execute(again.execution_options(synchronize_session=False))
    session.expire_all()
    return len(offers)
