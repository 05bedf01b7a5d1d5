"""States as data: one table per aggregate and one function that reads it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from billhead.domain.errors import IllegalTransition

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def next_state(table: Mapping[tuple[S, E], S], state: S, event: E) -> S:
    """Where the event leads from the state; IllegalTransition where the table has no answer."""
    try:
        return table[state, event]
    except KeyError:
        possible = ", ".join(events_from(table, state)) or "nothing, it is final"
        raise IllegalTransition(state, event, hint=f"Possible from here: {possible}.") from None


def events_from(table: Mapping[tuple[S, E], S], state: S) -> list[E]:
    """What may happen in the state, in the table's order."""
    return [event for origin, event in table if origin == state]
