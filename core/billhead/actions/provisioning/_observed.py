"""What a panel said, as JSON for the service row, and the fields that the operator leaves to the panel's staff."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from billhead.plugin import UNOBSERVABLE, Desired, Observed

__all__ = ["as_json", "without_accepted"]

_HIDDEN = {"password", "handle_data"}


def as_json(observed: Observed) -> dict[str, Any]:
    """Observed fields as plain JSON; passwords are left out, unobservable fields too."""
    plain: dict[str, Any] = {}
    for f in fields(observed):
        value = getattr(observed, f.name)
        if f.name in _HIDDEN or value is UNOBSERVABLE:
            continue
        if isinstance(value, frozenset):
            value = sorted(value)
        plain[f.name] = value.isoformat() if isinstance(value, datetime) else value
    return plain


def without_accepted(desired: Desired, observed: Observed | None, managed: Mapping[str, str]) -> Desired:
    """`desired`, with fields that the operator's policy only reports or accepts taken as they are on the panel."""
    if observed is None:
        return desired
    taken = {
        name: getattr(observed, name)
        for name, policy in managed.items()
        if policy in ("report", "accept") and getattr(observed, name, UNOBSERVABLE) is not UNOBSERVABLE
    }
    return replace(desired, **taken) if taken else desired
