"""What the panel stores about an account, read with care.

Numbers come as text but zero as a number, lists as JSON text, all text HTML-escaped, and columns may be missing from
short rows. A MAG or Enigma2 device is a device row with a hidden line, which holds its expiry, bouquets and block.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

from billhead.plugin import UNOBSERVABLE, Desired, InvalidInput, LineKind, Observed, Unobservable, parse_mac
from billhead_xtream.client import number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_SECOND = _EPOCH + timedelta(seconds=2**31 - 1)
"""The panel's expiry is a signed 32-bit number; anything later is stored as this."""

_REFERENCE = re.compile(r"\bbillhead:([0-9A-Za-z]+)")
_CONTENTS = ("bouquet_channels", "bouquet_movies", "bouquet_radios")
_ENDED = re.compile(r"\bbillhead-ended:([0-9A-Za-z]+)")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """One of the panel's three sorts of account: how its calls, columns and our handle name it."""

    noun: str
    kind: LineKind
    id_column: str
    name_column: str
    table: str
    id_in_handle: str

    @property
    def is_device(self) -> bool:
        return self.name_column == "mac"

    @property
    def seen_in_handle(self) -> str:
        """Where our handle keeps the name that the panel last knew the account by."""
        return "mac" if self.is_device else "login"


# LINES is a word of the database's own, hence the quotes
LINE = Resource("line", LineKind.STREAM, "id", "username", "`lines`", "line_id")
MAG = Resource("mag", LineKind.MAG, "mag_id", "mac", "mag_devices", "mag_id")
ENIGMA = Resource("enigma", LineKind.ENIGMA2, "device_id", "mac", "enigma2_devices", "device_id")
RESOURCES = (LINE, MAG, ENIGMA)


def resource_for(desired: Desired) -> Resource:
    """An Enigma2 box with a known MAC is a device of the panel; one without logs in as an ordinary line does."""
    if desired.kind is LineKind.MAG:
        return MAG
    return ENIGMA if desired.kind is LineKind.ENIGMA2 and desired.mac else LINE


@dataclass(frozen=True, slots=True)
class Account:
    """One stored account. `line` is its row of `lines`, the hidden one for a device; `device` is None for a line."""

    resource: Resource
    line: Row
    device: Row | None = None

    @property
    def id(self) -> int:
        found = number((self.device or self.line).get(self.resource.id_column))
        return found or 0

    @property
    def line_id(self) -> int:
        found = number(self.device.get("user_id")) if self.device is not None else None
        return found or number(self.line.get("id")) or 0

    @property
    def lost(self) -> bool:
        """A ghost that a late session import made of a deleted line, or a device whose hidden line was deleted."""
        return self.line.get("username") is None

    @property
    def name(self) -> str:
        """The login of a line, the MAC of a device in our spelling."""
        if self.device is None:
            return text(self.line, "username")
        return readable_mac(text(self.device, "mac"))

    @property
    def notes(self) -> str:
        return text(self.line, "admin_notes")

    @property
    def reference(self) -> str:
        """Our reference in the notes, "" where there is none."""
        return reference_in(self.notes)

    @property
    def ended(self) -> str:
        """The reference that it had while it served: it is kept, blocked, only because it can't be deleted."""
        found = _ENDED.search(self.notes)
        return found.group(1) if found and not self.reference else ""

    def observed(self) -> Observed:
        data: dict[str, Any] = {self.resource.id_in_handle: self.id, "ref": self.reference}
        if self.device is None:
            return observed_row(self.resource, self.line, data)
        return observed_row(self.resource, {**self.line, "mac": self.name}, {**data, "user_id": self.line_id})


def account_in(resource: Resource, data: Any) -> Account | None:
    """The account in the answer of a get, create or edit call; None where it holds none."""
    if not isinstance(data, Mapping) or not number(data.get(resource.id_column)):
        return None
    if not resource.is_device:
        return Account(resource, data)
    line = data.get("user")
    return Account(resource, line if isinstance(line, Mapping) else {}, data)


