"""Where a panel sells time for credits: what is due, what is sold, what came of a purchase."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Due", "Package", "Resolution"]


@dataclass(frozen=True, slots=True)
class Due:
    """Paid time that is to be bought now, in one purchase of `package`, the panel's own id of it.

    `max_cost_minor`: what it may cost, in the panel's credits with two decimals. Core sets it for time that is paid and
    not bought yet, and never otherwise: without it `plan` returns no Purchase.
    """

    package: str
    max_cost_minor: int


@dataclass(frozen=True, slots=True)
class Package:
    """What a panel sells for our credit. `term` is how long it lasts ("1 month", "30 days"), `cost_minor` its price
    with two decimals; the same for its trial, where it has one. `bouquets` are those that it brings."""

    name: str
    term: str
    cost_minor: int
    trial_term: str = ""
    trial_cost_minor: int = 0
    bouquets: frozenset[str] = frozenset()


class Resolution(StrEnum):
    """What became of a purchase whose answer was lost."""

    BOUGHT = "bought"
    NOT_BOUGHT = "not_bought"
    STILL_UNKNOWN = "still_unknown"
