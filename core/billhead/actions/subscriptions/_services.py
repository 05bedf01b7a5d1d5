"""The services of a subscription: which lines its plan makes, on which panel, with which bouquets."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from billhead.actions.provisioning._one_box import lock_macs
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.catalogue import Plan, PlanBouquet
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin_host import vault

__all__ = [
    "AccessWish",
    "Placement",
    "add_services",
    "lock_places",
    "new_handle",
    "new_login",
    "new_password",
    "pairs_among",
]

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


def new_handle() -> str:
    """Ten characters of one-case base32: fits every panel's reference field and never equals "0"."""
    return "".join(secrets.choice(_BASE32) for _ in range(10))


def is_handle(text: str) -> bool:
    """Is it of the form that `new_handle` gives, here or in another Billhead? A plain number is somebody's own."""
    return len(text) == 10 and set(text) <= set(_BASE32) and not text.isdigit()


def lock_places(session: Session, plans: Iterable[Plan]) -> None:
    """Until the transaction ends nobody else takes a place on a panel that holds so many lines and no more. Count them
    after this, not before; whoever sells several plans locks for all of them at once."""
    wanted = {line["panel"] for plan in plans for line in plan.details.get("services", [])}
    limited = select(Panel.id).where(or_(Panel.code.in_(wanted), Panel.group.in_(wanted)), Panel.capacity > 0)
    # rows that name the panel may be written meanwhile
    session.execute(limited.order_by(Panel.id).with_for_update(key_share=True)).all()


