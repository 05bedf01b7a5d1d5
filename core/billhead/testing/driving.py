"""Drives a module as core does (look up, plan, apply, read back) and makes up the lines that it is asked for."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from billhead import clock
from billhead.plugin import (
    UNOBSERVABLE,
    Absent,
    Capabilities,
    Catalogue,
    Desired,
    Due,
    Expiry,
    Found,
    Free,
    Handle,
    LineKind,
    Observed,
    PanelConnection,
    ProvisioningModule,
    Purchase,
    Unobservable,
)

__all__ = ["Driver", "all_changed", "changes_of", "new_line", "observable"]

_numbers = count(1)
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_MAX_ROUNDS = 4


class Driver:
    """One panel and its module. Every method returns the Desired with the handle data that the module wants kept."""

    def __init__(self, module: ProvisioningModule, panel: PanelConnection) -> None:
        self.module = module
        self.panel = panel

    def found(self, desired: Desired) -> Observed:
        """What the panel says; fails unless the line is there."""
        seen = self.module.look_up(self.panel, desired)
        assert isinstance(seen, Found), f"look_up returned {seen!r}, the line {desired.handle.ref} should be Found"
        return seen.observed

    def bring_in_step(self, desired: Desired) -> Desired:
        """Converge as core does, and check that it ends: at most four rounds of look up, plan, apply."""
        for _ in range(_MAX_ROUNDS):
            seen = self.module.look_up(self.panel, desired)
            assert isinstance(seen, Found | Absent), f"look_up returned {seen!r} for our own line {desired.handle.ref}"
            found = seen.observed if isinstance(seen, Found) else None
            desired = self.comparable(_keeping(desired, found), found)
            steps = self.module.plan(self.panel, desired, found)
            if not steps:
                assert found is not None, "plan() says that a line which is absent is in step"
                return replace(desired, previous_password=None, passwords_between=())
            desired = self.apply(steps, desired)
        raise AssertionError(f"not in step after {_MAX_ROUNDS} rounds; plan() still asks for {steps!r}")

    @property
    def sells(self) -> bool:
        return self.module.capabilities(self.panel).expiry is Expiry.PURCHASED

    def comparable(self, desired: Desired, found: Observed | None) -> Desired:
        """Where expiry is bought it is never compared, and what is there is not bought again."""
        if not self.sells or found is None:
            return desired
        until = desired.expires_at if isinstance(found.expires_at, Unobservable) else found.expires_at
        return replace(desired, due=None, expires_at=until)

    def with_credit(self, step: Purchase) -> Purchase:
        """As core sends it: with our credit before it."""
        able = self.module.capabilities(self.panel)
        return replace(step, balance_minor=self.module.balance(self.panel)) if able.balance else step

    def apply(self, steps: Iterable[object], desired: Desired) -> Desired:
        for step in steps:
            if isinstance(step, Purchase) and desired.due is not None:
                desired = replace(_keeping(desired, self.module.buy(self.panel, step)), due=None)
                continue
            assert isinstance(step, Free), f"the panel should be able to do this, but plan() says {step!r}"
            desired = _keeping(desired, self.module.apply(self.panel, step))
        return desired


def _keeping(desired: Desired, observed: Observed | None) -> Desired:
    """Core stores `handle_data` after every answer and hands it back with the next question."""
    if observed is None:
        return desired
    return replace(desired, handle=Handle(desired.handle.ref, observed.handle_data))


def new_line(kind: LineKind, catalogue: Catalogue) -> Desired:
    """A line that the panel has never seen."""
    number = next(_numbers)
    ref = _ref(number)
    has_mac = kind is not LineKind.STREAM
    return Desired(
        handle=Handle(ref),
        kind=kind,
        login=f"viewer{ref}",
        password=f"first{ref}word",
        mac=_mac(number) if has_mac else None,
        plan=next(iter(catalogue.plans.values()), ""),
        bouquets=frozenset(list(catalogue.bouquets)[:1]),
        connections=1,
        expires_at=_in_days(30),
        note=f"conformance {ref}",
        due=_first_package(catalogue),
    )


def _first_package(catalogue: Catalogue) -> Due | None:
    """Something to buy the line with, where the panel sells."""
    return next((Due(code, package.cost_minor) for code, package in catalogue.packages.items()), None)


def changes_of(desired: Desired, able: Capabilities, catalogue: Catalogue) -> list[tuple[str, Desired]]:
    """(field, the line with another value of it) for everything that this panel is said to be able to change."""
    changed: list[tuple[str, Desired]] = []

    def to(field: str, **values: object) -> None:
        changed.append((field, replace(desired, **values)))  # type: ignore[arg-type]

    to("password", password=f"other{desired.handle.ref}word", previous_password=desired.password)
    to("blocked", blocked=True)
    if desired.kind is not LineKind.STREAM:
        to("mac", mac=_mac(next(_numbers)))
    if len(catalogue.plans) > 1:
        to("plan", plan=list(catalogue.plans.values())[1])
    if able.bouquets and len(catalogue.bouquets) > 1:
        to("bouquets", bouquets=frozenset(list(catalogue.bouquets)[1:]))
        to("bouquets", bouquets=frozenset(list(catalogue.bouquets)))
    if able.connections and desired.kind is LineKind.STREAM:
        to("connections", connections=3)
    if able.expiry is Expiry.SETTABLE:
        to("expires_at", expires_at=_in_days(61))
        to("expires_at", expires_at=_in_days(3))
    return changed


def all_changed(desired: Desired, able: Capabilities, catalogue: Catalogue, but: frozenset[str]) -> Desired:
    """The line with every field changed at once, except those named in `but`."""
    values: dict[str, object] = {}
    for field, changed in changes_of(desired, able, catalogue):
        if field not in but:
            values[field] = getattr(changed, field)
    before = desired.password if "password" in values else None
    return replace(desired, **values, previous_password=before)  # type: ignore[arg-type]


def observable(observed: Observed, field: str) -> bool:
    return getattr(observed, field) is not UNOBSERVABLE


def _in_days(days: int) -> datetime:
    return clock.business_now().replace(microsecond=0) + timedelta(days=days)


def _ref(number: int) -> str:
    """As core makes them: one-case base32, at most 11 characters."""
    letters = ""
    while number:
        number, digit = divmod(number, 32)
        letters = _LETTERS[digit] + letters
    return f"line{letters.rjust(4, 'a')}"


def _mac(number: int) -> str:
    return "00:1A:79:" + ":".join(
        f"{byte:02X}" for byte in (0xB0 | number >> 16 & 0x0F, number >> 8 & 0xFF, number & 0xFF)
    )
