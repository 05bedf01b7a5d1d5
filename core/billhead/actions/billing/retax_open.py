"""Tax anew on what is open of a customer (orders, drafts), when what decides about it has changed: a checked VAT id,
another country, an exemption.

They are no final documents, so they change in place. One whose payment is under way stays as it was shown.
"""

from collections.abc import Sequence

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._finalising import amount_of, given_of, need_terms
from billhead.actions.billing._parties import party_ids
from billhead.actions.billing._rated import Buyer
from billhead.actions.billing._reading import read_buyers
from billhead.actions.billing._stated import has_tax, taxed_apart
from billhead.actions.billing._taxing import TaxDesk, Taxed, with_returns
from billhead.actions.payments._attempts import under_way
from billhead.actions.rates._lookup import Pair, worth_minor
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState, State
from billhead.domain.errors import PluginFailed
from billhead.models.documents import Document, DocumentLine
from billhead.plugin_host import plugins

__all__ = ["retax_open"]

_DRAFT_WAITS = frozenset({"", "grace", "review"})


def retax_open(tx: Tx, customer_id: int) -> tuple[int, ...]:
    """Work out the tax of the customer's open proformas and drafts again; returns the ids of those that changed.

    Prices stay: a net price keeps its net amount, a price with tax its total, and what is given back the tax that it
    had. A draft that was held is made final by the next job when nothing holds it any more. What a tax engine fails on
    is left alone.
    """
    session = tx.session
    session.flush()
    documents = _open(tx, customer_id)
    if not documents:
        return ()
    buyer, catalogue = read_buyers(session, [customer_id])[customer_id], Catalogue()
    catalogue.need(session, sellers={document.seller_id for document in documents})
    desk = TaxDesk(catalogue, plugins().tax_engine)
    changed = [document.id for document in documents if _retaxed(tx, document, buyer, catalogue, desk)]
    return tuple(changed)


def _open(tx: Tx, customer_id: int) -> Sequence[Document]:
    order = (Document.kind == Kind.PROFORMA.value) & (Document.state == ProformaState.OPEN.value)
    draft = (Document.kind == Kind.INVOICE.value) & (Document.state == State.DRAFT.value)
    return tx.session.scalars(
        select(Document)
        .where(
            Document.customer_id == customer_id,
            or_(order, draft),
            Document.settled_minor == 0,
            ~under_way(),
        )
        .order_by(Document.id)
        .with_for_update()
    ).all()


def _retaxed(tx: Tx, document: Document, buyer: Buyer, catalogue: Catalogue, desk: TaxDesk) -> bool:
    session = tx.session
    lines = session.scalars(
        select(DocumentLine).where(DocumentLine.document_id == document.id).order_by(DocumentLine.position)
    ).all()
    need_terms(session, catalogue, lines)
    on = clock.today_in(catalogue.sellers[document.seller_id].zone)
    with_tax = [has_tax(line, catalogue.prices, document.tax_inclusive) for line in lines]
    given = [given_of(line) for line in lines]
    asked = [
        (has, line.tax_class, amount_of(line, has, document, catalogue))
        for has, line, back in zip(with_tax, lines, given, strict=True)
        if back is None
    ]
    taxed = taxed_apart(
        desk,
        asked,
        lambda has, alike: desk.question(buyer, document.seller_id, on, document.currency, has, alike),
    )
    if isinstance(taxed, PluginFailed):
        return False
    before = document.net_minor, document.tax_minor, document.held_because, tuple(document.notes)
    _write(document, lines, with_returns(taxed, given))
    _hold(document, taxed.hold, catalogue)
    document.buyer_id = party_ids(session, {buyer.party})[buyer.party]
    if before == (document.net_minor, document.tax_minor, document.held_because, tuple(document.notes)):
        return False
    details = {"tax_from": before[1], "tax_to": document.tax_minor, "held_because": document.held_because}
    audit(tx, "documents.retax", f"document:{document.id}", details)
    return True


def _write(document: Document, lines: Sequence[DocumentLine], taxed: Taxed) -> None:
    for line, amount in zip(lines, taxed.lines, strict=True):
        line.net_minor, line.tax_minor = amount.net_minor, amount.tax_minor
        line.tax_code, line.tax_rate_ppm = amount.tax_code, amount.tax_rate_ppm
        line.taxes = [list(tax) for tax in amount.taxes] or None
    document.net_minor, document.tax_minor = taxed.net_minor, taxed.tax_minor
    document.total_minor = taxed.net_minor + taxed.tax_minor
    document.notes = list(taxed.notes)
    if document.fx_rate is not None:
        pair = Pair(document.currency, document.base_currency)
        document.base_minor = worth_minor(document.total_minor, pair, document.fx_rate)


def _hold(document: Document, why: str, catalogue: Catalogue) -> None:
    if document.kind == Kind.PROFORMA:
        document.held_because = why
    elif why:
        document.held_because, document.finalise_on = why, None
    elif document.held_because not in _DRAFT_WAITS:
        seller = catalogue.sellers[document.seller_id]
        document.held_because = seller.drafts or "grace"
        document.finalise_on = None if seller.drafts == "review" else clock.today_in(seller.zone)
