"""Drafts that bill prices which were taken back: void, so that the next run bills what holds now."""

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Rated
from billhead.actions.billing._rating import Rater
from billhead.actions.billing._reading import ITEM, AsOf, chunk_of
from billhead.actions.billing.rate import rate
from billhead.actions.billing.write import write_documents
from billhead.actions.catalogue._billed_at import at_prices
from billhead.actions.documents._changeable import lines_of, recompute
from billhead.actions.documents._moving import set_apart
from billhead.actions.documents.void_document import void_document
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.document import Kind, State
from billhead.domain.errors import Conflict
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.plugin_host import plugins

__all__ = ["take_drafts_back"]

_BY_THE_RUN = ("", "grace", "review")  # its drafts wait for that; anything else has been said of this one


def take_drafts_back(tx: Tx, prices: list[int]) -> int:
    """Returns how many were taken back; the caller has locked them. One that also gives back what was billed before, or
    after which more is billed already, stays as it is, to be changed by hand.

    What else stands on a draft stays there. One that staff or a tax engine have held is drafted anew at once, and held
    for the same reason.
    """
    session, line, part = tx.session, DocumentLine, SubscriptionComponent
    theirs = select(line.document_id).join(part, part.id == line.component_id).where(*at_prices(prices))
    drafts = session.scalars(
        select(Document)
        .where(Document.kind == Kind.INVOICE.value, Document.state == State.DRAFT.value, Document.id.in_(theirs))
        .order_by(Document.id.desc())  # what was billed last is given back first
        .execution_options(populate_existing=True)
    ).all()
    done = 0
    for draft in drafts:
        try:
            with session.begin_nested():
                _take_back(tx, draft, prices)
        except Conflict:
            continue
        done += 1
    return done


def _take_back(tx: Tx, draft: Document, prices: list[int]) -> None:
    session, line, part = tx.session, DocumentLine, SubscriptionComponent
    whose = set(
        session.scalars(
            select(line.subscription_id)
            .join(part, part.id == line.component_id)
            .where(line.document_id == draft.id, *at_prices(prices))
        )
    )
    lines = lines_of(tx, draft.id)
    theirs, why = [one for one in lines if one.subscription_id in whose], draft.held_because
    off = draft
    if len(theirs) < len(lines):
        off = set_apart(tx, theirs, draft, "", None)
        for one in (draft, off):
            recompute(tx, one)
    house = Tx(Context.system("catalogue:withdraw_reprice"), session)  # it follows by itself
    void_document(house, off.id, reason=tx.ctx.reason or "its price change was taken back")
    if why not in _BY_THE_RUN:
        _draft_anew(tx, {one for one in whose if one is not None}, why)


def _draft_anew(tx: Tx, subscriptions: set[int], why: str) -> None:
    """Held as it was. What can't be rated now is billed, or reported, by the next run."""
    catalogue, as_of = Catalogue(), AsOf(clock.business_now())
    wanted = select(*ITEM).where(among(Subscription.id, subscriptions, tx.session)).order_by(Subscription.id)
    chunk = chunk_of(tx.session, catalogue, as_of, tx.session.execute(wanted).all())
    rater = Rater(catalogue, plugins(), lambda seller_id: as_of.local(catalogue.sellers[seller_id].zone))
    rated, _ = rate(chunk, rater)
    write_documents(tx, [_held(one, why) for one in rated], catalogue, observers=plugins().observers())


def _held(one: Rated, why: str) -> Rated:
    if one.kind != "invoice" or not one.total_minor or one.draft not in _BY_THE_RUN:
        return one
    return one._replace(draft=why, taken=(), credit_minor=0)