def observed_row(resource: Resource, row: Row, handle_data: Mapping[str, Any]) -> Observed:
    """A row as it says; what it lacks is unobservable. A device's hidden login and its one connection are not ours.

    The handle's data tell the name that it was last seen by, a restreamer's flag and the line that a box hangs on;
    `short` where the row has no such.
    """
    line = resource is LINE
    name = text(row, "username") if line else readable_mac(text(row, "mac"))
    seen = {resource.seen_in_handle: name} if name else {}
    flagged, column = ("restreamer", "is_restreamer") if line else ("pair", "pair_id")
    more = {"short": True} if column not in row else {flagged: value} if (value := number(row[column])) else {}
    leads = None if line else number(row.get("pair_id"))
    return Observed(
        handle_data={**handle_data, **seen, **more},
        login=text(row, "username") if line and "username" in row else UNOBSERVABLE,
        password=text(row, "password") if line and "password" in row else UNOBSERVABLE,
        mac=UNOBSERVABLE if line else readable_mac(text(row, "mac")),
        bouquets=frozenset(map(str, id_list(row, "bouquet"))) if "bouquet" in row else UNOBSERVABLE,
        connections=_known(row, "max_connections") if line else UNOBSERVABLE,
        expires_at=expiry_in(row) if "exp_date" in row else UNOBSERVABLE,
        blocked=not flag(row, "enabled") if "enabled" in row else UNOBSERVABLE,
        owner=text(row, "member_id") if "member_id" in row else UNOBSERVABLE,
        country=text(row, "forced_country").upper() if line and "forced_country" in row else UNOBSERVABLE,
        follows=f"{LINE.noun}:{leads}" if leads else UNOBSERVABLE,
        banned="admin_enabled" in row and not flag(row, "admin_enabled"),
    )


def _known(row: Row, column: str) -> int | Unobservable:
    found = number(row.get(column))
    return UNOBSERVABLE if found is None else found


def text(row: Row, column: str) -> str:
    value = row.get(column)
    return "" if value is None else unescape(str(value))


def flag(row: Row, column: str) -> bool:
    return bool(number(row.get(column)))


def items(row: Row, column: str) -> list[str]:
    """A list that is stored as JSON text."""
    value = row.get(column)
    if isinstance(value, str):
        try:
            value = json.loads(unescape(value))
        except (ValueError, RecursionError):
            return []
    return [unescape(str(item)) for item in value] if isinstance(value, list) else []


def id_list(row: Row, column: str) -> list[int]:
    return [found for found in map(number, items(row, column)) if found is not None]


def expiry_in(row: Row) -> datetime | None:
    """None is never. What is no number ends here and now rather than never: such an account is repaired, not served."""
    if row.get("exp_date") in (None, ""):
        return None
    return instant_in(row, "exp_date") or _EPOCH


def instant_in(row: Row, column: str) -> datetime | None:
    """Unix seconds as an instant; None where there are none. The panel's numbers end in January 2038."""
    seconds = number(row.get(column))
    return None if seconds is None else _EPOCH + timedelta(seconds=max(-(2**31), min(seconds, 2**31 - 1)))


def reference_in(notes: str) -> str:
    found = _REFERENCE.search(notes)
    return found.group(1) if found else ""


def notes_with(reference: str, notes: str) -> str:
    """The notes with our reference in front, and with all that the panel's staff wrote."""
    return f"billhead:{reference} {by_staff(notes)}".strip()


def notes_ended(reference: str, notes: str) -> str:
    """The same for an account that can't be deleted: nobody's from now on, so that another service may take it."""
    return f"billhead-ended:{reference} {by_staff(notes)}".strip()


def by_staff(notes: str) -> str:
    """The notes without any mark of ours."""
    return _ENDED.sub("", _REFERENCE.sub("", notes)).strip()


def readable_mac(stored: str) -> str:
    """Our spelling of a MAC that the panel keeps as somebody typed it; one that is none stays as it is."""
    try:
        return parse_mac(stored)
    except InvalidInput:
        return stored.upper()


def contents_in(bouquets: Iterable[Any]) -> dict[str, frozenset[str]]:
    """Bouquet → the ids of its channels, films and radios, as sessions name them; of series it has other ids. A row
    that tells no channels at all is of a build that does not say."""
    return {
        text(row, "id"): frozenset(str(found) for column in _CONTENTS for found in id_list(row, column))
        for row in bouquets
        if isinstance(row, Mapping) and "bouquet_channels" in row
    }
