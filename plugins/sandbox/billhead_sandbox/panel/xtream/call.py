"""One admin API call as its action sees it, and how values leave the panel: text, except zero."""

import html
from dataclasses import dataclass
from typing import Any

from billhead_sandbox.panel.php import Form, integer
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row


class Refused(Exception):
    """A status other than success; `echo` sends the caller's own input back as `data`."""

    def __init__(self, status: str = "STATUS_FAILURE", *, echo: bool = False) -> None:
        super().__init__(status)
        self.status = status
        self.echo = echo


@dataclass(frozen=True)
class Call:
    """`user` is the panel user whose key was sent."""

    state: State
    user: Row
    form: Form

    @property
    def settings(self) -> dict[str, Any]:
        xtream: dict[str, Any] = self.state.settings["xtream"]
        return xtream

    def plain(self, name: str) -> str | None:
        """A parameter as it was sent; None if it was not, or came as a list."""
        value = self.form.get(name)
        return value if isinstance(value, str) else None

    def escaped(self, name: str) -> str | None:
        """Text as the panel stores it: HTML-escaped on the way in."""
        value = self.plain(name)
        return None if value is None else html.escape(value, quote=True).replace("&#x27;", "&#039;")

    def items(self, name: str) -> list[str]:
        value = self.form.get(name, [])
        return value if isinstance(value, list) else []

    def number(self, name: str) -> int:
        return integer(self.plain(name) or "")

    def zone(self) -> str:
        """Dates are read and shown in the key user's zone, else the panel's."""
        return str(self.user["timezone"] or self.settings["timezone"])

    def now(self) -> int:
        return int(self.state.clock.now())


def shown(row: Row) -> dict[str, Any]:
    """Numbers leave as text, but zero as the integer 0; NULL stays null."""
    return {name: str(value) if isinstance(value, int) and value != 0 else value for name, value in row.items()}


def success(data: Any = None) -> dict[str, Any]:
    return {"status": "STATUS_SUCCESS"} if data is None else {"status": "STATUS_SUCCESS", "data": data}
