"""From what is there to what is wanted, for panels that can set an expiry. Pure: nothing here asks a panel."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from billhead.plugin import Desired, Free, Impossible, Observed, Step, diff
from billhead_xtream.accounts import LAST_SECOND, LINE, Resource
from billhead_xtream.payloads import pair_of
from billhead_xtream.settings import XtreamSettings

_WORD = re.compile(r"[A-Za-z0-9._-]+")


def planned(settings: XtreamSettings, resource: Resource, desired: Desired, found: Observed | None) -> Sequence[Step]:
    refused = impossible(settings, resource, desired)
    if refused:
        return refused
    steps = diff(desired, found, normalise=normalised)
    if found is None:
        return steps
    changes = (steps[0].changes if steps and isinstance(steps[0], Free) else frozenset()) | _unnamed(
        settings, resource, desired, found
    )
    return [Free("update", normalised(desired), found, changes)] if changes else []


def _unnamed(settings: XtreamSettings, resource: Resource, desired: Desired, found: Observed) -> frozenset[str]:
    """What differs and is no field of Observed: it is kept in the handle's data, where the panel has told it."""
    kept, differing = found.handle_data, set()
    if kept.get("ref") != desired.handle.ref:
        differing.add("note")  # somebody wiped our reference out, or the line is being adopted: any edit writes it
    if resource.is_device and pair_of(desired) and not kept.get("short") and kept.get("pair") != pair_of(desired):
        differing.add("pair")
    told = resource is LINE and not kept.get("short")
    if told and settings.restreamers and bool(kept.get("restreamer")) != (desired.plan in settings.restreamers):
        differing.add("restreamer")
    if desired.blocked and kept.get("live"):
        differing.add("blocked")  # blocked, yet a stream runs on: the edit cuts it
    return frozenset(differing)


def impossible(settings: XtreamSettings, resource: Resource, desired: Desired) -> list[Impossible]:
    """What this panel would accept and get wrong, or answer with its crash."""
    found = []
    if resource is LINE:
        found += [
            Impossible(field, "only letters, digits, dot, dash and underscore work in the panel's stream addresses")
            for field in ("login", "password")
            if not _WORD.fullmatch(getattr(desired, field))
        ]
    elif not desired.mac:
        found.append(Impossible("mac", "a MAG box is known by its MAC address alone"))
    if not all(bouquet.isascii() and bouquet.isdecimal() for bouquet in desired.bouquets):
        found.append(Impossible("bouquets", "bouquets of this panel are whole numbers, as its catalogue lists them"))
    elif not desired.bouquets and settings.bouquet_encoding == "array":
        found.append(Impossible("bouquets", "an empty list can't be sent as an array; the panel would crash on it"))
    if desired.owner and not (desired.owner.isascii() and desired.owner.isdecimal()):
        found.append(Impossible("owner", "owners of this panel are whole numbers: the ids of its users"))
    if desired.connections < 0:
        found.append(Impossible("connections", "must be 0 (no limit) or more"))
    return found


def normalised(desired: Desired) -> Desired:
    """What the panel can say: whole seconds up to January 2038, bouquet ids without leading zeros."""
    expires = desired.expires_at
    if expires is not None:
        expires = min(expires.replace(microsecond=0), LAST_SECOND)
    return replace(desired, expires_at=expires, bouquets=frozenset(str(int(bouquet)) for bouquet in desired.bouquets))


def missed(desired: Desired, stored: Observed, changes: Collection[str]) -> frozenset[str]:
    """Of the fields named by `changes` (none: all), those that the panel stores otherwise after a change."""
    steps = diff(desired, stored)
    differing = steps[0].changes if steps and isinstance(steps[0], Free) else frozenset()
    return differing & frozenset(changes) if changes else differing