class Placement:
    """What making lines needs to know, read once: panels and, where it counts, how full they are, bouquets, logins and
    MACs in use.

    One order makes one; an import makes one per batch, so that its rows need no query of their own.
    """

    def __init__(
        self, session: Session, wishes: Sequence["AccessWish"], plans: Iterable[Plan], *, for_staff: bool = True
    ) -> None:
        """Only staff are told what the operator's panels are called."""
        self._session = session
        self._for_staff = for_staff
        lock_places(session, plans)
        self._used: dict[int, int] = {}  # of panels that were counted
        self._panels = list(session.scalars(select(Panel).order_by(Panel.id)))
        self._bouquets: dict[int, list[int]] = {}
        for plan_id, bouquet_id in session.execute(select(PlanBouquet.plan_id, PlanBouquet.bouquet_id)):
            self._bouquets.setdefault(plan_id, []).append(bouquet_id)
        live = Service.lifecycle != "gone"
        logins, macs = [w.login for w in wishes if w.login], [w.mac for w in wishes if w.mac]
        lock_macs(session, macs)
        self._logins = set(session.scalars(select(Service.login).where(live, Service.login.in_(logins))))
        self._macs = set(session.scalars(select(Service.mac).where(live, Service.mac.in_(macs))))

    def bouquets(self, plans: Sequence[Plan]) -> list[int]:
        return sorted({bouquet for plan in plans for bouquet in self._bouquets.get(plan.id, ())})

    def take_names(self, login: str, mac: str | None) -> None:
        """Raises InvalidInput when a live line has the login or the MAC."""
        if login in self._logins:
            raise InvalidInput("login", f"{login} is taken by another line")
        if mac and mac in self._macs:
            raise InvalidInput("mac", f"{mac} belongs to another box", hint="check the label below the box")
        self._logins.add(login)
        if mac:
            self._macs.add(mac)

    def take_panel(self, wanted: str, lines: int = 1) -> Panel:
        """The least loaded panel (by weight) of the wanted code or group that is open and has room, and its places."""
        fitting = [p for p in self._panels if wanted in (p.code, p.group)]
        if not fitting and self._for_staff:
            raise Conflict(f"no panel is called {wanted!r}", hint="add it under Panels, or change the plan's panel")
        used = self._count(fitting)
        free = [
            p for p in fitting if not p.maintenance and (p.capacity == 0 or used.get(p.id, 0) + lines <= p.capacity)
        ]
        if not free and not self._for_staff:
            raise Conflict("there is no room for new lines at the moment", code="no_capacity", hint="try again later")
        if not free:
            raise Conflict(f"the panels of {wanted!r} are full or under maintenance", code="no_capacity")
        panel = min(free, key=lambda p: (used.get(p.id, 0) * 1000 // max(p.weight, 1), p.id))
        if panel.id in used:
            used[panel.id] += lines
        return panel

    def _count(self, fitting: Sequence[Panel]) -> dict[int, int]:
        """Only panels between which there is a choice are counted, each once: a full panel has 100,000 lines."""
        if len(fitting) > 1 or any(panel.capacity for panel in fitting):
            new = [panel.id for panel in fitting if panel.id not in self._used]
            live = select(Service.panel_id, func.count()).where(Service.panel_id.in_(new), Service.lifecycle != "gone")
            if new:
                self._used |= dict.fromkeys(new, 0)
                self._used |= dict(self._session.execute(live.group_by(Service.panel_id)).all())
        return self._used


def pairs_among(templates: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Box → the stream line that it goes with, by their places: the nearest before it that has no box yet, rather on
    the same panel or group. What is left over stands alone.
    """
    goes: dict[int, int] = {}
    for place, template in enumerate(templates):
        if template["kind"] == "stream":
            continue
        lines = [at for at in range(place) if templates[at]["kind"] == "stream" and at not in goes.values()]
        if lines:
            goes[place] = max(lines, key=lambda at: (templates[at]["panel"] == template["panel"], at))
    return goes


def add_services(
    subscription: Subscription,
    plan: Plan,
    addons: Sequence[tuple[Plan, int]],
    wish: AccessWish,
    placement: Placement,
    ids: Iterator[int],
    *,
    quantity: int = 1,
) -> list[Service]:
    """The service rows of a plan's templates, to be added by the caller; `ids` gives their primary keys.

    Nothing is asked of a panel until they have a paid expiry. Raises InvalidInput (a box without MAC, a MAC or login
    that another live service has) or Conflict (no panel has room).
    """
    templates: list[dict[str, Any]] = plan.details.get("services", [])
    # a receiver may also log in as an ordinary line does
    if any(t["kind"] == "mag" for t in templates) and not wish.mac:
        raise InvalidInput("mac", f"{plan.name} is watched on a box: its MAC address is needed")
    login, password = wish.login or new_login(), vault().encrypt(wish.password or new_password())
    placement.take_names(login, wish.mac)
    extra = placement.bouquets([p for p, _ in addons])
    every = placement.bouquets([plan, *(p for p, _ in addons)])
    connections = plan.connections * quantity + sum(
        p.connections * units for p, units in addons if p.kind == "connection"
    )
    services: list[Service] = []
    goes = pairs_among(templates)
    beside = {at: goes[at] for at in goes if templates[goes[at]]["panel"] == templates[at]["panel"]}
    for number, template in enumerate(templates):
        boxed = template["kind"] != "stream"
        lead = services[goes[number]] if number in goes else None
        if number in beside:
            panel_id = services[beside[number]].panel_id  # its line has taken the place of both
        else:
            panel_id = placement.take_panel(template["panel"], 2 if number in beside.values() else 1).id
        services.append(
            Service(
                id=next(ids),
                subscription_id=subscription.id,
                panel_id=panel_id,
                paired_with_id=lead.id if lead is not None else None,
                kind=template["kind"],
                handle=new_handle(),
                login=f"{login}{number + 1}" if number else login,
                password=password,
                mac=wish.mac if boxed else None,
                desired_plan=template["panel_plan"],
                # a panel that knows plans brings the plan's bouquets: only those of add-ons are set one by one
                desired_bouquets=extra if template["panel_plan"] else every,
                desired_connections=1 if boxed else connections,
                trial=subscription.phase == "trial",
            )
        )
    return services
