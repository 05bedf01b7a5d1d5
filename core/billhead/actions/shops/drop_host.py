"""Take a host from a shop: from now on it is reached there no more. Links in mails that named it end with it."""

from sqlalchemy import select

from billhead.actions.shops._own import lock_shop
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.shops import ShopHost

__all__ = ["drop_host"]


@verb("shops.drop_host")
def drop_host(tx: Tx, reseller_id: int, host_id: int) -> None:
    """Raises NotFound (also for another shop's) or NotAllowed."""
    own = lock_shop(tx, reseller_id)
    row = tx.session.scalar(select(ShopHost).where(ShopHost.id == host_id, ShopHost.seller_id == own.seller.id))
    if row is None:
        raise NotFound("host", host_id)
    note(tx, f"seller:{own.seller.id}", host=row.host)
    tx.session.delete(row)
