"""Does the portal let a line in? Asked as its own box (handshake, profile, channels) or as its app (a token) would.

Both leave a new session behind: a box or app that is on loses its own by it. The profile is asked for without a
firmware, so that the portal stops there: it registers no box, and this one does not look as if it were on.
"""

import json
from typing import Any, Never
from urllib.parse import quote

from billhead.plugin import Desired, PanelUnreachable, Proof
from billhead_stalker.client import Portal, Record
from billhead_stalker.records import is_on, text

_DENIED, _NO_SESSION = "Access denied.", "Authorization failed."
_NOBODYS_BOX = "00:1A:79:00:00:00"  # a handshake stores nothing, whoever asks
_FACTS = (
    ("Model", "stb_type"),
    ("Serial number", "stb_sn"),
    ("Firmware", "version"),
    ("Address", "ip"),
    ("Last sign of life", "last_active"),
)


class Device:
    """The side of one portal that boxes and apps speak to. Errors are PanelUnreachable: nothing here is looked up."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._settings = portal.settings

    def handshake(self, mac: str) -> str:
        """A token, which the portal gives to any MAC."""
        answer = self._js(self._ask(mac, "", "stb", "handshake", token=""))
        token = answer.get("token") if isinstance(answer, dict) else None
        return token if isinstance(token, str) and token else _unclear("handshake")

    def channels(self, mac: str) -> int | None:
        """How many channels this box gets; None: it is turned away."""
        token = self.handshake(mac)
        profile = self._js(self._ask(mac, token, "stb", "get_profile", hd="1", stb_type="MAG250", auth_second_step="0"))
        if not isinstance(profile, dict):
            _unclear("get_profile")
        said = self._ask(mac, token, "itv", "get_all_channels")
        if said.strip() == _DENIED:
            return None
        if said.strip() == _NO_SESSION:
            raise PanelUnreachable("The portal gave the session to somebody else meanwhile: try again")
        answer = self._js(said)
        listed = answer.get("data") if isinstance(answer, dict) else None
        return len(listed) if isinstance(listed, list) else _unclear("get_all_channels")

    def token_error(self, login: str, password: str) -> str:
        """Why an app of this login gets no token: the portal's word for it; "" where it gets one."""
        form = {"grant_type": "password", "username": login, "password": password}
        url = f"{self._settings.root}/auth/token.php"
        answer = self._portal.http.read(url, method="POST", data=form, timeout=self._settings.timeout_seconds)
        content = (answer.json_object() if answer.status == 200 else None) or {}
        token, error = content.get("access_token"), content.get("error")
        if isinstance(token, str) and token:
            return ""
        return error if isinstance(error, str) and error else _unclear("auth/token.php")

    def _ask(self, mac: str, bearer: str, kind: str, action: str, **more: str) -> str:
        headers = {"Cookie": f"mac={quote(mac)}; stb_lang=en; timezone=Europe/London"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        asked = {"type": kind, "action": action, **more, "JsHttpRequest": "1-xml"}
        url = f"{self._settings.root}/server/load.php"
        answer = self._portal.http.read(url, params=asked, headers=headers, timeout=self._settings.timeout_seconds)
        return answer.text if answer.status == 200 else _unclear(f"{action} with HTTP {answer.status}")

    def _js(self, said: str) -> Any:
        try:
            return json.loads(said)["js"]
        except (ValueError, KeyError, TypeError, RecursionError):
            _unclear("a box's question")


def answers_boxes(portal: Portal) -> bool:
    """Whether the side that boxes speak to answers: a handshake, which stores nothing and registers nobody."""
    try:
        return bool(Device(portal).handshake(_NOBODYS_BOX))
    except PanelUnreachable:
        return False


def proof(portal: Portal, record: Record | None, desired: Desired, *, disturb: bool) -> Proof:
    """Of the one account that is this line's."""
    if record is None:
        return Proof(None, "The portal has no account of this line: bring it in step first")
    facts = {label: text(record, name) for label, name in _FACTS if text(record, name)}
    if desired.mac and text(record, "stb_mac").upper() != desired.mac.upper():
        return Proof(None, "The portal has another box on this account: bring it in step first", facts)
    if is_on(record) and not disturb:
        return Proof(None, "It is on, and would have to sign in again after such a check.", facts, disturbs=True)
    serves, said = _as_box(portal, desired.mac) if desired.mac else _as_app(portal, desired)
    return Proof(serves, said, facts)


def _as_box(portal: Portal, mac: str) -> tuple[bool, str]:
    channels = Device(portal).channels(mac)
    if channels is None:
        return False, "The portal denies this box its channels"
    return True, f"The portal lets this box in and gives it {channels} channels"


def _as_app(portal: Portal, desired: Desired) -> tuple[bool | None, str]:
    error = Device(portal).token_error(desired.login, desired.password)
    if not error:
        return True, "The portal lets an app in with this login and password"
    if error == "access_denied":
        return False, "The portal says that this login is disabled"
    if error == "invalid_client":
        return False, "The portal does not take this login with this password"
    return None, f"The portal gives apps no token: {error[:80]}"


def _unclear(what: str) -> Never:
    raise PanelUnreachable(f"The portal's side for boxes answered {what} in a way that tells nothing")
