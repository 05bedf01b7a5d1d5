"""`account_subscription`: the optional packages of a plan, taken and dropped one by one or as a whole set."""

from typing import Any

from billhead_sandbox.panel.stalker.call import Call, RestError
from billhead_sandbox.panel.stalker.events import queue
from billhead_sandbox.panel.stalker.identifiers import boxes_or
from billhead_sandbox.panel.stalker.tariffs import optional_packages, subscribed
from billhead_sandbox.panel.store import Row


def _accounts(call: Call) -> list[Row]:
    """No identifier means everybody, also for writing."""
    if len(call.identifiers) > 1:
        raise RestError("Only one identifier allowed")
    return boxes_or(call, "STB not found")


def _named(call: Call, account: Row, name: str) -> set[int]:
    """Package ids named by external id (`name`) or internal id (`name_id`); what the plan does not offer is dropped."""
    externals, internals = call.list_field(name), call.list_field(f"{name}_id")
    return {
        package["id"]
        for package in optional_packages(call.state, account)
        if package["external_id"] in externals or str(package["id"]) in internals
    }


def _change(call: Call, account: Row, add: set[int], drop: set[int]) -> bool:
    """True if at least one package changed; each change asks the box to reboot."""
    held = {package["id"] for package in subscribed(call.state, account)}
    added, dropped = add - held, drop & held
    for package_id in added:
        call.state.store.insert("stalker_subscriptions", {"account_id": account["id"], "package_id": package_id})
    for package_id in dropped:
        call.state.store.run(
            "DELETE FROM stalker_subscriptions WHERE account_id = ? AND package_id = ?", (account["id"], package_id)
        )
    for _ in added | dropped:
        queue(call.state, account["id"], "send_msg", msg="Your packages have changed.", need_reboot=1)
    return bool(added or dropped)


def show(call: Call) -> Any:
    answer = []
    for account in _accounts(call):
        packages = subscribed(call.state, account)
        answer.append(
            {
                "mac": account["stb_mac"],
                "subscribed": [package["external_id"] for package in packages],
                "subscribed_id": [str(package["id"]) for package in packages],
            }
        )
    return answer


def change(call: Call) -> Any:
    """PUT adds and removes just what is named."""
    results = []
    for account in _accounts(call):
        add, drop = _named(call, account, "subscribed"), _named(call, account, "unsubscribed")
        results.append(_change(call, account, add, drop))
    return any(results)


def replace(call: Call) -> Any:
    """POST makes the set equal to the list."""
    results = []
    for account in _accounts(call):
        wanted = _named(call, account, "subscribed")
        held = {package["id"] for package in subscribed(call.state, account)}
        results.append(_change(call, account, wanted, held - wanted))
    return any(results)


def drop_all(call: Call) -> Any:
    results = []
    for account in _accounts(call):
        held = {package["id"] for package in subscribed(call.state, account)}
        results.append(_change(call, account, set(), held))
    return any(results)
