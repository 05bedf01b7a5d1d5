"""A shop of a reseller that was opened just now: until something has a price there it says that it opens soon."""

from sqlalchemy.orm import Session

from billhead.actions.shops._steps import opens_soon
from billhead.web.shop_address import asked

__all__ = ["opens_soon_here"]


def opens_soon_here(session: Session) -> bool:
    """Never at an address of the operator's own."""
    here = asked()
    return here is not None and here.is_shop and opens_soon(session, here.seller)
