"""From a service row to the Desired that a module understands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.provisioning._earlier_passwords import earlier_passwords
from billhead.models.catalogue import Bouquet
from billhead.models.panels import Panel, PanelBouquet
from billhead.models.subscriptions import Service
from billhead.plugin import Capabilities, Desired, Expiry, Handle, LineKind, PanelConnection, ProvisioningModule
from billhead.plugin_host import panel_connection, plugins, vault

__all__ = ["PanelView", "desired_of", "lead_of", "panel_view", "unnamed_bouquets"]


@dataclass(frozen=True, slots=True)
class PanelView:
    """One panel, opened: what a call needs besides the line itself. Holds no session."""

    id: int
    code: str
    module: ProvisioningModule
    connection: PanelConnection
    capabilities: Capabilities
    bouquets: Mapping[int, str]  # our id → the panel's
    managed: Mapping[str, str]  # field → enforce | report | accept
    licensed: Mapping[int, frozenset[str]]  # our id → the only countries; of a panel that can hold a line to one


def panel_view(session: Session, panel: Panel, *, bouquets: bool = True) -> PanelView:
    """Decrypt a panel's settings and read what our bouquets are called there.

    Raises NotFound (no active plugin offers the module) or InvalidInput (settings that no longer fit the module).
    """
    module = plugins().module(panel.module)
    connection = panel_connection(panel)
    capabilities = module.capabilities(connection)
    managed = dict(panel.managed)
    if capabilities.expiry is Expiry.PURCHASED:
        managed["expires_at"] = "accept"  # it is what was bought, a little earlier or later than what was sold
    named = select(PanelBouquet.bouquet_id, PanelBouquet.remote).where(PanelBouquet.panel_id == panel.id)
    return PanelView(
        id=panel.id,
        code=panel.code,
        module=module,
        connection=connection,
        capabilities=capabilities,
        bouquets={row.bouquet_id: row.remote for row in session.execute(named)} if bouquets else {},
        managed=managed,
        licensed=_licensed(session) if bouquets and capabilities.countries else {},
    )


def _licensed(session: Session) -> dict[int, frozenset[str]]:
    limited = select(Bouquet.id, Bouquet.countries).where(Bouquet.country_rule == "only")
    return {bouquet: frozenset(countries) for bouquet, countries in session.execute(limited)}


def _only_country(bouquets: Iterable[int], view: PanelView) -> str | None:
    """The one country in which all of these may be watched; "" where there are several, or no such rule. None where
    the panel keeps what it has: it can't hold a line to one, or no country is in all of them."""
    if not view.capabilities.countries:
        return None
    limits = [view.licensed[bouquet] for bouquet in bouquets if bouquet in view.licensed]
    if not limits:
        return ""
    common = frozenset.intersection(*limits)
    if not common:
        return None  # let go, it would be watched where none of them may be
    return next(iter(common)) if len(common) == 1 else ""


def lead_of(session: Session, service: Service) -> Service | None:
    """The stream line that this box hangs on, while there is one on its panel that customers should have.

    A pair moves together: the box that arrives hangs on the line that arrives.
    """
    if service.paired_with_id is None:
        return None
    lead = session.get(Service, service.paired_with_id, populate_existing=True)
    stands = ("wanted", "arriving") if service.lifecycle == "arriving" else ("wanted",)
    fits = lead is not None and lead.lifecycle in stands and lead.panel_id == service.panel_id
    return lead if fits else None


def desired_of(
    service: Service | Any, view: PanelView, lead: Service | Any | None = None, *, owner: str = ""
) -> Desired:
    """What the customer should have on this panel. `service` is a row of the table (ORM or Core), `lead` that of the
    stream line which it hangs on; a panel that knows no pairs is told of none. `owner`: see `_owners`."""
    before = earlier_passwords(service)
    kept, limit = service.limit_bouquets, service.limit_connections  # what debt leaves until it is paid
    served = [b for b in service.desired_bouquets if b in view.bouquets and (kept is None or b in kept)]
    desired = Desired(
        handle=Handle(service.handle, dict(service.handle_data)),
        kind=LineKind(service.kind),
        login=service.login,
        password=vault().decrypt(service.password),
        previous_password=before[0] if before else None,
        passwords_between=tuple(before[1:]),
        mac=service.mac,
        plan=service.desired_plan,
        bouquets=frozenset(view.bouquets[b] for b in served),
        connections=min(n for n in (service.desired_connections, limit, service.capped_connections) if n is not None),
        expires_at=service.desired_expires_at,
        blocked=service.desired_blocked,
        trial=service.trial,
        pair=Handle(lead.handle, dict(lead.handle_data)) if lead is not None and view.capabilities.pairs else None,
        owner=owner,
        country=_only_country(served, view),
    )
    expires = desired.expires_at
    if view.capabilities.expiry is Expiry.NOT_ENFORCED and expires is not None and expires <= clock.business_now():
        # this panel serves past the expiry unless it is told to stop
        return replace(desired, blocked=True)
    return desired


def unnamed_bouquets(sold: Sequence[int], view: PanelView) -> list[int]:
    """Bouquets that were sold but not named on this panel: staff are told, since nobody else would notice."""
    if not view.capabilities.bouquets or view.managed.get("bouquets", "enforce") != "enforce":
        return []
    return [bouquet for bouquet in sold if bouquet not in view.bouquets]
