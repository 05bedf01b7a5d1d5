"""Events that wait for a box: `send_event`, `stb_msg`, and those that the portal queues by itself."""

from typing import Any

from billhead_sandbox.panel.php import integer, text
from billhead_sandbox.panel.stalker.call import Call, RestError
from billhead_sandbox.panel.stalker.identifiers import boxes, boxes_or
from billhead_sandbox.panel.state import State

CUT_OFF, CUT_ON = "cut_off", "cut_on"
_WEEK = 7 * 86_400
_MESSAGES = ("send_msg", "send_msg_with_video")
_COMMANDS = (
    "reboot",
    "reload_portal",
    "update_channels",
    "play_channel",
    "play_radio_channel",
    "update_image",
    "show_menu",
    CUT_OFF,
)


def queue(
    state: State,
    account_id: int,
    event: str,
    *,
    msg: str = "",
    video: str = "",
    ttl: int = 0,
    need_reboot: int = 0,
    auto_hide_timeout: int = 0,
) -> None:
    """A message lives a week, a command twice the watchdog's patience, unless `ttl` says otherwise."""
    usual = _WEEK if event in _MESSAGES else 2 * state.settings["stalker"]["watchdog_timeout"]
    state.store.insert(
        "stalker_events",
        {
            "account_id": account_id,
            "event": event,
            "msg": msg,
            "video": video,
            "need_reboot": need_reboot,
            "auto_hide_timeout": auto_hide_timeout,
            "expires": int(state.clock.now()) + (ttl or usual),
        },
    )


def send_event(call: Call) -> Any:
    """POST send_event/ID: without an identifier it goes to every box."""
    found = boxes_or(call, "STB not found")
    event = text(call.form, "event")
    if event not in _MESSAGES and event not in _COMMANDS:
        return False
    msg = text(call.form, "channel" if event in ("play_channel", "play_radio_channel") else "msg")
    for account in found:
        queue(
            call.state,
            account["id"],
            event,
            msg=msg,
            video=text(call.form, "video") if event == "send_msg_with_video" else "",
            ttl=integer(text(call.form, "ttl")),
            need_reboot=integer(text(call.form, "need_reboot")),
        )
    return True


def stb_msg(call: Call) -> Any:
    """POST stb_msg/ID: without an identifier it goes to every box."""
    found = boxes(call)
    if not found:
        raise RestError("Empty stb list")
    if not text(call.form, "msg"):
        raise RestError("Empty msg")
    for account in found:
        queue(
            call.state,
            account["id"],
            "send_msg",
            msg=text(call.form, "msg"),
            ttl=integer(text(call.form, "ttl")),
            auto_hide_timeout=integer(text(call.form, "auto_hide_timeout")),
        )
    return True
