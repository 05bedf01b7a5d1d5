"""`mysql_query`: an administrator's SQL against the panel's tables. Only SELECT here; that is all a client may want."""

import re
import sqlite3
from typing import Any

from billhead_sandbox.panel.xtream.call import Call, Refused, shown, success

_HEXADECIMAL = re.compile("0x([0-9a-f]+)")


def mysql_query(call: Call) -> Any:
    """Texts may come as MySQL's hexadecimal literals, which SQLite reads as numbers: they become texts first."""
    query = call.plain("query") or ""
    if not query.startswith("SELECT "):
        raise Refused()
    try:
        rows = call.state.store.rows(_HEXADECIMAL.sub(_as_text, query))
    except (sqlite3.Error, ValueError):
        raise Refused() from None
    return {**success([shown(row) for row in rows]), "insert_id": 0}


def _as_text(digits: re.Match[str]) -> str:
    return "'" + bytes.fromhex(digits[1]).decode().replace("'", "''") + "'"
