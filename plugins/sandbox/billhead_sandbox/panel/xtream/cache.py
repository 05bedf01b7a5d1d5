"""The file cache between the admin API and the players: why a change is not seen at once.

Off by default, so that tests need not wait. On, players read `lines_cache`: a written line follows after a
queued signal, enable/disable/ban/unban only at the next cache run, which copies lines changed after they were cached.
"""

import json

from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row

_NEXT_RUN = "cache_next_run"


def signal(state: State, line_id: int) -> None:
    """Create, edit and delete queue a signal for their line."""
    if state.settings["xtream"]["enable_cache"]:
        due = state.clock.now() + state.settings["xtream"]["cache_signal_seconds"]
        state.store.insert("cache_signals", {"line_id": line_id, "due": due})


def request_run(state: State) -> None:
    """`reload_cache`: the run comes in a moment instead of at its hour."""
    due = state.clock.now() + state.settings["xtream"]["cache_signal_seconds"]
    state.store.set_meta(_NEXT_RUN, str(due))


def rebuild(state: State) -> None:
    """When the cache is switched on it starts complete."""
    state.store.run("DELETE FROM lines_cache")
    for line in state.store.rows("SELECT * FROM lines"):
        _write(state, line)
    _plan_run(state)


def visible(state: State, username: str) -> list[Row]:
    """The lines of that name as players see them now."""
    if not state.settings["xtream"]["enable_cache"]:
        return state.store.rows("SELECT * FROM lines WHERE username = ?", (username,))
    _catch_up(state)
    cached = state.store.rows("SELECT row FROM lines_cache WHERE username = ?", (username,))
    return [json.loads(entry["row"]) for entry in cached]


def _catch_up(state: State) -> None:
    now = state.clock.now()
    for entry in state.store.rows("SELECT DISTINCT line_id FROM cache_signals WHERE due <= ?", (now,)):
        _refresh(state, entry["line_id"])
    state.store.run("DELETE FROM cache_signals WHERE due <= ?", (now,))
    planned = state.store.meta(_NEXT_RUN)
    if planned is not None and float(planned) > now:
        return
    stale = state.store.rows("SELECT l.* FROM lines l JOIN lines_cache c ON c.id = l.id WHERE l.updated > c.cached_at")
    for line in stale:
        _write(state, line)
    _plan_run(state)


def _plan_run(state: State) -> None:
    period = state.settings["xtream"]["cache_run_seconds"]
    state.store.set_meta(_NEXT_RUN, str((state.clock.now() // period + 1) * period))


def _refresh(state: State, line_id: int) -> None:
    line = state.store.row("SELECT * FROM lines WHERE id = ?", (line_id,))
    if line is None:
        state.store.run("DELETE FROM lines_cache WHERE id = ?", (line_id,))
    else:
        _write(state, line)


def _write(state: State, line: Row) -> None:
    state.store.run(
        "INSERT OR REPLACE INTO lines_cache (id, username, row, cached_at) VALUES (?, ?, ?, ?)",
        (line["id"], line["username"], json.dumps(line), int(state.clock.now())),
    )
