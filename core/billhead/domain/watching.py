"""What an operator decides about access, what is kept of viewings, and from where on a line looks shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from billhead.domain.address import network_of
from billhead.domain.errors import InvalidInput

__all__ = ["STEPS", "WatchingRules", "masked", "rules_from"]

STEPS = ("", "warn", "limit", "block")
"""What may happen to a shared line by itself: nothing, a message, one stream at a time, or a stop."""

_BOUNDS = {
    "code_days": (0, 3650),
    "resets_a_day": (0, 100),
    "mails_a_day": (0, 100),
    "asks_a_minute": (1, 60),
    "address_days": (1, 3650),
    "viewing_days": (7, 3650),
    "window_hours": (1, 168),
    "most_addresses": (2, 1000),
    "most_networks": (2, 1000),
    "most_countries": (2, 200),
    "overlap_minutes": (1, 1440),
    "review_from": (1, 1000),
    "acts_from": (1, 1000),
}


@dataclass(frozen=True, slots=True)
class WatchingRules:
    """Of one seller. `code_days` 0: short addresses hold until they are revoked.

    `address_days` and `viewing_days`: after so many days the addresses of viewers are emptied, and viewings deleted.
    `acts_by_itself` is one of STEPS; it happens once a line's score reaches `acts_from`.
    """

    code_days: int = 0
    resets_a_day: int = 3
    mails_a_day: int = 5
    asks_a_minute: int = 6
    address_days: int = 30
    viewing_days: int = 400
    window_hours: int = 24
    most_addresses: int = 6
    most_networks: int = 4
    most_countries: int = 2
    overlap_minutes: int = 5
    review_from: int = 50
    acts_by_itself: str = ""
    acts_from: int = 200

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise InvalidInput(name, f"must be a whole number from {least} to {most}")
        if self.acts_by_itself not in STEPS:
            raise InvalidInput("acts_by_itself", f"is one of {', '.join(filter(None, STEPS))}, or nothing")
        if self.address_days > self.viewing_days:
            raise InvalidInput("address_days", "can't be longer than viewings are kept")


def rules_from(stored: Mapping[str, Any]) -> WatchingRules:
    """As a seller's row keeps them; what is missing is as it comes."""
    known = {field.name for field in fields(WatchingRules)}
    return WatchingRules(**{name: value for name, value in stored.items() if name in known})


def masked(ip: str) -> str:
    """An address for somebody who may not know it whole: 203.0.113.x, 2001:db8:1:…"""
    network = network_of(ip)
    if not network:
        return ""
    start = network.partition("/")[0]
    return start.rpartition(".")[0] + ".x" if "." in start else start.removesuffix("::").removesuffix(":") + ":…"
