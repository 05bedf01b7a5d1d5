"""Refer a friend: what a seller gives for it, and what can become of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, LARGEST_MINOR, Money, exponent

__all__ = ["REASONS", "ReferralRules", "ReferralState", "rewards_from", "rewards_text", "rules_from"]

_BOUNDS = {"waiting_days": (0, 365), "back_days": (0, 365), "most_a_month": (1, 1000)}


class ReferralState(StrEnum):
    WAITING = "waiting"
    EARNED = "earned"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"


REASONS = {
    "same_mailbox": "the same mailbox as who referred",
    "same_card": "the same card as who referred",
    "same_box": "the same box as who referred",
    "same_address": "ordered from the address of who referred",
    "known": "was a customer before, by mailbox, card or box",
    "refunded": "the first payment went back",
    "not_offered": "nothing is offered to one of the two",
}


@dataclass(frozen=True, slots=True)
class ReferralRules:
    """Of one seller. `rewards`: by currency, minor units for who refers and for the friend.

    `waiting_days` after the friend's first paid invoice both get theirs. `back_days`: so long after that it is taken
    back if the payment goes back. `most_a_month`: rewards of one customer within 30 days.
    """

    on: bool = False
    rewards: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    waiting_days: int = 14
    back_days: int = 120
    most_a_month: int = 5

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise InvalidInput(name, f"must be from {least} to {most}")
        for currency, (referrer, friend) in self.rewards.items():
            exponent(currency)
            if currency == CREDITS:
                raise InvalidInput("rewards", f"{currency} is what resellers pay with")
            if not (0 <= referrer <= LARGEST_MINOR and 0 <= friend <= LARGEST_MINOR and referrer + friend):
                raise InvalidInput("rewards", f"{currency}: one of the two must get something, and none less than that")
        if self.on and not self.rewards:
            raise InvalidInput("rewards", "say what is given, in one currency at least")

    def of(self, currency: str) -> tuple[int, int]:
        return self.rewards.get(currency, (0, 0))


def rules_from(stored: Mapping[str, Any] | None) -> ReferralRules:
    """As the seller's row keeps them. A key that this version does not know is passed over."""
    known = {one.name for one in fields(ReferralRules)}
    kept = {name: value for name, value in (stored or {}).items() if name in known}
    rewards = {currency: (both[0], both[1]) for currency, both in kept.pop("rewards", {}).items()}
    return ReferralRules(**kept, rewards=rewards)


def rewards_from(text: str) -> dict[str, tuple[int, int]]:
    """One line a currency: the code, what who refers gets, what the friend gets. Raises InvalidInput."""
    found: dict[str, tuple[int, int]] = {}
    for line in filter(None, map(str.split, text.upper().splitlines())):
        if len(line) != 3 or line[0] in found:
            raise InvalidInput("rewards", "write for each currency once: EUR, for who refers, for the friend")
        try:
            found[line[0]] = (Money.parse(line[1], line[0]).minor, Money.parse(line[2], line[0]).minor)
        except InvalidInput as refused:
            raise InvalidInput("rewards", f"{' '.join(line)}: {refused.why}") from refused
    return found


def rewards_text(rewards: Mapping[str, tuple[int, int]]) -> str:
    """As `rewards_from` reads it."""
    return "\n".join(
        " ".join([currency, *(str(Money(minor, currency).decimal()) for minor in both)])
        for currency, both in sorted(rewards.items())
    )
