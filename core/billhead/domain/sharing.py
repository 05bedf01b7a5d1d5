"""Does a line look as if several households watched it? From its sessions in a window, by the operator's limits.

Each measure that is over its limit adds 50 × measure ÷ limit to the score: one that is just over makes about 50, twice
the limit 100. What is within its limit adds nothing, so that a line with a score always has a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from billhead.domain.address import network_of
from billhead.domain.watching import WatchingRules

__all__ = ["Finding", "Session", "judge"]

_WEIGHT = 50


class Session(NamedTuple):
    """Instants in seconds; half-open."""

    began: int
    ended: int
    ip: str
    country: str


@dataclass(frozen=True, slots=True)
class Finding:
    """`reasons`: measure → what it was and may be, of those that were over."""

    score: int
    reasons: dict[str, dict[str, Any]]


def judge(sessions: Iterable[Session], connections: int, rules: WatchingRules) -> Finding:
    found = list(sessions)
    measures = (
        ("addresses", len({one.ip for one in found if one.ip}), rules.most_addresses),
        ("networks", len({network_of(one.ip) for one in found} - {""}), rules.most_networks),
        ("countries", len({one.country for one in found if one.country}), rules.most_countries),
        ("overlap_minutes", _over(found, connections) // 60, rules.overlap_minutes),
    )
    reasons = {name: {"was": was, "may_be": may_be} for name, was, may_be in measures if was > may_be}
    return Finding(sum(_WEIGHT * one["was"] // one["may_be"] for one in reasons.values()), reasons)


def _over(sessions: Iterable[Session], connections: int) -> int:
    """For how many seconds more streams ran at once than were sold."""
    moves = sorted([(one.began, 1) for one in sessions] + [(one.ended, -1) for one in sessions])
    running = seconds = before = 0
    for at, step in moves:
        if running > connections:
            seconds += at - before
        running, before = running + step, at
    return seconds
