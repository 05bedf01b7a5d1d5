"""The wire of `api.php`, the billing API of Xtream Codes v2 and Xtream UI.

There is no key: the panel knows us by our IP address, and answers 200 with nothing in it to a stranger. So an empty
body is never a success. All else is JSON whose `result` says yes or no; a no comes with one of a few texts, or none.
"""

import json
from collections.abc import Mapping
from typing import Any

from billhead.plugin import (
    HttpResponse,
    NotAuthorised,
    PanelConnection,
    PanelOutcomeUnknown,
    PanelRejected,
    PanelUnreachable,
)
from billhead_xtream.transport import Unclear, stopped_before

Form = Mapping[str, str]

_SHOWN = 200
_NOBODY = {"username": "billhead-nobody", "password": "billhead-nobody"}


class Said(PanelRejected):
    """The panel answered and said no. `word` is EXISTS, NOT EXISTS, PARAMETER ERROR, another text, or empty."""

    def __init__(self, what: str, call: str, word: str) -> None:
        reason = f'"{word[:_SHOWN]}"' if word else "no reason"
        super().__init__(f"{what} refused {call} and gave {reason}.", hint=_HINTS.get(_known(word), ""))
        self.word = _known(word)


_HINTS = {
    "EXISTS": "The name or MAC address is taken by another account of the panel.",
    "NOT EXISTS": "The panel knows no account with this name and password, or this MAC address.",
    "PARAMETER ERROR": "The panel misses a value; it may be of another build than expected.",
}


def _known(text: str) -> str:
    """Builds add to the texts and change their case: the beginning tells."""
    upper = text.strip().upper()
    return next((word for word in ("NOT EXISTS", "EXISTS", "PARAMETER ERROR") if upper.startswith(word)), text)


class ClassicClient:
    """One panel's `api.php`. Errors name the call, never its values: those hold passwords."""

    def __init__(self, panel: PanelConnection) -> None:
        self._settings = panel.settings
        self._http = panel.http
        self._what = panel.code

    def read(self, action: str, sub: str, fields: Form | None = None) -> Any:
        """The answer's JSON, an object that says yes or a bare list. Raises Said, NotAuthorised, PanelUnreachable."""
        response = self._http.read(self._address(action, sub), method="POST", **self._body(fields))
        if response.status == 200 and not response.body.strip():
            raise self._stranger()
        return self._understood(f"{action}/{sub}", response, PanelUnreachable, fields)

    def write(self, action: str, sub: str, fields: Form) -> Mapping[str, Any]:
        """A call that changes something. Raises Said, NotAuthorised, PanelUnreachable (nothing was sent) or
        PanelOutcomeUnknown (also for a useless answer)."""
        response = self._http.write("POST", self._address(action, sub), **self._body(fields))
        if response.status == 200 and not response.body.strip():
            self._prove_that_we_are_known(f"{action}/{sub}")
        content = self._understood(f"{action}/{sub}", response, PanelOutcomeUnknown, fields)
        if isinstance(content, list):
            raise PanelOutcomeUnknown(f"{self._what} answered {action}/{sub} with a list, neither yes nor no.")
        answer: Mapping[str, Any] = content
        return answer

    def is_classic(self) -> bool:
        """Asks for a name that nobody has. XC_VM's own api.php says no to that too, but without a reason, and it has no
        resellers to tell. Raises NotAuthorised (an empty answer) and PanelUnreachable."""
        try:
            self.read("user", "info", _NOBODY)
        except Said as said:
            return said.word == "NOT EXISTS" or bool(self.resellers())
        return True

    def resellers(self) -> list[Mapping[str, Any]]:
        """The panel's resellers; some builds give an object by id in place of a list. Empty where it tells none."""
        try:
            content = self.read("reg_user", "list")
        except Said:
            return []
        rows = list(content.values()) if isinstance(content, Mapping) else content
        return [row for row in rows if isinstance(row, Mapping)]

    def _address(self, action: str, sub: str) -> str:
        return f"{self._settings.endpoint}api.php?action={action}&sub={sub}"

    def _body(self, fields: Form | None) -> dict[str, Any]:
        shared = {"api_pass": self._settings.api_pass} if self._settings.api_pass else {}
        return {"data": {**(fields or {}), **shared}, "timeout": self._settings.timeout_seconds}

    def _stranger(self) -> NotAuthorised:
        return NotAuthorised(
            f"{self._what} answers nothing, as it does to an address that it does not know.",
            hint="Add this server's IP address to the panel's API IPs, and enter its API password if it has one.",
        )

    def _prove_that_we_are_known(self, call: str) -> None:
        """An empty answer to a change: we are a stranger, or the panel broke off after it may have acted."""
        try:
            self.is_classic()
        except PanelUnreachable as error:
            raise PanelOutcomeUnknown(f"{self._what} answered {call} with nothing, then {error}") from error
        raise PanelOutcomeUnknown(f"{self._what} answered {call} with nothing, though it knows this server.")

    def _understood(self, call: str, response: HttpResponse, unclear: Unclear, fields: Form | None) -> Any:
        if response.status != 200:
            raise stopped_before(
                self._what,
                call,
                response.status,
                unclear,
                allow="Add this server's IP address to the panel's API IPs.",
                address="There is no api.php: is it a panel with access codes (dialect xui_admin or xui_reseller)?",
            )
        try:
            content = json.loads(response.text)
        except (ValueError, RecursionError):
            raise unclear(f"{self._what} answered {call} with something that is not JSON.") from None
        if isinstance(content, list):
            return content
        if not isinstance(content, Mapping):
            raise unclear(f"{self._what} answered {call} with JSON that says neither yes nor no.")
        if "result" not in content and content and all(isinstance(row, Mapping) for row in content.values()):
            return content  # a list by id
        return self._decided(call, content, unclear, fields)

    def _decided(self, call: str, content: Mapping[str, Any], unclear: Unclear, fields: Form | None) -> Any:
        result = content.get("result")
        if result in (True, 1, "1", "true"):
            return content
        if result not in (False, 0, "0", "false", ""):
            raise unclear(f"{self._what} answered {call} with JSON that says neither yes nor no.")
        raise Said(self._what, call, _without(str(content.get("error") or ""), fields))


def _without(text: str, fields: Form | None) -> str:
    """A refusal may quote what was sent: no password gets into an error that way."""
    for name, value in (fields or {}).items():
        if "password" in name and value:
            text = text.replace(value, "…")
    return text
