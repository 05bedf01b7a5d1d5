"""The words of a line: its plan, what of it is billed where that is not the plan's term, and how many."""

from collections.abc import Callable
from typing import Protocol

__all__ = ["Described", "describe_line"]

_OF_A_PLAN = {"setup": "set-up", "trial": "trial", "usage": "usage", "returned": "returned"}


class Described(Protocol):
    """A line of a document, or of a quote."""

    @property
    def kind(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def quantity(self) -> int: ...


def describe_line(line: Described, say: Callable[[str], str] = str, own: Callable[[str], str] = str) -> str:
    """ "Premium, TV box and app (set-up)", "One more screen × 2". `say` puts our own words into another language, `own`
    those of the seller."""
    part = _OF_A_PLAN.get(line.kind, "")
    words = f"{own(line.description)} ({say(part)})" if part else own(line.description)
    return f"{words} × {line.quantity}" if line.quantity > 1 else words
