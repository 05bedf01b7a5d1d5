"""Plans and packages as REST v1 shows them, and which channels a plan really opens."""

import json
from typing import Any

from billhead_sandbox.panel.catalogue import Catalogue, Item
from billhead_sandbox.panel.stalker.call import Call
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row


def _package(package: Item) -> dict[str, Any]:
    every = package["services"] == "all"
    return {
        "id": str(package["id"]),
        "external_id": package["external_id"],
        "name": package["name"],
        "type": package.get("type", "tv"),
        "all_services": "1" if every else "0",
        "service_type": "periodic",
        "rent_duration": "0",
        "price": package.get("price", "0.00"),
    }


def _plan(catalogue: Catalogue, plan: Item) -> dict[str, Any]:
    contents = []
    for package in catalogue.packages:
        if package["id"] in plan["packages"] or package["id"] in plan["optional"]:
            optional = "1" if package["id"] in plan["optional"] else "0"
            contents.append({**_package(package), "optional": optional})
    return {
        "id": str(plan["id"]),
        "external_id": plan["external_id"],
        "name": plan["name"],
        "user_default": "1" if plan.get("user_default") else "0",
        "packages": contents,
    }


def _by_internal_id(call: Call, items: list[dict[str, Any]]) -> Any:
    """A number picks one object or `null`; an external id is read as no id at all and gives the whole list."""
    wanted = call.identifiers[0] if call.identifiers else ""
    if not wanted.isdecimal():
        return items
    return next((item for item in items if item["id"] == wanted), None)


def list_tariffs(call: Call) -> Any:
    catalogue = call.state.catalogue
    return _by_internal_id(call, [_plan(catalogue, plan) for plan in catalogue.plans])


def list_packages(call: Call) -> Any:
    """Release 4.9.35 names every channel of the portal for a package with a list of its own; so does this."""
    every = [{"id": str(channel["id"]), "name": channel["name"]} for channel in call.state.catalogue.channels]
    items = [
        {**_package(package), "services": "all" if package["services"] == "all" else every}
        for package in call.state.catalogue.packages
    ]
    return _by_internal_id(call, items)


def optional_packages(state: State, account: Row) -> list[Item]:
    """Packages that may be subscribed in the account's present plan."""
    plan = state.catalogue.plan_in_force(account["tariff_plan_id"])
    optional = plan["optional"] if plan else []
    return [package for package in state.catalogue.packages if package["id"] in optional]


def subscribed(state: State, account: Row) -> list[Item]:
    """Subscribed packages; rows of packages that the present plan does not offer sleep until a plan does."""
    held = state.store.rows("SELECT package_id FROM stalker_subscriptions WHERE account_id = ?", (account["id"],))
    ids = {row["package_id"] for row in held}
    return [package for package in optional_packages(state, account) if package["id"] in ids] if ids else []


def channels_for(state: State, account: Row) -> list[Item]:
    """What the box may watch: by plan, or without tariff plans the base channels plus `sub_ch`."""
    catalogue = state.catalogue
    if not state.settings["stalker"]["enable_tariff_plans"]:
        extra = set(json.loads(account["sub_ch"]))
        return [item for item in catalogue.channels if item.get("base") or str(item["id"]) in extra]
    plan = catalogue.plan_in_force(account["tariff_plan_id"])
    open_ids = set(plan["packages"] if plan else []) | {item["id"] for item in subscribed(state, account)}
    packages = [package for package in catalogue.packages if package["id"] in open_ids]
    if any(package["services"] == "all" for package in packages):
        return catalogue.channels
    services = {channel for package in packages for channel in package["services"]}
    return [item for item in catalogue.channels if item["id"] in services]
