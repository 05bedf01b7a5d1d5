"""A line that staff add to a draft: free words, or something from the price list. Below zero it is a discount."""

from dataclasses import dataclass

from sqlalchemy import func, select

from billhead.actions.documents._changeable import locked_draft, recompute
from billhead.actions.documents._tax_classes import USUAL_CLASS, tax_classes
from billhead.actions.documents._wording import said
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import CurrencyMismatch, InvalidInput, NotFound
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.documents import Document, DocumentLine

__all__ = ["Added", "FreeLine", "ProductLine", "add_line"]


@dataclass(frozen=True, slots=True)
class FreeLine:
    """`unit_minor` is meant with or without tax as the draft is; `tax_class` is one of `tax_classes`."""

    description: str
    unit_minor: int
    quantity: int = 1
    tax_class: str = USUAL_CLASS


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A price of the price list, charged once."""

    price_id: int
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Added:
    line_id: int
    document_id: int


@verb("documents.add_line", permission="documents.write")
def add_line(tx: Tx, document_id: int, line: FreeLine | ProductLine) -> Added:
    """Raises NotFound, Conflict (not a draft), InvalidInput or CurrencyMismatch."""
    draft = locked_draft(tx, document_id)
    row = _free(tx, line) if isinstance(line, FreeLine) else _product(tx, draft, line)
    last = tx.session.scalar(select(func.max(DocumentLine.position)).where(DocumentLine.document_id == draft.id))
    row.document_id, row.position, row.tax_minor, row.tax_rate_ppm = draft.id, (last or 0) + 1, 0, 0
    row.net_minor = row.unit_minor * row.quantity
    tx.session.add(row)
    recompute(tx, draft)
    told = {"document_id": draft.id, "description": row.description, "amount_minor": row.unit_minor * row.quantity}
    note(tx, f"document:{draft.id}", **told)
    return Added(row.id, draft.id)


def _free(tx: Tx, line: FreeLine) -> DocumentLine:
    text = said(line.description, line.quantity, line.unit_minor)
    known = tax_classes(tx.session)
    if line.tax_class not in known:
        raise InvalidInput("tax_class", f"{line.tax_class!r} is not one of {', '.join(known)}")
    kind = "discount:by_hand" if line.unit_minor < 0 else "one_off"
    return DocumentLine(
        kind=kind, description=text, quantity=line.quantity, unit_minor=line.unit_minor, tax_class=line.tax_class
    )


def _product(tx: Tx, draft: Document, line: ProductLine) -> DocumentLine:
    found = tx.session.execute(
        select(Price, PriceBook, Plan)
        .join(PriceBook, PriceBook.id == Price.book_id)
        .join(Plan, Plan.id == Price.plan_id)
        .where(Price.id == line.price_id, PriceBook.seller_id == draft.seller_id)
    ).one_or_none()
    if found is None:
        raise NotFound("price", line.price_id)
    price, book, plan = found
    if book.currency != draft.currency:
        raise CurrencyMismatch(draft.currency, book.currency)
    if book.tax_inclusive != draft.tax_inclusive:
        raise InvalidInput("price", "prices with and without tax can't stand on one document")
    text = said(plan.name, line.quantity, price.amount_minor)
    return DocumentLine(
        kind="one_off", description=text, quantity=line.quantity, unit_minor=price.amount_minor, price_id=price.id,
        plan_id=plan.id, tax_class=plan.tax_class,
    )  # fmt: skip
