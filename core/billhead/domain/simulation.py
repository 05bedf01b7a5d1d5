"""What can be asked of a simulation: from when to when, and who pays in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from billhead.domain.errors import InvalidInput

__all__ = ["LONGEST", "MILLION", "Order", "Payments", "check_order", "parse_payments"]

MILLION = 1_000_000
LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Payments:
    """`history`, or a share of the documents that are paid, in parts per million: all, none, a rate."""

    source: str
    share: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """Figures from `first` to `last`, both included. Life before `first` is lived, but not told."""

    first: date
    last: date
    payments: Payments
    seed: int = 1


def parse_payments(text: str) -> Payments:
    """ "history", "all", "none", or a rate in percent such as "95" or "97.5%". Raises InvalidInput."""
    word = text.strip().lower()
    if word in ("history", "all", "none"):
        return Payments(word, MILLION if word == "all" else 0)
    whole, _, part = word.removesuffix("%").strip().partition(".")
    if whole.isdecimal() and whole.isascii() and (not part or (part.isdecimal() and part.isascii() and len(part) <= 4)):
        share = int(whole) * 10_000 + int(part.ljust(4, "0") if part else 0)
        if share <= MILLION:
            return Payments("rate", share)
    raise InvalidInput("payments", f"{text!r} is not history, all, none, or a rate from 0 to 100 percent")


def check_order(order: Order, today: date) -> None:
    """Raises InvalidInput naming the field. `today` by the business clock, in UTC."""
    if order.first < today:
        raise InvalidInput("from", f"{order.first} is in the past", hint=f"it can begin today, {today}, or later")
    if order.last < order.first:
        raise InvalidInput("to", f"{order.last} is before {order.first}")
    if order.last - today > LONGEST:
        raise InvalidInput("to", f"{order.last} is more than ten years ahead")
