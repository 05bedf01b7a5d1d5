"""Amounts as PayPal wants them: texts with a point. HUF, JPY and TWD have no decimals there; nothing is rounded."""

import re
from collections.abc import Mapping
from typing import Any

from billhead.plugin import GatewayRejected, InvalidInput, Money

__all__ = ["from_paypal", "to_paypal"]

# What PayPal takes, with the decimals that ISO 4217 (and so Money) gives them.
_TAKEN = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD"
_DECIMALS = dict.fromkeys(_TAKEN.split(), 2) | {"JPY": 0}
_WHOLE = frozenset(["HUF", "JPY", "TWD"])
_VALUE = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]{1,15})(?:\.(?P<part>[0-9]{1,6}))?")


def to_paypal(amount: Money) -> dict[str, str]:
    """{"currency_code", "value"}. Raises GatewayRejected for what PayPal can't represent."""
    minor, currency = amount.minor, amount.currency
    if currency not in _DECIMALS:
        raise GatewayRejected(f"PayPal does not take {currency}", code="currency_not_taken")
    if minor <= 0:
        raise GatewayRejected(f"PayPal can't charge {amount}", code="amount_not_above_zero")
    whole, part = divmod(minor, 10 ** _DECIMALS[currency])
    if currency not in _WHOLE:
        return {"currency_code": currency, "value": f"{whole}.{part:02d}"}
    if part:
        raise GatewayRejected(
            f"PayPal can't represent {amount}", code="amount_too_fine", hint="round prices in this currency"
        )
    return {"currency_code": currency, "value": str(whole)}


def from_paypal(told: object) -> Money | None:
    """The amount in Billhead's units; None if it is none, which core then refuses to book."""
    if not isinstance(told, Mapping):
        return None
    about: Mapping[str, Any] = told
    value, currency = about.get("value"), about.get("currency_code")
    if not isinstance(value, str) or not isinstance(currency, str) or currency not in _DECIMALS:
        return None
    found = _VALUE.fullmatch(value)
    if found is None:
        return None
    decimals, part = _DECIMALS[currency], found["part"] or ""
    if part[decimals:].strip("0"):
        return None
    minor = int(found["whole"] + part[:decimals].ljust(decimals, "0"))
    try:
        return Money(-minor if found["sign"] else minor, currency)
    except InvalidInput:
        return None
