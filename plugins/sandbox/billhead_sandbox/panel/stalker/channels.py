"""`itv` and `itv_subscription`: the channels, and which ones an account has when tariff plans are off."""

import json
from typing import Any

from billhead_sandbox.panel.php import integer, text
from billhead_sandbox.panel.stalker.call import Call, RestError
from billhead_sandbox.panel.stalker.identifiers import boxes, everybody


def list_channels(call: Call) -> Any:
    watched = {row["channel_id"]: row["status"] for row in call.state.store.rows("SELECT * FROM stalker_monitoring")}
    return [
        {
            "id": str(channel["id"]),
            "name": channel["name"],
            "number": str(channel["number"]),
            "base_ch": "1" if channel.get("base") else "0",
            "hd": "0",
            "enable_monitoring": str(watched.get(channel["id"], 0)),
            "url": f"ffmpeg http://127.0.0.1/ch/{channel['id']}",
        }
        for channel in call.state.catalogue.channels
        if not call.identifiers or str(channel["id"]) in call.identifiers
    ]


def monitor_channel(call: Call) -> Any:
    fields = call.known_fields(("monitoring_status",), "Insert data is empty")
    known = {str(channel["id"]) for channel in call.state.catalogue.channels}
    for identifier in call.identifiers:
        if identifier in known:
            call.state.store.run(
                "INSERT OR REPLACE INTO stalker_monitoring (channel_id, status) VALUES (?, ?)",
                (int(identifier), integer(fields["monitoring_status"])),
            )
    return True


def list_subscriptions(call: Call) -> Any:
    """An unknown id gives the whole list."""
    found = boxes(call) or everybody(call.state.store)
    return [
        {
            "ls": box["account_number"],
            "mac": box["stb_mac"],
            "sub_ch": json.loads(box["sub_ch"]),
            "additional_services_on": str(box["additional_services_on"]),
        }
        for box in found
    ]


def subscribe(call: Call) -> Any:
    row: dict[str, Any] = {}
    if "sub_ch" in call.form:
        row["sub_ch"] = json.dumps(call.list_field("sub_ch"))
    if "additional_services_on" in call.form:
        row["additional_services_on"] = integer(text(call.form, "additional_services_on"))
    if not row:
        raise RestError("Insert data is empty")
    found = boxes(call)
    if not found:
        raise RestError("Empty stb list")
    for box in found:
        call.state.store.update("stalker_accounts", row, "id = ?", (box["id"],))
    return list_subscriptions(call)
