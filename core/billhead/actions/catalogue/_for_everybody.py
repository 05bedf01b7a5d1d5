"""What something that is bought once costs everybody, by currency: the newest versions in the books for all."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.catalogue._versions import latest_of
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, PriceBook

__all__ = ["books_of", "prices_of"]


def prices_of(session: Session, plan: Plan) -> list[Money]:
    """What it costs in the books for everybody, by currency."""
    found = [(book, latest_of(session, book, plan, "")) for book in books_of(session, plan.seller_id).values()]
    return [Money(price.amount_minor, book.currency) for book, price in found if price is not None]


def books_of(session: Session, seller_id: int) -> dict[str, PriceBook]:
    """The book for everybody of each currency; of two the older one, as sales have it."""
    everybody = (PriceBook.country == "", PriceBook.price_group == "", PriceBook.reseller_id.is_(None))
    rows = session.scalars(
        select(PriceBook)
        .where(PriceBook.seller_id == seller_id, *everybody, PriceBook.resellers_own.is_(False))
        .order_by(PriceBook.currency, PriceBook.id.desc())
    )
    return {book.currency: book for book in rows}
