"""The services of a subscription: which lines its plan makes, on which panel, with which bouquets."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.catalogue import Plan, PlanBouquet
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin_host import vault

__all__ = ["AccessWish", "add_services", "bouquets_of", "new_login", "new_password"]

_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True, slots=True)
class AccessWish:
    """What the customer brings: a MAC for a box; login and password are made unless an import brings them."""

    login: str = ""
    password: str = ""
    mac: str | None = None


def new_login() -> str:
    return "u" + "".join(secrets.choice(_ALPHABET) for _ in range(9))


def new_password() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


def _new_handle() -> str:
    """Ten characters of one-case base32: fits every panel's reference field and never equals "0"."""
    return "".join(secrets.choice(_BASE32) for _ in range(10))


def bouquets_of(session: Session, plan_ids: Sequence[int]) -> list[int]:
    found = session.scalars(select(PlanBouquet.bouquet_id).where(PlanBouquet.plan_id.in_(plan_ids)).distinct())
    return sorted(found)


def add_services(
    tx: Tx, subscription: Subscription, plan: Plan, addons: Sequence[tuple[Plan, int]], wish: AccessWish
) -> list[Service]:
    """Create the service rows of a plan's templates. Nothing is asked of a panel until they have a paid expiry.

    Raises InvalidInput (a box without MAC, a MAC or login that another live service has) or Conflict (no panel has room).
    """
    templates: list[dict[str, Any]] = plan.details.get("services", [])
    if any(t["kind"] != "stream" for t in templates) and not wish.mac:
        raise InvalidInput("mac", f"{plan.name} is watched on a box: its MAC address is needed")
    login, password = wish.login or new_login(), vault().encrypt(wish.password or new_password())
    _check_free(tx.session, login, wish.mac)
    extra = bouquets_of(tx.session, [p.id for p, _ in addons])
    own = bouquets_of(tx.session, [plan.id])
    connections = plan.connections + sum(p.connections * units for p, units in addons if p.kind == "connection")
    services = []
    for number, template in enumerate(templates):
        boxed = template["kind"] != "stream"
        service = Service(
            subscription_id=subscription.id,
            panel_id=_choose_panel(tx.session, template["panel"]),
            paired_with_id=services[0].id if number else None,
            kind=template["kind"],
            handle=_new_handle(),
            login=f"{login}{number + 1}" if number else login,
            password=password,
            mac=wish.mac if boxed else None,
            desired_plan=template["panel_plan"],
            # a panel that knows plans brings the plan's bouquets by itself: only those of add-ons are set one by one
            desired_bouquets=extra if template["panel_plan"] else sorted({*own, *extra}),
            desired_connections=1 if boxed else connections,
            trial=subscription.phase == "trial",
        )
        tx.session.add(service)
        tx.session.flush()
        services.append(service)
    return services


def _check_free(session: Session, login: str, mac: str | None) -> None:
    live = Service.lifecycle != "gone"
    if session.scalar(select(Service.id).where(live, Service.login == login)) is not None:
        raise InvalidInput("login", f"{login} is taken by another line")
    if mac and session.scalar(select(Service.id).where(live, Service.mac == mac)) is not None:
        raise InvalidInput("mac", f"{mac} belongs to another box", hint="check the label below the box")


def _choose_panel(session: Session, wanted: str) -> int:
    """The least loaded panel (by weight) of the wanted code or group that is open and has room."""
    used = (
        select(Service.panel_id, func.count().label("lines"))
        .where(Service.lifecycle != "gone")
        .group_by(Service.panel_id)
        .subquery()
    )
    rows = session.execute(
        select(Panel, func.coalesce(used.c.lines, 0))
        .outerjoin(used, used.c.panel_id == Panel.id)
        .where((Panel.code == wanted) | (Panel.group == wanted))
    ).all()
    if not rows:
        raise Conflict(f"no panel is called {wanted!r}", hint="add it under Panels, or change the plan's panel")
    open_rows = [(p, n) for p, n in rows if not p.maintenance and (p.capacity == 0 or n < p.capacity)]
    if not open_rows:
        raise Conflict(f"the panels of {wanted!r} are full or under maintenance", code="no_capacity")
    panel, _ = min(open_rows, key=lambda row: (row[1] * 1000 // max(row[0].weight, 1), row[0].id))
    return int(panel.id)
