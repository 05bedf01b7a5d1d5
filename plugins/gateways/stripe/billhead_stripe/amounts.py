"""Amounts as Stripe wants them. Its decimals are not everywhere those of ISO 4217; nothing is ever rounded.

Stripe takes MGA without decimals (ISO: 2) and ISK with two (ISO: none), and the last of three decimals must be 0.
"""

from billhead.plugin import GatewayRejected, InvalidInput, Money

__all__ = ["from_stripe", "to_stripe"]

LARGEST = 99_999_999

_WITH_THREE = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_TIMES = {"ISK": 100}
_DIVIDED = {"MGA": 100}
# UGX has a special case that nobody has tried; the others are not among Stripe's currencies.
_NOT_TAKEN = frozenset(["UGX", "IQD", "LYD", "CLF", "UYW", "UYI", "XCR"])


def to_stripe(amount: Money) -> tuple[int, str]:
    """(units, currency in small letters). Raises GatewayRejected for what Stripe can't represent."""
    minor, currency = amount.minor, amount.currency
    if currency in _NOT_TAKEN:
        raise GatewayRejected(f"Stripe does not take {currency}", code="currency_not_taken")
    if minor <= 0:
        raise GatewayRejected(f"Stripe can't charge {amount}", code="amount_not_above_zero")
    units, left = divmod(minor * _TIMES.get(currency, 1), _DIVIDED.get(currency, 1))
    if left or (currency in _WITH_THREE and units % 10):
        raise GatewayRejected(
            f"Stripe can't represent {amount}", code="amount_too_fine", hint="round prices in this currency"
        )
    if units > LARGEST:
        raise GatewayRejected(f"{amount} is more than Stripe takes at once", code="amount_too_large")
    return units, currency.lower()


def from_stripe(units: object, currency: object) -> Money | None:
    """The amount in Billhead's units; None if it is none, which core then refuses to book."""
    if isinstance(units, bool) or not isinstance(units, int) or not isinstance(currency, str):
        return None
    code = currency.upper()
    minor, left = divmod(units * _DIVIDED.get(code, 1), _TIMES.get(code, 1))
    try:
        return None if left else Money(minor, code)
    except InvalidInput:
        return None
