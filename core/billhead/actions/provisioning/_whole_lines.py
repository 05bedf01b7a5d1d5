"""Lines whose bouquets are read one by one, where a panel's list leaves them out: some each night, all in some nights.

Where the last comparison stopped stands with the panel, by the service's id. A comparison that breaks off moves nothing
on: the same lines are read the next time.
"""

from collections.abc import Collection
from typing import NamedTuple

from billhead.models.panels import Panel

__all__ = ["NOBODYS", "Turn", "turn_of"]

_LEAST = 200
_HOURS = 4
"""Of a night: as many calls as a panel bears in that time are made, where its settings say how many that are."""


class Turn(NamedTuple):
    """`ids` are read whole this time, up to `last`; `read` of all are then read in this round, of so many nights."""

    ids: frozenset[int] = frozenset()
    last: int = 0
    read: int = 0
    nights: int = 0


NOBODYS = Turn()


def turn_of(panel: Panel, wanted: Collection[int]) -> Turn:
    """The next lines after those that were read last; from the first one again when all were. A panel of a few hundred
    lines is read whole each night."""
    if not panel.bouquet_nights or not wanted:
        return NOBODYS
    many = max(_LEAST, -(-len(wanted) // panel.bouquet_nights))
    if panel.calls_per_second:
        many = min(many, panel.calls_per_second * 3600 * _HOURS)
    in_order = sorted(wanted)
    rest = [one for one in in_order if one > panel.bouquets_read_to] or in_order
    chosen = rest[:many]
    return Turn(frozenset(chosen), chosen[-1], len(in_order) - len(rest) + len(chosen), -(-len(in_order) // many))
