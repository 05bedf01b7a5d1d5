"""The operator says that a host is a shop's: its name points here, and the proxy in front has its certificate."""

from sqlalchemy import select

from billhead import clock
from billhead.actions.shops.ask_host import HostAsked
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.shops import ShopHost

__all__ = ["confirm_host"]


@verb("shops.confirm_host", permission="resellers.write")
def confirm_host(tx: Tx, host_id: int) -> HostAsked:
    """The shop answers there from now on, and its mails name it. Raises NotFound."""
    row = tx.session.scalar(select(ShopHost).where(ShopHost.id == host_id).with_for_update())
    if row is None:
        raise NotFound("host", host_id)
    row.confirmed_at = row.confirmed_at or clock.now()
    return HostAsked(row.id, row.host)
