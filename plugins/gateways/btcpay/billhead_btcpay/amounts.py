"""Amounts as BTCPay Server writes them: decimal texts in the invoice's currency, and what coins were worth in it.

Coins have up to 18 decimals, so that sums are made exactly and rounded once, as the server rounds them: half to even.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

from billhead.plugin import GatewayRejected, InvalidInput, Money

__all__ = ["number", "to_money", "to_text", "worth"]

_NUMBER = re.compile(r"-?[0-9]{1,25}(?:\.[0-9]{1,30})?")
_EXACT = 120
_VIRTUAL = "XCR"


def to_text(amount: Money) -> str:
    """Raises GatewayRejected for what can't be asked for."""
    if amount.minor <= 0:
        raise GatewayRejected(f"BTCPay Server can't ask for {amount}", code="amount_not_above_zero")
    if amount.currency == _VIRTUAL:
        raise GatewayRejected(f"BTCPay Server does not know {amount.currency}", code="currency_not_taken")
    return f"{amount.decimal():f}"


def number(told: object) -> Decimal | None:
    """A decimal text; None if it is none."""
    return Decimal(told) if isinstance(told, str) and _NUMBER.fullmatch(told) else None


def to_money(value: Decimal | None, currency: object) -> Money | None:
    """Rounded to the currency's units; None if it is no money, which core then refuses to book."""
    if value is None or not isinstance(currency, str):
        return None
    try:
        unit = Money(1, currency).decimal()
        with localcontext(prec=_EXACT):
            return Money(int(value.quantize(unit, ROUND_HALF_EVEN) / unit), currency)
    except InvalidInput:
        return None


def worth(payment: Mapping[str, Any], rate: object) -> Decimal | None:
    """What a payment counts in the invoice's currency: its coins, less what the server adds for taking them."""
    value, fee, of_one = number(payment.get("value")), number(payment.get("fee") or "0"), number(rate)
    if value is None or fee is None or of_one is None or value < 0 or of_one < 0:
        return None
    with localcontext(prec=_EXACT):
        return (value - fee) * of_one
