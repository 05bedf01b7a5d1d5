"""One REST v1 call as its resource sees it, and the two ways in which it can fail."""

from dataclasses import dataclass
from typing import Any

from billhead_sandbox.panel.php import Form, PhpCrash
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row

ZERO_DATE = "0000-00-00 00:00:00"


class RestError(Exception):
    """An application error: HTTP 200 with `status: ERROR` and this text."""


@dataclass(frozen=True)
class Call:
    """`identifiers` is empty for "everybody"."""

    state: State
    form: Form
    identifiers: tuple[str, ...]

    @property
    def settings(self) -> dict[str, Any]:
        stalker: dict[str, Any] = self.state.settings["stalker"]
        return stalker

    def known_fields(self, allowed: tuple[str, ...], when_empty: str) -> dict[str, str]:
        """The fields that the resource knows; unknown ones are dropped, and none left is an error."""
        if not self.form:
            raise RestError(when_empty)
        known: dict[str, str] = {}
        for name in allowed:
            value = self.form.get(name)
            if isinstance(value, list):
                raise PhpCrash(f"Array to string conversion in field {name}")
            if value is not None:
                known[name] = value
        if not known:
            raise RestError("Insert data is empty")
        return known

    def list_field(self, name: str) -> list[str]:
        """A `name[]` list; a plain value where PHP walks a list kills the call."""
        value = self.form.get(name, [])
        if isinstance(value, str):
            raise PhpCrash("Uncaught TypeError: array_map(): Argument #2 ($array) must be of type array")
        return value


def single(call: Call) -> str:
    """The one identifier of a call that refuses none and several."""
    if not call.identifiers:
        raise RestError("Identifier required")
    if len(call.identifiers) > 1:
        raise RestError("Only one identifier allowed")
    return call.identifiers[0]


def is_online(call: Call, account: Row) -> bool:
    age = call.state.clock.now() - account["keep_alive"]
    return bool(age < call.settings["watchdog_timeout"])
