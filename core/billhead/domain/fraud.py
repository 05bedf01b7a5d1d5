"""The rules by which an order is doubted: what is one mailbox, what a score means, what each figure says. All pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_network
from typing import Any, Final

from billhead.domain.address import canonical_mail, parse_address
from billhead.domain.errors import InvalidInput
from billhead.domain.mac import parse_mac
from billhead.domain.money import Money

__all__ = [
    "CHECKS",
    "LIST_KINDS",
    "VERDICTS",
    "CaseState",
    "Entry",
    "FraudRules",
    "entry_matches",
    "entry_value",
    "rules_from",
    "too_large",
    "too_many",
    "verdict_of",
]

VERDICTS: Final = ("allow", "review", "refuse")
LIST_KINDS: Final = ("mail", "domain", "network", "card", "mac")

CHECKS: Final = {
    "lists": "Allow and deny lists",
    "velocity": "Many orders in a short time",
    "country": "Country of the address against billing and card",
    "mail": "Disposable and aliased mail",
    "hosting": "Proxies and data centres",
    "amount": "Large first orders",
    "open_review": "Another order that is being checked",
}
"""The checks of the house: code → what staff read."""

_BOUNDS = {
    "review_from": (1, 10000),
    "refuse_from": (1, 10000),
    "window_hours": (1, 24 * 90),
    "per_address": (0, 10000),
    "per_mailbox": (0, 10000),
    "per_card": (0, 10000),
    "per_phone": (0, 10000),
    "trial_days": (0, 3650),
    "trials_per_address": (0, 10000),
    "trials_per_network": (0, 10000),
    "seconds": (1, 20),
    "keep_days": (1, 3650),
}


class CaseState(StrEnum):
    """`passed` and `refused` by the checks; `review` waits for staff, who make it `approved` or `rejected`. `gone`: the
    order has ended before anybody decided."""

    PASSED = "passed"
    REFUSED = "refused"
    REVIEW = "review"
    APPROVED = "approved"
    REJECTED = "rejected"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class FraudRules:
    """Of one seller. Scores count the reasons' weights; 0 for a number of orders or trials means any number.

    `off`: codes of checks that are not asked. `largest_first`: the most that somebody who has never paid orders without
    being looked at, by currency, in minor units. `trials_per_…` within `trial_days`, for plans that are had once.
    `unknown_is_review`: what a check could not say is looked at. After `keep_days` addresses and devices are forgotten.
    """

    review_from: int = 50
    refuse_from: int = 150
    off: tuple[str, ...] = ()
    window_hours: int = 24
    per_address: int = 5
    per_mailbox: int = 5
    per_card: int = 5
    per_phone: int = 5
    largest_first: Mapping[str, int] = field(default_factory=dict)
    trial_days: int = 30
    trials_per_address: int = 1
    trials_per_network: int = 5
    unknown_is_review: bool = False
    seconds: int = 3
    keep_days: int = 180

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise InvalidInput(name, f"must be a whole number from {least} to {most}")
        if self.refuse_from < self.review_from:
            raise InvalidInput("refuse_from", "can't be below the score from which an order is looked at")
        if self.trial_days > self.keep_days:
            raise InvalidInput("trial_days", "can't be longer than addresses and devices are kept")
        if any(type(minor) is not int or minor <= 0 for minor in self.largest_first.values()):
            raise InvalidInput("largest_first", "amounts are above zero")

    def stored(self) -> dict[str, Any]:
        return {**asdict(self), "off": sorted(self.off)}


def rules_from(stored: Mapping[str, Any]) -> FraudRules:
    """As a seller's row keeps them; what is missing is as it comes."""
    known = {one.name for one in fields(FraudRules)}
    values = {name: value for name, value in stored.items() if name in known}
    return FraudRules(**{**values, "off": tuple(values.get("off", ()))})


def entry_value(kind: str, typed: str) -> str:
    """An entry of the lists as it is kept and compared. Raises InvalidInput for what is none of its kind."""
    typed = typed.strip()
    if kind not in LIST_KINDS:
        raise InvalidInput("kind", f"is one of {', '.join(LIST_KINDS)}")
    if not typed or len(typed) > 254:
        raise InvalidInput("value", "is needed, and has 254 characters at most")
    if kind == "mac":
        return parse_mac(typed)
    if kind == "network":
        try:
            return str(ip_network(typed, strict=False))
        except ValueError as wrong:
            raise InvalidInput("value", f"{typed!r} is no address and no network like 203.0.113.0/24") from wrong
    if kind == "card":
        if len(typed) != 64 or set(typed) - set("0123456789abcdef"):
            raise InvalidInput("value", "is the mark of a card, as it stands on the page of an order")
        return typed
    if kind == "domain":
        domain = typed.lower().removeprefix("@").rstrip(".")
        if "." not in domain or "@" in domain or any(letter.isspace() for letter in domain):
            raise InvalidInput("value", f"{typed!r} is no domain like example.com")
        return domain
    mailbox = canonical_mail(typed)
    if not mailbox or any(letter.isspace() for letter in mailbox):
        raise InvalidInput("value", f"{typed!r} is no e-mail address")
    return mailbox


def verdict_of(rules: FraudRules, score: int, said: Iterable[str], *, unknown: bool) -> str:
    """One verdict of all: the hardest of those that checks have said, or the score's; an "allow" takes the score away.

    >>> verdict_of(FraudRules(), 60, [""], unknown=False), verdict_of(FraudRules(), 60, ["allow"], unknown=False)
    ('review', 'allow')
    """
    told = set(said)
    if "refuse" in told:
        return "refuse"
    counted = 0 if "allow" in told else score
    if counted >= rules.refuse_from:
        return "refuse"
    doubted = counted >= rules.review_from or (unknown and rules.unknown_is_review and "allow" not in told)
    return "review" if "review" in told or doubted else "allow"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the lists: `kind` one of LIST_KINDS, `allows` or denies, until it ends."""

    kind: str
    value: str
    allows: bool
    ends_at: datetime | None = None


def entry_matches(entry: Entry, *, mailbox: str, ip: str, card: str, mac: str) -> bool:
    match entry.kind:
        case "mail":
            return bool(mailbox) and entry.value == mailbox
        case "domain":
            domain = mailbox.rpartition("@")[2]
            return domain == entry.value or domain.endswith(f".{entry.value}")
        case "network":
            return _within(ip, entry.value)
        case "card":
            return bool(card) and entry.value == card
        case _:
            return bool(mac) and entry.value == mac


def _within(ip: str, network: str) -> bool:
    address = parse_address(ip)
    return address is not None and address in ip_network(network)


def too_many(count: int, may_be: int) -> int:
    """The weight of the next order after `count` earlier ones: 50 at the first too many, 25 for each further one."""
    over = count + 1 - may_be if may_be else 0
    return min(50 + 25 * (over - 1), 200) if over > 0 else 0


def too_large(amount: Money, largest: Mapping[str, int], paid: int) -> bool:
    """More than somebody who has never paid may order without being looked at; no limit in a currency, no doubt."""
    most = largest.get(amount.currency, 0)
    return bool(most) and not paid and amount.minor > most
