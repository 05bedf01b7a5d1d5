"""The channels of a line, as the panel's player API lists them."""

import json
from dataclasses import dataclass
from html import unescape
from typing import Any

from billhead.plugin import OpenLine, PanelRejected, PanelUnreachable

__all__ = ["Channel", "channels_of"]


@dataclass(frozen=True, slots=True)
class Channel:
    id: int
    name: str
    category: str


def channels_of(line: OpenLine) -> list[Channel]:
    """Live channels in the panel's order. Raises PanelRejected (this line can't watch) or PanelUnreachable."""
    categories = {
        str(row.get("category_id")): unescape(str(row.get("category_name") or ""))
        for row in _asked(line, "get_live_categories")
    }
    found = []
    for row in _asked(line, "get_live_streams"):
        number = str(row.get("stream_id"))
        if number.isascii() and number.isdecimal():
            category = categories.get(str(row.get("category_id")), "")
            found.append(Channel(int(number), unescape(str(row.get("name") or number)), category))
    return found


def _asked(line: OpenLine, action: str) -> list[dict[str, Any]]:
    """POST keeps the password out of access logs. A 403 is said of this server, not of the line: it is no answer."""
    access = line.access
    answer = line.http.read(
        f"{access.server_url}/player_api.php",
        method="POST",
        data={"username": access.login, "password": access.password, "action": action},
    )
    if answer.status in (401, 404):
        raise PanelRejected("the panel does not let this line in")
    try:
        rows = json.loads(answer.body) if answer.status == 200 else None
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list):
        raise PanelUnreachable(f"the panel answered {answer.status} and no list")
    return [row for row in rows if isinstance(row, dict)]
