"""What was taken off a line, in words: "− 5.00 (WELCOME)"."""

from collections.abc import Callable
from typing import Protocol

from billhead.domain.money import Money

__all__ = ["Discounted", "describe_discount"]


class Discounted(Protocol):
    """A line of a document, or of a quote."""

    @property
    def discount_minor(self) -> int: ...

    @property
    def discount_code(self) -> str: ...


def describe_discount(line: Discounted, currency: str, number: Callable[[int, str], str] | None = None) -> str:
    """ "" where nothing was. The amount is as the price is shown, perhaps with tax; `number` writes it in another
    language."""
    if not line.discount_minor:
        return ""
    code = f" ({line.discount_code})" if line.discount_code else ""
    if number is not None:
        return f"− {number(line.discount_minor, currency)}{code}"
    return f"− {Money(line.discount_minor, currency).decimal():,f}{code}"
