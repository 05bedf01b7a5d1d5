"""Add-ons as they are typed: CODE=N."""

from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.domain.errors import InvalidInput

__all__ = ["addon"]

_DIGITS = 6  # of how many an add-on may be ordered


def addon(text: str) -> AddOnOrder:
    code, _, number = text.partition("=")
    if not code or not (number.isascii() and number.isdigit()):
        raise InvalidInput("addon", f"{text!r} is not CODE=N")
    if len(number) > _DIGITS:
        raise InvalidInput("addon", f"a number of {len(number)} digits is too large; {_DIGITS} are the most")
    return AddOnOrder(code, int(number))
