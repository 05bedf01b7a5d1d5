"""A purchase in the customer's area, with what the request shows of who buys."""

from collections.abc import Callable
from typing import TypeVar

from flask import request

from billhead.actions.fraud.place_order import Seen
from billhead.actions.fraud.place_purchase import Purchase, place_purchase
from billhead.db import Tx
from billhead.domain.money import Money
from billhead.web.request_context import client_address, client_country, current_customer_id, submit_ctx

__all__ = ["buying"]

R = TypeVar("R")


def buying(action: str, plan: str, amount: Money, carry_out: Callable[[Tx], R]) -> R:
    """Screened, then carried out by the verb `action`."""
    seen = Seen(amount, client_country(), request.headers.get("User-Agent", ""))
    return place_purchase(
        submit_ctx(), Purchase(action, current_customer_id(), plan, client_address()), seen, carry_out
    )
