"""What a panel said, as JSON for the service row, and the fields that the operator leaves to the panel's staff."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from billhead.plugin import UNOBSERVABLE, Desired, Observed

__all__ = ["as_json", "comparable"]

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


def comparable(desired: Desired, observed: Observed | None, managed: Mapping[str, str], now: datetime) -> Desired:
    """`desired`, less what is no difference: fields that the operator's policy only reports or accepts, and the block
    of a line that has expired (panels set it by themselves; renewing lifts it)."""
    if observed is None:
        return desired
    tolerated = {name for name, policy in managed.items() if policy in ("report", "accept")}
    if desired.expires_at is not None and desired.expires_at <= now and observed.blocked is True:
        tolerated.add("blocked")
    taken = {
        name: getattr(observed, name) for name in tolerated if getattr(observed, name, UNOBSERVABLE) is not UNOBSERVABLE
    }
    return replace(desired, **taken) if taken else desired
