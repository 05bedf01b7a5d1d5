"""Which seller a command is about: the one that is named, or the only one there is."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.shops._sells import is_the_operators
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.sellers import Seller

__all__ = ["seller_of"]


def seller_of(session: Session, code: str) -> Seller:
    """Raises NotFound, or InvalidInput when there are several and none is named; resellers' shops are always named."""
    if code:
        found = session.scalar(select(Seller).where(Seller.code == code))
        if found is None:
            raise NotFound("seller", code)
        return found
    sellers = session.scalars(select(Seller).where(is_the_operators(Seller.id)).order_by(Seller.id)).all()
    if len(sellers) != 1:
        raise InvalidInput(
            "seller", "there are several: name one", hint=f"--seller {sellers[0].code}" if sellers else ""
        )
    return sellers[0]
