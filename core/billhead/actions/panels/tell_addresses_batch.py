"""One batch of the lines of a panel whose customers are told its addresses, within a transaction of its own."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.panels._who_watches import who_watches
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.panels import AddressNews
from billhead.models.people import Customer
from billhead.models.subscriptions import Service

__all__ = ["AddressesTold", "tell_addresses_batch"]

_BATCH = 200


@dataclass(frozen=True, slots=True)
class AddressesTold:
    news_id: int
    told: int
    more: bool


@verb("panels.tell_addresses_batch", permission="panels.write")
def tell_addresses_batch(tx: Tx, news_id: int) -> AddressesTold:
    """Tell the next lines, in a transaction of its own. A line's notice has its own key, so it may run again."""
    news = tx.session.get_one(AddressNews, news_id, with_for_update=True)
    if news.state != "running":
        return AddressesTold(news_id, 0, False)
    next_ones = who_watches(news.panel_id, Service.id, Customer.id).where(Service.id > news.cursor)
    lines = tx.session.execute(next_ones.order_by(Service.id).limit(_BATCH)).all()
    told = 0
    for service_id, customer_id in lines:
        data = {"service_id": service_id, "customer_id": customer_id, "news_id": news_id}
        key = f"new_address:{news_id}:{service_id}"
        told += queue_notice(tx, customer_id, "new_address", key, data) is not None
    news.told += told
    news.unreached += len(lines) - told
    if len(lines) < _BATCH:
        news.state, news.finished_at = "done", clock.now()
    else:
        news.cursor = lines[-1][0]
    return AddressesTold(news_id, told, news.state == "running")
