"""List calls: paging, LIKE search and ordering, in the shape that the panel's own tables ask for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.xtream import sessions
from billhead_sandbox.panel.xtream.call import Call, shown, success
from billhead_sandbox.panel.xtream.users import show_log_entry

Condition = tuple[str, tuple[Any, ...]]

_LIVE = "(SELECT count(*) FROM lines_live v WHERE v.user_id = l.id AND v.ended IS NULL) AS active_connections"
_LINE = (
    "l.id, l.username, l.password, l.member_id, u.username AS owner_name, l.enabled, l.admin_enabled, l.exp_date,"
    " l.max_connections, l.is_trial, l.is_restreamer, l.is_stalker, l.admin_notes, l.reseller_notes, l.created_at,"
    f" {_LIVE}, l.last_activity AS last_active"
)
_SESSION = (
    "s.activity_id, s.user_id, l.username, m.mag_id, e.device_id, s.stream_id, s.container, s.user_ip, s.user_agent,"
    " s.isp, s.geoip_country_code, s.date_start, s.server_id"
)
_SESSION_JOINS = (
    " s LEFT JOIN lines l ON l.id = s.user_id LEFT JOIN mag_devices m ON m.user_id = s.user_id"
    " LEFT JOIN enigma2_devices e ON e.user_id = s.user_id"
)
_ORDER_OF_SESSIONS = (
    "s.activity_id",
    "l.username",
    "s.stream_id",
    "s.server_id",
    "s.user_agent",
    "s.isp",
    "s.user_ip",
    "s.date_start",
    "s.container",
)


@dataclass(frozen=True)
class Listing:
    """One list call; `ordered[0]` is also the default order unless `default_order` says otherwise."""

    select: str
    source: str
    searched: tuple[str, ...]
    ordered: tuple[str, ...]
    conditions: Callable[[Call], list[Condition]]
    default_order: int = 0
    show: Callable[[Call, Row], dict[str, Any]] = lambda call, row: shown(row)


def answer(call: Call, listing: Listing) -> Any:
    """Release 2.1.2 answers `null` to every list call, and so does any release to a plain `search`."""
    if call.settings["version"].startswith("2.1") or "search" in call.form:
        return None
    sessions.import_finished(call.state)
    fixed = listing.conditions(call)
    filtered = [*fixed, *_search(call, listing)]
    store = call.state.store
    total = store.value(f"SELECT count(*) FROM {listing.source}{_where(fixed)}", _values(fixed))
    matching = store.value(f"SELECT count(*) FROM {listing.source}{_where(filtered)}", _values(filtered))
    order, page = _order(call, listing), (call.number("limit") or 50, max(0, call.number("start")))
    sql = f"SELECT {listing.select} FROM {listing.source}{_where(filtered)} ORDER BY {order} LIMIT ? OFFSET ?"
    rows = store.rows(sql, (*_values(filtered), *page))
    if total == 0:
        return success([])
    data = [_columns(call, listing.show(call, row)) for row in rows]
    return {**success(data), "recordsTotal": str(total), "recordsFiltered": str(matching)}


def _where(conditions: list[Condition]) -> str:
    return " WHERE " + " AND ".join(text for text, _ in conditions) if conditions else ""


def _values(conditions: list[Condition]) -> tuple[Any, ...]:
    return tuple(value for _, values in conditions for value in values)


def _search(call: Call, listing: Listing) -> list[Condition]:
    wanted = call.plain("search[value]")
    if not wanted:
        return []
    either = " OR ".join(f"{column} LIKE ?" for column in listing.searched)
    return [(f"({either})", (f"%{wanted}%",) * len(listing.searched))]


def _order(call: Call, listing: Listing) -> str:
    sent = call.plain("order[0][column]")
    number = listing.default_order if sent is None else call.number("order[0][column]")
    column = listing.ordered[number] if 0 <= number < len(listing.ordered) else listing.ordered[0]
    direction = "DESC" if (call.plain("order[0][dir]") or "").lower() == "desc" else "ASC"
    return f"{column} {direction}, {listing.ordered[0]}"


def _columns(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    shown_names = (call.plain("show_columns") or "").split(",") if call.plain("show_columns") else list(row)
    hidden = (call.plain("hide_columns") or "").split(",")
    return {name: value for name, value in row.items() if name in shown_names and name not in hidden}


def _line_filters(call: Call) -> list[Condition]:
    """`filter` 1 active, 2 disabled, 3 banned, 4 expired, 5 trial, 6 restreamer, 7 stalker, 8 ends within 14 days."""
    now = call.now()
    alive = "l.admin_enabled = 1 AND l.enabled = 1 AND (l.exp_date IS NULL OR l.exp_date > ?)"
    offered: dict[int, Condition] = {
        1: (alive, (now,)),
        2: ("l.enabled = 0", ()),
        3: ("l.admin_enabled = 0", ()),
        4: ("l.exp_date <= ?", (now,)),
        5: ("l.is_trial = 1", ()),
        6: ("l.is_restreamer = 1", ()),
        7: ("l.is_stalker = 1", ()),
        8: ("l.exp_date BETWEEN ? AND ?", (now, now + 14 * 86_400)),
    }
    conditions: list[Condition] = [("l.is_mag = 0 AND l.is_e2 = 0", ())]
    if call.plain("reseller"):
        conditions.append(("l.member_id = ?", (call.number("reseller"),)))
    if call.number("filter") in offered:
        conditions.append(offered[call.number("filter")])
    return conditions


def _equal(call: Call, names: dict[str, str]) -> list[Condition]:
    return [(f"{column} = ?", (call.number(name),)) for name, column in names.items() if call.plain(name)]


def _live_filters(call: Call) -> list[Condition]:
    """Here the line is `user_id`; `user` is ignored."""
    names = {"user_id": "s.user_id", "stream_id": "s.stream_id", "server_id": "s.server_id"}
    return [("s.ended IS NULL", ()), *_equal(call, names)]


def _log_filters(call: Call) -> list[Condition]:
    """Here the line is `user`; a range takes what starts and ends inside it."""
    conditions = _equal(call, {"user": "s.user_id", "stream": "s.stream_id", "server": "s.server_id"})
    days = sessions.day_range(call)
    if days is not None:
        conditions.append(("s.date_start >= ? AND s.date_end <= ?", days))
    return conditions


def _session(call: Call, row: Row) -> dict[str, Any]:
    stream = next((item for item in call.state.catalogue.streams if item["id"] == row["stream_id"]), None)
    name, kind = (stream["name"], stream["type"]) if stream else (None, None)
    return shown({**row, "stream_display_name": name, "type": kind})


LINES = Listing(
    select=_LINE,
    source="lines l LEFT JOIN users u ON u.id = l.member_id",
    searched=("l.username", "l.password", "u.username", "l.admin_notes", "l.reseller_notes"),
    ordered=(
        "l.id",
        "l.username",
        "l.password",
        "u.username",
        "l.enabled",
        "active_connections",
        "l.is_trial",
        "l.exp_date",
    ),
    conditions=_line_filters,
)
MAGS = Listing(
    select=f"m.mag_id, m.mac, m.user_id, {_LINE.removeprefix('l.id, ')}",
    source="mag_devices m LEFT JOIN lines l ON l.id = m.user_id LEFT JOIN users u ON u.id = l.member_id",
    searched=("m.mac", "l.username", "u.username", "l.admin_notes", "l.reseller_notes"),
    ordered=("m.mag_id", "l.username", "m.mac", "u.username", "l.enabled", "l.exp_date"),
    conditions=lambda call: [],
)
ENIGMAS = Listing(
    select=f"d.device_id, d.mac, d.user_id, {_LINE.removeprefix('l.id, ')}",
    source="enigma2_devices d LEFT JOIN lines l ON l.id = d.user_id LEFT JOIN users u ON u.id = l.member_id",
    searched=("d.mac", "l.username", "u.username", "l.admin_notes", "l.reseller_notes"),
    ordered=("d.device_id", "l.username", "d.mac", "u.username", "l.enabled", "l.exp_date"),
    conditions=lambda call: [],
)
USERS = Listing(
    select="r.id, r.username, r.email, r.member_group_id, r.credits, r.notes, r.status, r.owner_id, r.date_registered",
    source="users r",
    searched=("r.username", "r.email", "r.notes"),
    ordered=("r.id", "r.username", "r.owner_id", "r.email", "r.member_group_id", "r.status", "r.credits"),
    conditions=lambda call: _equal(call, {"reseller": "r.owner_id"}),
)
CREDIT_LOGS = Listing(
    select="c.id, c.target_id, c.admin_id, t.username AS target_username, c.amount, c.date, c.reason",
    source="users_credits_logs c LEFT JOIN users t ON t.id = c.target_id",
    searched=("t.username", "c.reason"),
    ordered=("c.id", "t.username", "c.admin_id", "c.amount", "c.reason", "c.date"),
    conditions=lambda call: _equal(call, {"reseller": "c.target_id"}),
    show=show_log_entry,
)
LIVE = Listing(
    select=f"{_SESSION}, s.uuid, s.pid",
    source=f"lines_live{_SESSION_JOINS}",
    searched=("l.username", "s.user_ip"),
    ordered=_ORDER_OF_SESSIONS,
    conditions=_live_filters,
    default_order=1,
    show=_session,
)
ACTIVITY = Listing(
    select=f"{_SESSION}, s.date_end",
    source=f"lines_activity{_SESSION_JOINS}",
    searched=("l.username", "s.user_ip"),
    ordered=_ORDER_OF_SESSIONS,
    conditions=_log_filters,
    default_order=1,
    show=_session,
)
