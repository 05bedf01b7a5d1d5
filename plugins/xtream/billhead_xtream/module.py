"""The provisioning module `xtream`: what Billhead asks, answered for panels of the Xtream family.

`plan` and `access` are the same for the whole family; what talks to the panel is the dialect's.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from billhead.plugin import (
    Access,
    Capabilities,
    Catalogue,
    Desired,
    Expiry,
    Free,
    Gone,
    Impossible,
    LineKind,
    ListedLine,
    LookUp,
    Observed,
    PanelConnection,
    ProvisioningModule,
    Step,
    Tombstone,
    diff,
)
from billhead_xtream.accounts import LAST_SECOND, LINE, resource_for
from billhead_xtream.dialects.xui_admin import XuiAdmin
from billhead_xtream.settings import XtreamSettings

_WORD = re.compile(r"[A-Za-z0-9._-]+")


class XtreamModule(ProvisioningModule):
    code = "xtream"
    label = "Xtream panel (XUI.ONE, XC_VM)"
    settings_type: type = XtreamSettings

    def capabilities(self, panel: PanelConnection) -> Capabilities:
        return Capabilities(Expiry.SETTABLE, frozenset(LineKind), bouquets=True, connections=True, listing=True)

    def look_up(self, panel: PanelConnection, desired: Desired) -> LookUp:
        return XuiAdmin(panel).look_up(desired)

    def plan(self, panel: PanelConnection, desired: Desired, found: Observed | None) -> Sequence[Step]:
        refused = impossible(panel.settings, desired)
        if refused:
            return refused
        steps = diff(desired, found, normalise=normalised)
        if found is None or found.handle_data.get("ref") == desired.handle.ref:
            return steps
        # somebody wiped our reference out of the notes, or the line is being adopted: any edit writes it
        changes = steps[0].changes if steps and isinstance(steps[0], Free) else frozenset()
        return [Free("update", normalised(desired), found, changes | {"note"})]

    def apply(self, panel: PanelConnection, step: Free) -> Observed:
        wanted = normalised(step.desired)
        if step.op == "create":
            return XuiAdmin(panel).create(wanted)
        return XuiAdmin(panel).edit(wanted, step.found, step.changes)

    def remove(self, panel: PanelConnection, desired: Desired) -> Gone | Tombstone:
        return XuiAdmin(panel).remove(desired)

    def list_lines(self, panel: PanelConnection) -> Iterable[ListedLine]:
        return XuiAdmin(panel).list_lines()

    def catalogue(self, panel: PanelConnection) -> Catalogue:
        return XuiAdmin(panel).catalogue()

    def check(self, panel: PanelConnection) -> str:
        return XuiAdmin(panel).check()

    def access(self, panel: PanelConnection, desired: Desired) -> Access:
        """A MAG gets the portal's address, a stream line its playlist; an Enigma2 device is known by its MAC alone."""
        server = panel.settings.players
        if desired.kind is LineKind.MAG:
            return Access(portal_url=f"{server}/c/", server_url=server, mac=desired.mac or "")
        if resource_for(desired) is not LINE:
            return Access(server_url=server, mac=desired.mac or "")
        login = urlencode({"username": desired.login, "password": desired.password})
        return Access(
            login=desired.login,
            password=desired.password,
            m3u_url=f"{server}/get.php?{login}&type=m3u_plus&output=ts",
            epg_url=f"{server}/xmltv.php?{login}",
            server_url=server,
        )


def impossible(settings: XtreamSettings, desired: Desired) -> list[Impossible]:
    """What this panel would accept and get wrong, or answer with its crash."""
    found = []
    if resource_for(desired) is LINE:
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
    if desired.connections < 0:
        found.append(Impossible("connections", "must be 0 (no limit) or more"))
    return found


def normalised(desired: Desired) -> Desired:
    """What the panel can say: whole seconds up to January 2038, bouquet ids without leading zeros."""
    expires = desired.expires_at
    if expires is not None:
        expires = min(expires.replace(microsecond=0), LAST_SECOND)
    return replace(desired, expires_at=expires, bouquets=frozenset(str(int(bouquet)) for bouquet in desired.bouquets))
