"""A service's fields as they should be beside what its panel said last, judged by the module itself. No network."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.provisioning._desired import desired_of, lead_of, panel_view
from billhead.actions.provisioning._observed import comparable, from_json
from billhead.actions.provisioning._owners import owner_of
from billhead.domain.errors import BillheadError, NotFound
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.plugin import UNOBSERVABLE, Desired, Free, Impossible, Observed, Step
from billhead.plugin.provisioning import COMPARED

__all__ = ["Comparison", "FieldPair", "compare"]

FIELDS = tuple(name for name in COMPARED if name != "password")


@dataclass(frozen=True, slots=True)
class FieldPair:
    """`verdict`: same, differs, left (policy leaves it to the panel), unseen (the panel does not say)."""

    field: str
    desired: Any
    observed: Any
    verdict: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`problem` says why the module could not judge; the pairs are then compared as they stand."""

    pairs: tuple[FieldPair, ...]
    problem: str = ""

    @property
    def differences(self) -> int:
        return sum(pair.verdict == "differs" for pair in self.pairs)


def compare(session: Session, service_id: int) -> Comparison:
    """Raises NotFound. A field that the module rounds (whole days, one connection on a box) counts as the same."""
    service = session.get(Service, service_id)
    if service is None:
        raise NotFound("service", service_id)
    panel = session.get_one(Panel, service.panel_id)
    seen = (
        from_json(service.observed, service.handle_data)
        if service.observed_at is not None and service.observed
        else None
    )
    try:
        view = panel_view(session, panel)
        owner = owner_of(session, service, view)
        desired = desired_of(service, view, lead_of(session, service), owner=owner)
        wished = comparable(desired, seen, view.managed, clock.business_now())
        steps = list(view.module.plan(view.connection, wished, seen)) if seen is not None else []
    except BillheadError as error:
        desired = _as_it_stands(service)
        steps = [Free("update", desired, seen, _plain_differences(desired, seen))] if seen is not None else []
        return Comparison(_pairs(desired, seen, steps, panel.managed), str(error))
    return Comparison(_pairs(desired, seen, steps, view.managed))


def _as_it_stands(service: Service) -> Any:
    """For a panel whose module is not there: the row's own fields under the names of Desired."""
    return _RowView(
        login=service.login,
        mac=service.mac,
        plan=service.desired_plan,
        bouquets=frozenset(str(b) for b in service.desired_bouquets),
        connections=service.desired_connections,
        expires_at=service.desired_expires_at,
        blocked=service.desired_blocked,
    )


@dataclass(frozen=True, slots=True)
class _RowView:
    login: str
    mac: str | None
    plan: str
    bouquets: frozenset[str]
    connections: int
    expires_at: datetime | None
    blocked: bool
    owner: str = ""  # which of ours it is there, only the module's panel can tell
    country: str | None = None


def _plain_differences(desired: Any, seen: Observed) -> frozenset[str]:
    """Bouquets, owner and country are left out: without its module nobody knows what ours are called on the panel."""
    return frozenset(
        name
        for name in FIELDS
        if name not in ("bouquets", "owner", "country")
        and getattr(seen, name) is not UNOBSERVABLE
        and getattr(seen, name) != getattr(desired, name)
    )


def _pairs(
    desired: Desired | Any, seen: Observed | None, steps: list[Step], managed: Mapping[str, str]
) -> tuple[FieldPair, ...]:
    changes = {name for step in steps if isinstance(step, Free) for name in step.changes}
    refused = {step.field: step.why for step in steps if isinstance(step, Impossible)}
    pairs = []
    for name in FIELDS:
        observed = UNOBSERVABLE if seen is None else getattr(seen, name)
        if name == "owner" and not desired.owner and observed is UNOBSERVABLE:
            continue  # a panel without resellers, or none of ours is named on it
        if name == "country" and desired.country is None:
            continue  # whatever the panel has there is its staff's
        if name in changes or name in refused:
            verdict = "differs"
        elif observed is UNOBSERVABLE:
            verdict = "unseen"
        else:
            left = managed.get(name) in ("report", "accept") or (name == "owner" and not desired.owner)
            verdict = "left" if left else "same"
        shown = None if observed is UNOBSERVABLE else observed
        pairs.append(FieldPair(name, getattr(desired, name), shown, verdict, refused.get(name, "")))
    return tuple(pairs)
