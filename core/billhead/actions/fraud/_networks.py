"""What the operator's files say of an address: its country, and whether it is a proxy's or a data centre's.

A file is read when it is first asked for, and again when it has changed. No network is asked, ever.
"""

import csv
import logging
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb

from billhead.domain.address import parse_address
from billhead.domain.errors import InvalidInput

__all__ = ["country_in", "is_listed"]

log = logging.getLogger(__name__)


class _Range(NamedTuple):
    first: int
    last: int
    says: str


@dataclass(frozen=True, slots=True)
class _Table:
    """Ranges by version of the protocol, in their order."""

    ranges: dict[int, list[_Range]]

    def says(self, ip: str) -> str:
        address = parse_address(ip)
        if address is None:
            return ""
        there, number = self.ranges.get(address.version, []), int(address)
        at = bisect_right(there, number, key=lambda one: one.first) - 1
        return there[at].says if at >= 0 and number <= there[at].last else ""


def country_in(file: str, ip: str) -> str:
    """Two letters, "" for an address that the file does not know. Raises InvalidInput for a file that can't be read."""
    if parse_address(ip) is None:
        return ""
    if Path(file).suffix.lower() != ".mmdb":
        return _table(file, _stamp(file)).says(ip)
    try:
        found: Any = _database(file, _stamp(file)).get(str(parse_address(ip)))
    except maxminddb.InvalidDatabaseError as wrong:
        raise InvalidInput("file", f"{file} is no MMDB file: {wrong}") from wrong
    except ValueError:
        return ""  # an address of IPv6, and a file of IPv4
    place = found if isinstance(found, dict) else {}
    country = place.get("country") or place.get("registered_country") or ""
    code = country.get("iso_code", "") if isinstance(country, dict) else country
    return str(code or "").upper()[:2]


def is_listed(file: str, ip: str) -> bool:
    """Whether the address is in one of the file's networks. Raises InvalidInput for a file that can't be read."""
    return bool(_table(file, _stamp(file)).says(ip))


def _stamp(file: str) -> tuple[int, int]:
    try:
        told = Path(file).stat()
    except OSError as missing:
        raise InvalidInput("file", f"{file} can't be read: {missing.strerror}") from missing
    return told.st_mtime_ns, told.st_size


@lru_cache(maxsize=4)
def _database(file: str, stamp: tuple[int, int]) -> Any:
    try:
        return maxminddb.open_database(file, maxminddb.MODE_MEMORY)
    except (maxminddb.InvalidDatabaseError, OSError, ValueError) as wrong:
        raise InvalidInput("file", f"{file} is no MMDB file: {wrong}") from wrong


@lru_cache(maxsize=4)
def _table(file: str, stamp: tuple[int, int]) -> _Table:
    ranges: dict[int, list[_Range]] = {4: [], 6: []}
    wrong = 0
    try:
        with Path(file).open(encoding="utf-8", errors="replace", newline="") as lines:
            for row in csv.reader(line for line in lines if line.strip() and not line.lstrip().startswith("#")):
                found = list(_ranges(row))
                wrong += not found
                for version, one in found:
                    ranges[version].append(one)
    except (OSError, csv.Error) as unreadable:
        raise InvalidInput("file", f"{file} can't be read: {unreadable}") from unreadable
    if not ranges[4] and not ranges[6]:
        raise InvalidInput("file", f"{file} holds no networks")
    if wrong:
        log.warning("%s: %d lines are no networks and were passed over", file, wrong)
    for each in ranges.values():
        each.sort()
    return _Table(ranges)


def _ranges(row: list[str]) -> Iterator[tuple[int, _Range]]:
    """`network[,country]` or `first,last,country`; a heading is no range."""
    cells = [cell.strip() for cell in row]
    try:
        if len(cells) >= 3 and "/" not in cells[0]:
            first, last = ip_address(cells[0]), ip_address(cells[1])
            yield first.version, _Range(int(first), int(last), cells[2].upper()[:2])
        else:
            network = ip_network(cells[0], strict=False)
            says = cells[1].upper()[:2] if len(cells) > 1 and cells[1] else "listed"
            yield network.version, _Range(int(network[0]), int(network[-1]), says)
    except ValueError:
        return
