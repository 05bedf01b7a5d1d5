"""What a plan lets its customers do by themselves: hold it within limits, change it, and what canceling brings back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from billhead.actions.payments._policy import OPEN_INVOICES
from billhead.actions.subscriptions.cancel import MONEY
from billhead.domain.changes import When
from billhead.domain.errors import InvalidInput

__all__ = [
    "CHANGES",
    "WAYS",
    "HoldRules",
    "checked_changes",
    "checked_hold",
    "checked_money",
    "checked_open",
    "hold_rules",
]

WAYS = ("credit", "keep")
CHANGES = (When.IMMEDIATE.value, When.END_OF_TERM.value)
_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class HoldRules:
    """Days on hold: so many or more at a time, and so many or fewer within a year (None: no limit). `way`: credit |
    keep; "": prepaid time is kept, and what is billed by the calendar is credited."""

    min_days: int = 1
    max_days: int | None = None
    way: str = ""


def checked_hold(rules: HoldRules | None) -> dict[str, Any] | None:
    """As it stands in a plan's details; None where only staff put it on hold. Raises InvalidInput ("hold_min_days",
    "hold_max_days", "hold_way")."""
    if rules is None:
        return None
    if not 1 <= rules.min_days <= _A_YEAR:
        raise InvalidInput("hold_min_days", f"the least is from 1 to {_A_YEAR} days")
    if rules.max_days is not None and not rules.min_days <= rules.max_days <= _A_YEAR:
        raise InvalidInput("hold_max_days", f"the most is from the least to {_A_YEAR} days within a year")
    if rules.way and rules.way not in WAYS:
        raise InvalidInput("hold_way", f"{rules.way!r} is not one of {', '.join(WAYS)}")
    return asdict(rules)


def checked_money(money: str) -> str:
    if money not in MONEY:
        raise InvalidInput("cancel_money", f"{money!r} is not one of {', '.join(MONEY)}")
    return money


def checked_open(rule: str) -> str:
    """What becomes of unpaid invoices of what was canceled; "" as the seller has it."""
    if rule and rule not in OPEN_INVOICES:
        raise InvalidInput("open_invoices", f"{rule!r} is not one of {', '.join(OPEN_INVOICES)}")
    return rule


def checked_changes(when: str) -> str:
    """When its changes are made; "" as the prices have it."""
    if when and when not in CHANGES:
        raise InvalidInput("changes", f"{when!r} is not one of {', '.join(CHANGES)}")
    return when


def hold_rules(details: Mapping[str, Any]) -> HoldRules | None:
    """Of a plan's details, as they were entered."""
    told = details.get("hold")
    return HoldRules(**told) if told else None
