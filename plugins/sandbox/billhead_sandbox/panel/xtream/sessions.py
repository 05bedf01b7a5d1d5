"""Who watches now and who watched: live connections, the activity log, and the ghosts that a late import calls up."""

import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.xtream.call import Call, success

_LIVE_ONLY = ("activity_id", "uuid", "pid", "ended")


def watch(state: State, line_id: int, stream_id: int, seconds: int | None) -> int:
    """A line opens a stream; with `seconds` the session is already over. Returns its `activity_id`."""
    now = int(state.clock.now())
    session = {
        "user_id": line_id,
        "stream_id": stream_id,
        "user_agent": "sandbox player",
        "user_ip": "203.0.113.7",
        "container": "ts",
        "date_start": now - (seconds or 0),
        "geoip_country_code": "GB",
        "isp": "Sandbox Cable",
    }
    if seconds is not None:
        return _log(state, session, now)
    live = {**session, "uuid": uuid.uuid4().hex, "pid": 4000 + line_id % 1000}
    return state.store.insert("lines_live", live)


def _log(state: State, session: Row, ended: int) -> int:
    """The import of a finished session. A line that is gone comes back as a ghost: no name, enabled, for ever."""
    if not state.store.row("SELECT id FROM lines WHERE id = ?", (session["user_id"],)):
        ghost = {"id": session["user_id"], "username": None, "password": None, "updated": ended}
        state.store.insert("lines", ghost)
    log = {name: value for name, value in session.items() if name not in _LIVE_ONLY}
    return state.store.insert("lines_activity", {**log, "date_end": ended})


def import_finished(state: State) -> None:
    """Sessions that ended are imported by the panel's next cron, `session_import_seconds` later."""
    due = int(state.clock.now()) - state.settings["xtream"]["session_import_seconds"]
    for session in state.store.rows("SELECT * FROM lines_live WHERE ended <= ?", (due,)):
        if state.store.run("DELETE FROM lines_live WHERE activity_id = ?", (session["activity_id"],)):
            _log(state, session, session["ended"])


def kill(call: Call) -> Any:
    """Success even when nothing matched; a uuid does nothing."""
    wanted = call.plain("activity_id") or ""
    if wanted.isdecimal():
        condition = "activity_id = ? AND ended IS NULL"
        call.state.store.update("lines_live", {"ended": call.now()}, condition, (int(wanted),))
    return success()


def day_range(call: Call) -> tuple[int, int] | None:
    """`range=2026-11-01 - 2026-11-30` in the key user's zone; a session across midnight belongs to neither day."""
    first, _, last = (call.plain("range") or "").partition(" - ")
    try:
        start = datetime.fromisoformat(first).replace(tzinfo=ZoneInfo(call.zone()))
        end = datetime.fromisoformat(last or first).replace(tzinfo=ZoneInfo(call.zone()))
    except ValueError:
        return None
    return int(start.timestamp()), int((end + timedelta(days=1)).timestamp()) - 1
