"""Credits as a panel writes them: a whole number, or a decimal text with as many decimals as its build keeps."""

from decimal import ROUND_DOWN, ROUND_UP, Decimal, InvalidOperation
from typing import Any

__all__ = ["balance_in", "price_in"]


def balance_in(value: Any) -> int | None:
    """What is there to spend, in whole hundredths of a credit: never more than there is. None where it is no number."""
    return _hundredths(value, ROUND_DOWN)


def price_in(value: Any) -> int | None:
    """What is asked, in whole hundredths of a credit: never less than that. None where it is no number."""
    return _hundredths(value, ROUND_UP)


def _hundredths(value: Any, rounding: str) -> int | None:
    try:
        return int((Decimal(str(value)) * 100).to_integral_value(rounding))
    except (InvalidOperation, ValueError, OverflowError):
        return None
