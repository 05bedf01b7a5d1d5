"""Name a host by which a shop is to be reached. It serves once the operator has confirmed it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.notifications.queue_to_staff import queue_to_staff
from billhead.actions.shops._own import lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.hosts import checked_host
from billhead.models.shops import ShopHost
from billhead.plugin_host.current import config

__all__ = ["HostAsked", "ask_host"]

_MOST = 5


@dataclass(frozen=True, slots=True)
class HostAsked:
    shop_host_id: int
    host: str


@verb("shops.ask_host")
def ask_host(tx: Tx, reseller_id: int, host: str) -> HostAsked:
    """Staff who may confirm it are told. Raises NotFound, NotAllowed, InvalidInput (no name, the operator's own,
    another shop's) or Conflict: it has as many as a shop may have."""
    own = lock_shop(tx, reseller_id)
    host = checked_host(host)
    if host == urlsplit(config().base_url).hostname:
        raise InvalidInput("host", f"{host} is this installation's own name")
    if tx.session.scalar(select(ShopHost.id).where(ShopHost.host == host)) is not None:
        raise InvalidInput("host", f"{host} is a shop's name already")
    if int(tx.session.scalar(select(func.count()).where(ShopHost.seller_id == own.seller.id)) or 0) >= _MOST:
        raise Conflict(f"a shop has at most {_MOST} names", hint="remove one first")
    row = ShopHost(seller_id=own.seller.id, host=host, created_at=clock.now())
    tx.session.add(row)
    tx.session.flush()
    if not tx.ctx.scope.everything:  # who may confirm it has entered it
        told = {"shop_host_id": row.id}
        queue_to_staff(tx, own.reseller.seller_id, "resellers.write", "shop_host", f"shop_host:{row.id}", told)
    return HostAsked(row.id, host)
