"""One batch of those who are told something about their panel, within a transaction of its own."""

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
    """Tell the next ones, in a transaction of its own. Each notice has its own key, so it may run again."""
    news = tx.session.get_one(AddressNews, news_id, with_for_update=True)
    if news.state != "running":
        return AddressesTold(news_id, 0, False)
    told, looked_at = (_of_work if news.kind == "work" else _of_addresses)(tx, news)
    news.told += told
    news.unreached += len(looked_at) - told
    if len(looked_at) < _BATCH:
        news.state, news.finished_at = "done", clock.now()
    else:
        news.cursor = looked_at[-1]
    return AddressesTold(news_id, told, news.state == "running")


def _of_addresses(tx: Tx, news: AddressNews) -> tuple[int, list[int]]:
    """A line's access is its own, so each line has its mail."""
    next_ones = who_watches(news.panel_id, Service.id, Customer.id).where(Service.id > news.cursor)
    lines = tx.session.execute(next_ones.order_by(Service.id).limit(_BATCH)).all()
    told = 0
    for service_id, customer_id in lines:
        data = {"service_id": service_id, "customer_id": customer_id, "news_id": news.id}
        key = f"new_address:{news.id}:{service_id}"
        told += queue_notice(tx, customer_id, "new_address", key, data) is not None
    return told, [service_id for service_id, _ in lines]


def _of_work(tx: Tx, news: AddressNews) -> tuple[int, list[int]]:
    next_ones = who_watches(news.panel_id, Customer.id).where(Customer.id > news.cursor).distinct()
    people = list(tx.session.scalars(next_ones.order_by(Customer.id).limit(_BATCH)))
    told = 0
    for customer_id in people:
        data = {"customer_id": customer_id, "news_id": news.id}
        key = f"planned_work:{news.id}:{customer_id}"
        told += queue_notice(tx, customer_id, "planned_work", key, data) is not None
    return told, people
