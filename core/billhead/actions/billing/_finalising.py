"""Drafts become final: taxed anew, frozen, numbered, booked and paid by credit, many in one transaction.

The same tables are written as for new documents, with one statement per table; only that the rows are there already.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._booking import book_documents
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._draft import Draft, DraftedLine
from billhead.actions.billing._issuing import numbered, poured, queue_collection, tell, use_credit
from billhead.actions.billing._parties import party_ids
from billhead.actions.billing._rated import Buyer, LineDetail, Rated
from billhead.actions.billing._rating import Case, rater_now
from billhead.actions.billing._reading import read_buyers, read_chargeable, read_lots
from billhead.actions.billing._stated import has_tax
from billhead.actions.billing._taxing import TaxedAmount
from billhead.actions.billing._worth import worths
from billhead.actions.documents._place_credit import place_credit_note
from billhead.actions.payments._paid import released
from billhead.bulk import Bulk, among
from billhead.db import Tx
from billhead.domain.document import Kind, settled_state
from billhead.domain.errors import BillheadError, Conflict
from billhead.domain.money import Money
from billhead.domain.periods import Period
from billhead.domain.proration import mode_of, prorate
from billhead.domain.tax import TaxRounding, moves_amounts
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.plugin_host import plugins

__all__ = ["Ready", "amount_of", "finalise", "given_of", "need_terms", "rate_drafts"]

_DOCUMENT = {
    "kind": "text", "state": "text", "fiscal_year": "bigint", "number": "bigint", "number_text": "text",
    "issued_on": "date", "due_on": "date", "net_minor": "bigint", "tax_minor": "bigint", "total_minor": "bigint",
    "settled_minor": "bigint", "buyer_id": "bigint", "issuer_id": "bigint", "entry_id": "bigint", "notes": "json",
    "base_currency": "text", "fx_rate": "text", "base_minor": "bigint", "finalise_on": "date", "held_because": "text",
}  # fmt: skip
_LINE = {
    "unit_minor": "bigint", "net_minor": "bigint", "tax_minor": "bigint", "tax_code": "text", "tax_rate_ppm": "bigint",
    "taxes": "json",
}  # fmt: skip
_ALLOCATION = ("document_id", "line_id", "customer_credit_id", "amount_minor", "day", "created_at")


class Ready(NamedTuple):
    """A draft with its lines' ids, and what it costs if it is made final today."""

    document_id: int
    line_ids: tuple[int, ...]
    rated: Rated


def rate_drafts(session: Session, documents: Sequence[Document]) -> tuple[list[Ready], list[tuple[int, BillheadError]]]:
    """What drafts and proformas cost today, and those that can't be rated with the reason. Rules add nothing again.

    Credit is taken as far as it goes, in the order of the documents.
    """
    rater, catalogue = rater_now(rules=False)
    customers = {document.customer_id for document in documents}
    buyers = read_buyers(session, customers)
    lines: dict[int, list[DocumentLine]] = {document.id: [] for document in documents}
    query = select(DocumentLine).where(among(DocumentLine.document_id, lines, session))
    for line in session.scalars(query.order_by(DocumentLine.document_id, DocumentLine.position, DocumentLine.id)):
        lines[line.document_id].append(line)
    catalogue.need(session, sellers={document.seller_id for document in documents})
    every = [one for each in lines.values() for one in each]
    need_terms(session, catalogue, every)
    cases = [_case(document, lines[document.id], buyers[document.customer_id], catalogue) for document in documents]
    answers = rater.rate_cases(cases, read_lots(session, customers), read_chargeable(session, customers))
    ready: list[Ready] = []
    refused: list[tuple[int, BillheadError]] = []
    for document, answer in zip(documents, answers, strict=True):
        if isinstance(answer, BillheadError):
            refused.append((document.id, answer))
        elif not answer.lines:
            refused.append((document.id, Conflict("a document without lines can't be issued", hint="void it")))
        else:
            ready.append(Ready(document.id, tuple(line.id for line in lines[document.id]), answer))
    return ready, refused


def _case(document: Document, lines: Sequence[DocumentLine], buyer: Buyer, catalogue: Catalogue) -> Case:
    today, prices = clock.today_in(buyer.zone), catalogue.prices
    begins = min((line.period_start for line in lines if line.period_start is not None), default=None)
    due_on: date | None = begins if begins is not None and begins > today else None
    if document.kind == Kind.PROFORMA:
        due_on = document.due_on
    inclusive = document.tax_inclusive
    mixed = any(has_tax(line, prices, inclusive) != inclusive for line in lines)
    drafted = tuple(
        _drafted(line, amount_of(line, has_tax(line, prices, inclusive), document, catalogue)) for line in lines
    )
    returns = any(line.given is not None for line in drafted)
    draft = Draft(document.kind, document.currency, drafted, inclusive, None, due_on, may_return=returns, mixed=mixed)
    return Case(draft, buyer, document.seller_id, document.subscription_id, None, today)


def need_terms(session: Session, catalogue: Catalogue, lines: Sequence[DocumentLine]) -> None:
    """What `amount_of` asks the catalogue for; sellers are known."""
    prices, plans = {line.price_id for line in lines}, {line.plan_id for line in lines}
    catalogue.need(session, prices={one for one in prices if one}, plans={one for one in plans if one})


def _drafted(line: DocumentLine, amount_minor: int) -> DraftedLine:
    """The line as it was before tax. What is given back keeps the tax that it had."""
    return DraftedLine(
        line.component_id,
        line.price_id,
        line.plan_id,
        line.kind,
        line.description,
        line.term,
        line.period_start,
        line.period_end,
        line.quantity,
        line.unit_minor,
        amount_minor,
        line.tax_class,
        LineDetail(discount_minor=line.discount_minor),
        given_of(line),
    )


