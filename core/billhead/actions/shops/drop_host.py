"""Take a host from a shop: from now on it is reached there no more. Links in mails that named it end with it."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.shops._addresses import addresses_of, at_host
from billhead.actions.shops._own import OwnShop, lock_shop
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.shops import ShopHost

__all__ = ["HostDropped", "drop_host", "preview_drop_host"]


@dataclass(frozen=True, slots=True)
class HostDropped:
    """`served`: it was confirmed. `home`: where the shop calls itself at home afterwards, in mails and on documents."""

    host: str
    served: bool
    home: str


def preview_drop_host(tx: Tx, reseller_id: int, host_id: int) -> HostDropped:
    """What `drop_host` would do. Raises what it raises."""
    own, row = _found(tx, reseller_id, host_id)
    left = [one for one in addresses_of(tx.session, own.seller.id) if one != at_host(row.host)]
    return HostDropped(row.host, row.confirmed_at is not None, left[0])


@verb("shops.drop_host")
def drop_host(tx: Tx, reseller_id: int, host_id: int) -> None:
    """Raises NotFound (also for another shop's) or NotAllowed."""
    own, row = _found(tx, reseller_id, host_id)
    note(tx, f"seller:{own.seller.id}", host=row.host)
    tx.session.delete(row)


def _found(tx: Tx, reseller_id: int, host_id: int) -> tuple[OwnShop, ShopHost]:
    own = lock_shop(tx, reseller_id)
    row = tx.session.scalar(select(ShopHost).where(ShopHost.id == host_id, ShopHost.seller_id == own.seller.id))
    if row is None:
        raise NotFound("host", host_id)
    return own, row
