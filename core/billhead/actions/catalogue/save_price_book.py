"""Add a price book for an audience, or change whom it is for. Its currency and whether tax is included stay."""

import re
from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.countries import known_country
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import CREDITS, exponent
from billhead.models.catalogue import PriceBook
from billhead.models.people import Reseller
from billhead.models.sellers import Seller

__all__ = ["BookEntry", "BookSaved", "save_price_book"]

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class BookEntry:
    """Empty fields mean everybody. `reseller`: a reseller's code."""

    code: str
    currency: str
    country: str = ""
    price_group: str = ""
    reseller: str = ""
    tax_inclusive: bool = False


@dataclass(frozen=True, slots=True)
class BookSaved:
    book_id: int


@verb("catalogue.save_price_book", permission="catalogue.write")
def save_price_book(tx: Tx, seller_id: int, entry: BookEntry, book_id: int | None = None) -> BookSaved:
    """Raises NotFound, InvalidInput (field and reason) and Conflict (the code, or a book for the same, is there)."""
    session = tx.session
    if session.get(Seller, seller_id, with_for_update=True) is None:
        raise NotFound("seller", seller_id)
    book = PriceBook(seller_id=seller_id) if book_id is None else session.get(PriceBook, book_id, with_for_update=True)
    if book is None or book.seller_id != seller_id:
        raise NotFound("price book", book_id)
    if not _CODE.fullmatch(entry.code):
        raise InvalidInput("code", f"{entry.code!r} is no code", hint="use a-z, 0-9, '-' and '_'")
    exponent(entry.currency)
    if entry.currency == CREDITS:
        raise InvalidInput("currency", "prices in credits stand beside each price in money")
    if book_id is not None and (book.currency, book.tax_inclusive) != (entry.currency, entry.tax_inclusive):
        raise InvalidInput("currency", "a book keeps its currency and whether tax is included", hint="add another book")
    country = known_country("country", entry.country) if entry.country else ""
    reseller_id = _reseller(tx, seller_id, entry.reseller)
    same = (entry.currency, country, entry.price_group.strip(), reseller_id)
    for other in session.scalars(select(PriceBook).where(PriceBook.seller_id == seller_id)):
        if other.id == book_id:
            continue
        if other.code == entry.code:
            raise Conflict(f"there is a price book {entry.code} already", field="code", hint="choose another code")
        if (other.currency, other.country, other.price_group, other.reseller_id) == same:
            raise Conflict(f"the book {other.code} is for the same customers", hint="put the prices there")
    book.code, book.currency, book.tax_inclusive = entry.code, entry.currency, entry.tax_inclusive
    book.country, book.price_group, book.reseller_id = country, entry.price_group.strip(), reseller_id
    session.add(book)
    session.flush()
    return BookSaved(book.id)


def _reseller(tx: Tx, seller_id: int, code: str) -> int | None:
    if not code:
        return None
    found = tx.session.scalar(select(Reseller.id).where(Reseller.seller_id == seller_id, Reseller.code == code))
    if found is None:
        raise InvalidInput("reseller", f"there is no reseller {code!r}")
    return found
