"""Amounts as M-Pesa has them: whole Kenyan shillings. Nothing is rounded."""

from decimal import Decimal, InvalidOperation

from billhead.plugin import GatewayRejected, Money

__all__ = ["STEP", "from_mpesa", "to_mpesa"]

STEP = 100  # cents of the least amount
_LARGEST = 10**12


def to_mpesa(amount: Money) -> int:
    """Whole shillings. Raises GatewayRejected for what M-Pesa can't take."""
    if amount.currency != "KES":
        raise GatewayRejected(f"M-Pesa does not take {amount.currency}", code="currency_not_taken")
    if amount.minor <= 0:
        raise GatewayRejected(f"M-Pesa can't ask for {amount}", code="amount_not_above_zero")
    if amount.minor % STEP:
        raise GatewayRejected(
            f"M-Pesa takes whole shillings, not {amount}", code="amount_too_fine", hint="round prices to shillings"
        )
    return amount.minor // STEP


def from_mpesa(told: object) -> Money | None:
    """The amount in cents, from 100, "100" or "100.00"; None if it is none, which core then refuses to book."""
    if isinstance(told, bool) or not isinstance(told, int | str):
        return None
    try:
        minor = Decimal(str(told)) * STEP
    except InvalidOperation:
        return None
    if not minor.is_finite() or minor != minor.to_integral_value() or not 0 <= minor < _LARGEST:
        return None
    return Money(int(minor), "KES")
