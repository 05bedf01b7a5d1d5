"""Where the marks of the axes stand: round numbers upwards, and below as many labels as there is room for."""

from collections.abc import Sequence
from datetime import date

from billhead.charts.spec import Words

__all__ = ["day_marks", "value_marks", "word_marks"]

_ROUND = (1, 2, 5)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


def value_marks(least: int, most: int, wanted: int = 5, smallest: int = 1) -> list[int]:
    """Round numbers from at or below `least` to at or above `most`, zero among them, about `wanted` of them.

    `smallest` is the finest step: 100 keeps euros whole.
    """
    least, most = min(least, 0), max(most, 0)
    if least == most:
        most = smallest * 2
    step = _step(most - least, max(wanted - 1, 1), smallest)
    first, last = least // step, -(-most // step)
    return [number * step for number in range(first, last + 1)]


def _step(span: int, parts: int, smallest: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … times `smallest` of which `parts` cover the span."""
    size = smallest
    while True:
        for times in _ROUND:
            if times * size * parts >= span:
                return times * size
        size *= 10


def word_marks(places: Sequence[str], room: int) -> list[tuple[int, str]]:
    """(place, label) of every nth place, so that at most `room` labels stand there."""
    every = max(1, -(-len(places) // max(room, 1)))
    return [(at, places[at]) for at in range(0, len(places), every)]


def day_marks(places: Sequence[date], room: int, words: Words, *, monthly: bool = False) -> list[tuple[int, str]]:
    """(place, label): each nth day while they fit, else the first place of every month, quarter, year …"""
    room = max(room, 1)
    if len(places) <= room:
        write = words.month if monthly else words.short_day
        return [(at, write(day)) for at, day in enumerate(places)]
    begins = [at for at, day in enumerate(places) if at == 0 or _month(day) != _month(places[at - 1])]
    if not monthly and len(begins) * 2 <= room:
        every = -(-len(places) // room)
        return [(at, words.short_day(places[at])) for at in range(0, len(places), every)]
    for step in _MONTH_STEPS:
        found = [at for at in begins if (places[at].year * 12 + places[at].month - 1) % step == 0]
        # a first month that is nearly over would stand in the way of the second
        if found and found[0] == 0 and len(found) > 1 and places[0].day > 1:
            found = found[1:]
        if len(found) <= room:
            break
    return [(at, words.month(places[at])) for at in found or begins[:1]]


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month
