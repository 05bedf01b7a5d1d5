"""A panel that sells time for credits, and a module for it: the fake panel of the kit, over real sockets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from billhead.plugin import (
    Absent,
    Access,
    Capabilities,
    Catalogue,
    Desired,
    Expiry,
    Foreign,
    Found,
    Free,
    Gone,
    Impossible,
    InvalidInput,
    LineKind,
    LookUp,
    Observed,
    Package,
    PanelConnection,
    PanelOutcomeUnknown,
    PanelOutOfCredit,
    PanelRejected,
    PanelUnreachable,
    ProvisioningModule,
    Purchase,
    Resolution,
    Step,
    diff,
    option,
    secret,
)


@dataclass(frozen=True)
class SellingSettings:
    url: str = option("Address")
    token: str = secret("Token")


class SellingModule(ProvisioningModule):
    code = "selling"
    label = "Selling panel"
    settings_type = SellingSettings

    def capabilities(self, panel: PanelConnection) -> Capabilities:
        return Capabilities(Expiry.PURCHASED, frozenset({LineKind.STREAM}), bouquets=True, balance=True)

    def look_up(self, panel: PanelConnection, desired: Desired) -> LookUp:
        status, line = _read(panel, _path(desired))
        if status == 404:
            return Absent()
        return Found(_observed(line)) if line["login"] == desired.login else Foreign(f"it is {line['login']}'s")

    def handle_for(self, panel: PanelConnection, desired: Desired, number: str) -> Mapping[str, Any]:
        if not number.isdigit():
            raise InvalidInput("number", "is digits")
        return {"ref": number}

    def plan(self, panel: PanelConnection, desired: Desired, found: Observed | None) -> Sequence[Step]:
        if desired.due is None:
            return diff(desired, found) if found is not None else [Impossible("expires_at", "nothing is to be bought")]
        free = diff(replace(desired, due=None), found) if found is not None else []
        effect = "a new line" if found is None else "more time"
        return [*free, Purchase(desired.due.package, desired.due.max_cost_minor, effect, desired, found)]

    def apply(self, panel: PanelConnection, step: Free) -> Observed:
        path = _path(step.desired)
        _write(panel, "PUT", path, _wanted(step.desired))
        return _observed(_read_back(panel, path))

    def buy(self, panel: PanelConnection, purchase: Purchase) -> Observed:
        path = _path(purchase.desired)
        fields = _wanted(purchase.desired) if purchase.found is None else {}
        _write(panel, "POST", f"{path}/buy", {**fields, "package": purchase.package})
        return _observed(_read_back(panel, path))

    def resolve(self, panel: PanelConnection, purchase: Purchase) -> Resolution:
        status, line = _read(panel, _path(purchase.desired))
        if purchase.found is None:
            return Resolution.NOT_BOUGHT if status == 404 else Resolution.BOUGHT
        if status == 404:
            return Resolution.STILL_UNKNOWN
        moved = _observed(line).expires_at > purchase.found.expires_at  # type: ignore[operator]
        return Resolution.BOUGHT if moved else Resolution.NOT_BOUGHT

    def remove(self, panel: PanelConnection, desired: Desired) -> Gone:
        _write(panel, "DELETE", _path(desired))
        return Gone()

    def access(self, panel: PanelConnection, desired: Desired) -> Access:
        return Access(login=desired.login, password=desired.password, server_url=panel.settings.url)

    def check(self, panel: PanelConnection) -> str:
        return f"{self.balance(panel)} left"

    def balance(self, panel: PanelConnection) -> int:
        return int(_read(panel, "/credit")[1]["credits"]) * 100

    def catalogue(self, panel: PanelConnection) -> Catalogue:
        _, offered = _read(panel, "/catalogue")
        packages = {
            code: Package(item["name"], f"{item['days']} days", item["credits"] * 100)
            for code, item in offered["packages"].items()
        }
        return Catalogue(offered["plans"], offered["bouquets"], packages)


def _path(desired: Desired) -> str:
    return f"/lines/{desired.handle.data.get('ref', desired.handle.ref)}"


def _read(panel: PanelConnection, path: str) -> tuple[int, Any]:
    response = panel.http.read(panel.settings.url + path, headers=_headers(panel))
    return response.status, _understood(response, PanelUnreachable)


def _read_back(panel: PanelConnection, path: str) -> Any:
    try:
        return _read(panel, path)[1]
    except PanelUnreachable as error:
        raise PanelOutcomeUnknown("the change may have been made") from error


def _write(panel: PanelConnection, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    response = panel.http.write(method, panel.settings.url + path, json=body or {}, headers=_headers(panel))
    if response.status == 402:
        raise PanelOutOfCredit("the panel says that our credit does not pay for it")
    if response.status not in (200, 404) and response.status < 500:
        raise PanelRejected(f"the panel refused with {response.status}")
    return _understood(response, PanelOutcomeUnknown)


def _understood(response: Any, unclear: type[Exception]) -> Any:
    try:
        if response.status >= 500:
            raise unclear(f"the panel answered with HTTP {response.status}")
        return json.loads(response.text)
    except ValueError:
        raise unclear("the panel answered with something that is not JSON") from None


def _headers(panel: PanelConnection) -> dict[str, str]:
    return {"Authorization": f"Bearer {panel.settings.token}"}


def _wanted(desired: Desired) -> dict[str, Any]:
    names = ("kind", "login", "password", "mac", "plan", "connections", "blocked", "note")
    return {**{name: getattr(desired, name) for name in names}, "bouquets": sorted(desired.bouquets)}


def _observed(line: Mapping[str, Any]) -> Observed:
    return Observed(
        handle_data={"ref": line["ref"]},
        login=line["login"],
        password=line["password"],
        mac=line["mac"],
        plan=line["plan"],
        bouquets=frozenset(line["bouquets"]),
        connections=line["connections"],
        expires_at=line["expires_at"] and datetime.fromisoformat(line["expires_at"]),
        blocked=line["blocked"],
    )