def given_of(line: DocumentLine) -> TaxedAmount | None:
    """The amount of a line that gives back; None of any other."""
    if line.corrects_line_id is None:
        return None
    taxes = tuple((code, ppm, minor) for code, ppm, minor in line.taxes or ())
    return TaxedAmount(line.net_minor, line.tax_minor, line.tax_code, line.tax_rate_ppm, taxes)


def amount_of(line: DocumentLine, inclusive: bool, document: Document, catalogue: Catalogue) -> int:
    """As the price book has it; where tax is rounded on the document's sum, the line is perhaps a cent off that. A part
    of a period costs its share, unless it was billed for less: as what was missing, say. On a proforma, which has no
    days yet, it costs what it was offered for."""
    told = line.net_minor + (line.tax_minor if inclusive else 0)
    listed = line.unit_minor * line.quantity - line.discount_minor
    if line.cycle_start is not None:
        moves = moves_amounts(TaxRounding(catalogue.sellers[document.seller_id].tax_rounding), inclusive)
        listed = _part_listed(line, document.currency, catalogue) if moves and line.period_start is not None else told
    return listed if abs(listed - told) <= 1 else told


def _part_listed(line: DocumentLine, currency: str, catalogue: Catalogue) -> int:
    dates = line.period_start, line.period_end, line.cycle_start, line.cycle_end
    start, end, begins, ends = (day for day in dates if day is not None)  # it has all of them
    mode = mode_of(catalogue.plans[line.plan_id or 0].proration, line.term)
    return prorate(Money(line.cycle_minor or 0, currency), Period(start, end), Period(begins, ends), mode).minor


def finalise(tx: Tx, ready: Sequence[Ready]) -> dict[int, str]:
    """Make drafts final whose rows the caller holds locked; returns the number of each by its id.

    One that by now gives back more than it charges becomes a credit note, which is placed as any other.
    Raises Conflict when a customer's credit was used by somebody else meanwhile.
    """
    session = tx.session
    bulk = Bulk(session)
    documents = [(one.document_id, one.rated) for one in ready]
    rated = [one.rated for one in ready]
    _lock_credit(session, rated)
    catalogue = Catalogue()
    catalogue.need(session, sellers={one.seller_id for one in rated})
    now = bulk.instant(clock.now())
    parties = party_ids(
        session, {one.buyer for one in rated} | {catalogue.sellers[one.seller_id].party for one in rated}
    )
    worth = worths(session, catalogue, rated)
    entries = book_documents(session, bulk, documents, now)
    use_credit(bulk, rated)
    queue_collection(bulk, [found for found in documents if found[1].kind == "invoice"], catalogue, now)
    tell(session, bulk, documents, plugins().observers())
    bulk.check_deferred()
    numbers = dict(numbered(session, documents, catalogue))
    _write_lines(bulk, ready, now)  # while they may still change
    bulk.update(
        "document",
        _DOCUMENT,
        [
            (
                one.kind, settled_state(one.total_minor, one.credit_minor).value, *numbers[document_id],
                one.issued_on.isoformat(), one.due_on.isoformat(), one.net_minor, one.tax_minor, one.total_minor,
                one.credit_minor, parties[one.buyer], parties[catalogue.sellers[one.seller_id].party],
                entries.get(document_id), json.dumps(one.notes) if one.notes else "[]", *money, None, "", document_id,
            )
            for (document_id, one), money in zip(documents, worth, strict=True)
        ],
    )  # fmt: skip
    session.expire_all()
    # notes first: they lock documents, which goes before locking subscriptions
    for document_id, one in documents:
        if one.kind == "credit_note":
            place_credit_note(tx, document_id)
    for document_id, one in documents:
        if one.kind != "credit_note" and not one.owed_minor:
            released(tx, session.get_one(Seller, one.seller_id), session.get_one(Document, document_id))
    return {document_id: numbers[document_id][2] for document_id, _ in documents}


def _lock_credit(session: Session, rated: Sequence[Rated]) -> None:
    expected: dict[int, int] = {}
    for one in rated:
        for taken in one.taken:
            expected.setdefault(taken.lot_id, taken.before_minor)
    if not expected:
        return
    lot = CustomerCredit
    query = select(lot.id, lot.remaining_minor).where(among(lot.id, expected, session)).order_by(lot.id)
    if dict(session.execute(query.with_for_update()).all()) != expected:
        raise Conflict("a customer's credit was used by somebody else just now", hint="try again")


def _write_lines(bulk: Bulk, ready: Sequence[Ready], now: str) -> None:
    lines = []
    allocations = []
    for document_id, line_ids, one in ready:
        for line_id, line in zip(line_ids, one.lines, strict=True):
            taxes = json.dumps(line.detail.taxes) if line.detail and line.detail.taxes else None
            tax = line.tax_minor, line.tax_code, line.tax_rate_ppm, taxes
            lines.append((line.unit_minor, line.net_minor, *tax, line_id))
        if one.taken:
            open_lines = [
                (line_id, line.net_minor + line.tax_minor) for line_id, line in zip(line_ids, one.lines, strict=True)
            ]
            shares = poured(one.taken, open_lines)
            allocations += [(document_id, *share, one.issued_on.isoformat(), now) for share in shares]
    bulk.update("document_line", _LINE, lines)
    bulk.insert("allocation", _ALLOCATION, allocations)
