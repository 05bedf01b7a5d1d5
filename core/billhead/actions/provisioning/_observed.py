"""What a panel said, as JSON for the service row, and what of a difference counts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from billhead.plugin import UNOBSERVABLE, Desired, Free, Observed, Step

__all__ = ["as_json", "as_observed", "comparable", "enforced", "from_json"]

_HIDDEN = {"password", "handle_data", "follows"}


def as_json(observed: Observed) -> dict[str, Any]:
    """Observed fields as plain JSON; left out is what is secret, unobservable, or asked by adoptions alone."""
    plain: dict[str, Any] = {}
    for f in fields(observed):
        value = getattr(observed, f.name)
        if f.name in _HIDDEN or value is UNOBSERVABLE:
            continue
        if isinstance(value, frozenset):
            value = sorted(value)
        plain[f.name] = value.isoformat() if isinstance(value, datetime) else value
    return plain


def from_json(plain: Mapping[str, Any], handle_data: Mapping[str, Any]) -> Observed:
    """The stored JSON as the module gave it; what is not in it could not be observed."""
    known: dict[str, Any] = {f.name: plain[f.name] for f in fields(Observed) if f.name in plain}
    if known.get("expires_at"):
        known["expires_at"] = datetime.fromisoformat(known["expires_at"])
    if "bouquets" in known:
        known["bouquets"] = frozenset(known["bouquets"])
    return Observed(**{**known, "handle_data": dict(handle_data)})


def comparable(
    desired: Desired,
    observed: Observed | None,
    managed: Mapping[str, str],
    now: datetime,
    tolerated: Collection[str] = ("report", "accept"),
) -> Desired:
    """`desired`, less what is no difference: fields whose policy is `tolerated`, and the block of a line that has
    expired (panels set it by themselves; renewing lifts it)."""
    if observed is None:
        return desired
    names = {name for name, policy in managed.items() if policy in tolerated}
    if desired.expires_at is not None and desired.expires_at <= now and observed.blocked is True:
        names.add("blocked")
    return as_observed(desired, observed, names)


def as_observed(desired: Desired, observed: Observed, names: Collection[str]) -> Desired:
    """`desired` with these fields as the panel has them; what it does not show stays as desired."""
    taken = {name: getattr(observed, name, UNOBSERVABLE) for name in names}
    shown = {name: value for name, value in taken.items() if value is not UNOBSERVABLE}
    return replace(desired, **shown) if shown else desired


def enforced(
    steps: Sequence[Step], managed: Mapping[str, str], tolerated: Collection[str] = ("report", "accept")
) -> Sequence[Step]:
    """The steps, less those that change nothing but what no panel tells in a field (our reference in its notes) and
    whose policy is `tolerated`."""
    left = {name for name, policy in managed.items() if policy in tolerated}
    return [step for step in steps if not (isinstance(step, Free) and step.changes and step.changes <= left)]
