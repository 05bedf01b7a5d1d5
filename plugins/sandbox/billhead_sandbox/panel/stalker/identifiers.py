"""Who is meant by the last part of a URL: the portal's own rules, which differ between resources."""

from billhead_sandbox.panel.stalker.call import Call, RestError
from billhead_sandbox.panel.store import Row, Store


def split(raw: str) -> tuple[str, ...]:
    """`1001,1002` names two; nothing or `0` names nobody, which most calls read as everybody."""
    return () if raw in ("", "0") else tuple(raw.split(","))


def normal_mac(text: str) -> str | None:
    """Trimmed, upper case, colons put into 12 characters. Only the length is checked: dashes pass and never match."""
    mac = text.strip().upper()
    if len(mac) == 12:
        mac = ":".join(mac[start : start + 2] for start in range(0, 12, 2))
    return mac if len(mac) == 17 else None


def matching(store: Store, column: str, wanted: tuple[str, ...]) -> list[Row]:
    """Rows whose column equals one of the texts, without regard to case and spaces at the end (the collation)."""
    marks = ", ".join("lower(rtrim(?))" for _ in wanted)
    sql = f"SELECT * FROM stalker_accounts WHERE lower(rtrim({column})) IN ({marks}) ORDER BY id"
    return store.rows(sql, wanted)


def everybody(store: Store) -> list[Row]:
    return store.rows("SELECT * FROM stalker_accounts ORDER BY id")


def accounts_by(call: Call, column: str) -> list[Row]:
    """For `accounts` (by `account_number`) and `users` (by `login`): a MAC has 12 characters and a colon."""
    if not call.identifiers:
        return everybody(call.state.store)
    first = call.identifiers[0]
    by_mac = len(first) >= 12 and first.find(":") > 0
    return matching(call.state.store, "stb_mac" if by_mac else column, call.identifiers)


def boxes(call: Call) -> list[Row]:
    """For all other resources: 12 characters or more are a MAC, whatever they are."""
    if not call.identifiers:
        return everybody(call.state.store)
    if len(call.identifiers[0]) < 12:
        return matching(call.state.store, "account_number", call.identifiers)
    macs = tuple(mac for mac in map(normal_mac, call.identifiers) if mac is not None)
    return matching(call.state.store, "stb_mac", macs) if macs else []


def boxes_or(call: Call, error: str) -> list[Row]:
    found = boxes(call)
    if not found:
        raise RestError(error)
    return found
