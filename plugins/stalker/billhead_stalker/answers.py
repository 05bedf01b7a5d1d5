"""What an answer of REST v1 means. The portal says HTTP 200 to nearly everything, so its text decides.

What is surely not done raises PanelUnreachable, NotAuthorised or PanelRejected; what may have been done raises
PanelOutcomeUnknown. A read that can't be understood is as good as none.
"""

import json
from typing import Any, Never
from urllib.parse import urlsplit

from billhead.plugin import HttpResponse, NotAuthorised, PanelOutcomeUnknown, PanelRejected, PanelUnreachable


class Missing(PanelRejected):
    """No such account: proven by the portal."""


class Taken(PanelRejected):
    """The login or the MAC belongs to another account."""


_MISSING = ("Account not found", "STB not found", "Empty stb list")
_TAKEN = ("Login already in use", "MAC address already in use", "Stb already exists")
_DATABASE = "Query failed by reason"
_LONGEST = 300


def results_of(response: HttpResponse, *, wrote: bool, hide: str = "") -> Any:
    """`results` of a successful answer; `hide` (a password that was sent) never gets into an error text."""
    _check_status(response, wrote=wrote)
    answer = _parsed(response.body)
    if answer is None:
        unsure("answered with something that is not REST v1, such as a page or an aborted script", wrote=wrote)
    if answer["status"] == "OK":
        return answer["results"]
    text: str = answer["error"]
    raise_for(text.replace(hide, "…") if hide else text, wrote=wrote)


def unsure(what: str, *, wrote: bool) -> Never:
    """Something went wrong on the way: a read is repeated, a write is looked up first."""
    if wrote:
        raise PanelOutcomeUnknown(f"The portal {what}; whether it acted is looked up before the next try.")
    raise PanelUnreachable(f"The portal {what}.")


def raise_for(text: str, *, wrote: bool) -> Never:
    """An error text of the portal as an error of ours. The texts are for staff: they may quote SQL."""
    if text.startswith(_MISSING):
        raise Missing(f"The portal says: {text}")
    if text.startswith(_TAKEN):
        raise Taken(f"The portal says: {text}")
    if text.startswith(_DATABASE):
        unsure(f"has trouble with its database: {text[:_LONGEST]}", wrote=wrote)
    raise PanelRejected(f"The portal says: {text[:_LONGEST]}")


def _check_status(response: HttpResponse, *, wrote: bool) -> None:
    status = response.status
    if status == 200:
        return
    if status in (401, 403):
        raise NotAuthorised(
            f"The portal refuses our login (HTTP {status})",
            hint="Compare API login and password with api_auth_login and api_auth_password in server/custom.ini.",
        )
    if status == 404 and response.text.startswith("API not enabled"):
        raise NotAuthorised(
            "The portal's REST API is switched off", hint="Set enable_api = true in the portal's server/custom.ini."
        )
    if status == 404:
        raise PanelUnreachable(
            "There is no Stalker REST API at this address (HTTP 404)",
            hint="Check the portal address. Panels that only imitate the box side (/c/) have no such API.",
        )
    if 300 <= status < 400:
        host = urlsplit(response.headers.get("Location", "")).netloc or "another address"
        raise PanelUnreachable(
            f"The portal sends us on to {host}", hint="Write the final address (often with https://) in the settings."
        )
    unsure(f"answered HTTP {status}", wrote=wrote and status != 429)


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    expected = {"OK": "results", "ERROR": "error"}
    if not isinstance(answer, dict) or expected.get(str(answer.get("status"))) not in answer:
        return None
    if answer["status"] == "ERROR" and not isinstance(answer["error"], str):
        return None  # an error that is no text proves nothing, not even an absence
    return answer
