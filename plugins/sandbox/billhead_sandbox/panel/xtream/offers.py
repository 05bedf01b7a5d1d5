"""Packages, bouquets, groups and servers: bare lists without the usual envelope."""

import json
from typing import Any

from billhead_sandbox.panel.xtream.call import Call, Refused, shown, success


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _packages(call: Call) -> list[dict[str, Any]]:
    return [
        shown(
            {
                "id": item["id"],
                "package_name": item["name"],
                "is_trial": 0,
                "is_official": 1,
                "trial_credits": 0,
                "official_credits": item["official_credits"],
                "trial_duration": item["trial_days"],
                "trial_duration_in": "days",
                "official_duration": item["official_days"],
                "official_duration_in": "days",
                "groups": _text([group["group_id"] for group in call.state.catalogue.groups if group["is_reseller"]]),
                "bouquets": _text(item["bouquets"]),
                "max_connections": item["max_connections"],
                "is_line": 1,
                "is_mag": 1,
                "is_e2": 1,
            }
        )
        for item in call.state.catalogue.products
    ]


def packages(call: Call) -> Any:
    return _packages(call)


def package(call: Call) -> Any:
    found = next((item for item in _packages(call) if item["id"] == str(call.number("id"))), None)
    if found is None:
        raise Refused()
    return success(found)


def bouquets(call: Call) -> Any:
    kinds = {stream["id"]: stream["type"] for stream in call.state.catalogue.streams}
    return [
        shown(
            {
                "id": bouquet["id"],
                "bouquet_name": bouquet["name"],
                "bouquet_channels": _text([item for item in bouquet["streams"] if kinds.get(item) == 1]),
                "bouquet_movies": _text([item for item in bouquet["streams"] if kinds.get(item) == 2]),
                "bouquet_radios": "[]",
                "bouquet_series": "[]",
                "bouquet_order": position,
            }
        )
        for position, bouquet in enumerate(call.state.catalogue.bouquets, start=1)
    ]


def groups(call: Call) -> Any:
    return [shown(group) for group in call.state.catalogue.groups]


def servers(call: Call) -> Any:
    return [shown({"id": 1, "server_name": "Main server", "server_ip": "127.0.0.1", "status": 1, "is_main": 1})]
