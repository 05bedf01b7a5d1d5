"""Stories that begin on 1 April 2026: which day it is, what is done on it, what April and all after it was billed."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from billing_shop import SYSTEM, Shop

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.documents import Document

__all__ = ["billed", "do", "on", "paying"]

_APR = date(2026, 4, 1)


def on(day: date) -> None:
    """It is noon of that day, in UTC."""
    clock.move_business_clock(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def do(verb: Callable[..., Any], *args: Any, ctx: Context = SYSTEM, **named: Any) -> Any:
    with writing(ctx) as tx:
        return verb(tx, *args, **named)


def paying(shop: Shop, *plans: Any, credit_minor: int = 30_000, **more: Any) -> tuple[int, int]:
    """Somebody with credit, who has paid April from it: customer and subscription."""
    customer = shop.customer(credit_minor=credit_minor)
    subscription = shop.subscribe(customer, *plans, due=_APR, **more)
    shop.run(_APR)
    return customer, subscription


def billed(shop: Shop, customer: int) -> int:
    """All that the customer was invoiced, less what came back; without tax."""
    documents = shop.all(Document, Document.customer_id == customer)
    return sum(-one.net_minor if one.kind == "credit_note" else one.net_minor for one in documents)
