"""The wire of the `xui` APIs: every call is a POST to one address, and only the body says what happened.

The panel answers HTTP 200 to a bad key, a refused name and its own crash alike, with the wrong content type. So the
header is ignored, `status` alone means success, and an answer that cannot be read is a question still open: a read may
be repeated, a write may have happened.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from billhead.plugin import (
    HttpResponse,
    NotAuthorised,
    PanelConnection,
    PanelOutcomeUnknown,
    PanelRejected,
    PanelUnclear,
    PanelUnreachable,
)
from billhead_xtream.transport import Unclear, stopped_before

Fields = Mapping[str, str | list[str]]

_MEANINGS = {
    "EXISTS_USERNAME": "the name is taken by another account of the panel",
    "EXISTS_MAC": "the MAC address is taken by another device of the panel",
    "INVALID_MAC": "the panel does not take this MAC address",
    "INVALID_DATE": "the panel does not take this expiry",
    "INVALID_INPUT": "a value is missing",
    "INVALID_USER": "the line that it should be paired with does not exist",
    "NO_PERMISSIONS": "the account belongs to another user of the panel",
    "FAILURE": "there is no such account, or the panel's database refused",
}


class Refused(PanelRejected):
    """The panel answered and said no. `status` is its word for it, without the STATUS_ in front."""

    def __init__(self, what: str, action: str, status: str) -> None:
        meaning = _MEANINGS.get(status, "see the panel's own log")
        super().__init__(f"{what} refused {action} with STATUS_{status}: {meaning}.")
        self.status = status


class AnsweredNull(PanelUnreachable):
    """What a list call says when it failed inside the panel; in version 2.1.2 every one of them does."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A success. `data` is None where there is none; bare lists and envelopes look alike here."""

    data: Any = field(default=None, repr=False)
    total: int | None = None


class XuiClient:
    """One panel's admin or reseller API. Errors name the action, never its values: those hold keys and passwords."""

    def __init__(self, panel: PanelConnection) -> None:
        self.settings = panel.settings
        self._http = panel.http
        self._what = panel.code

    def read(self, action: str, fields: Fields | None = None) -> Answer:
        """A call that changes nothing. Raises Refused, NotAuthorised, PanelUnreachable (also for a useless answer)."""
        response = self._http.read(self.settings.endpoint, method="POST", **self._body(action, fields))
        return self._understood(action, response, PanelUnreachable)

    def write(self, action: str, fields: Fields) -> Answer:
        """A call that changes something. Raises Refused, NotAuthorised, PanelUnreachable (nothing was sent) or
        PanelOutcomeUnknown (also for a useless answer)."""
        response = self._http.write("POST", self.settings.endpoint, **self._body(action, fields))
        return self._understood(action, response, PanelOutcomeUnknown)

    def change(self, action: str, fields: Fields) -> Answer:
        """A write to what is there, or to nothing that an id names: a failure is the panel's database then."""
        try:
            return self.write(action, fields)
        except Refused as refused:
            if refused.status != "FAILURE":
                raise
            raise database_refused(refused) from refused

    def _body(self, action: str, fields: Fields | None) -> dict[str, Any]:
        form = {**(fields or {}), "action": action, "api_key": self.settings.api_key}
        return {"data": form, "timeout": self.settings.timeout_seconds}

    def _understood(self, action: str, response: HttpResponse, unclear: Unclear) -> Answer:
        if response.status != 200:
            raise stopped_before(
                self._what,
                action,
                response.status,
                unclear,
                allow="Add this server's IP address to the access code's allow-list and the panel's flood exclusions.",
                address="It knows no such access code: check the last part of the panel address.",
            )
        if not response.body.strip():
            raise unclear(
                f"{self._what} answered {action} with an empty body, as it does when it crashes.",
                hint='If it happens with every new line, change the setting "Bouquets are sent as".',
            )
        try:
            content = json.loads(response.text)
        except (ValueError, RecursionError):
            raise unclear(f"{self._what} answered {action} with something that is not JSON.") from None
        if isinstance(content, list):
            return Answer(content)
        if content is None and unclear is PanelUnreachable:
            raise AnsweredNull(
                f"{self._what} answered {action} with null: it failed inside the panel.",
                hint='Panels of version 2.1.2 always do: set "Accounts are found by" to sql.',
            )
        if not isinstance(content, dict) or not isinstance(content.get("status"), str):
            raise unclear(f"{self._what} answered {action} with JSON that says neither yes nor no.")
        return self._decided(action, content)

    def _decided(self, action: str, content: dict[str, Any]) -> Answer:
        status = content["status"].removeprefix("STATUS_")
        if status == "SUCCESS":
            return Answer(content.get("data"), number(content.get("recordsFiltered")))
        error = content.get("error")
        if error == "Invalid API key.":
            raise NotAuthorised(
                f"{self._what} does not accept the API key.",
                hint="Copy it again from the profile of an enabled administrator of the panel.",
            )
        if error == "Invalid action.":
            raise PanelRejected(
                f"{self._what} does not know the action {action}.",
                hint="The access code in the address must be of the type Admin API.",
            )
        raise Refused(self._what, action, status)


def database_refused(refused: Refused) -> PanelUnclear:
    """Not a no to this line: what was changed before the failure may be stored. The panel's API has answered."""
    return PanelUnclear(f"{refused.message} It is no id that it misses: its database does not work.")


def number(value: Any) -> int | None:
    """The panel's numbers: text, except zero, which is a number; null stays None, and so does what is no number."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
