"""What a chart shows: places along the axis, and series of whole numbers over them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from billhead.domain.errors import InvalidInput

__all__ = ["KINDS", "SERIES_AT_MOST", "Chart", "Series", "Words"]

KINDS = ("line", "area", "bar", "stacked", "stacked_area")
SERIES_AT_MOST = 8
"""As many as can be told apart by their colour; sum up the rest as "Other"."""


@dataclass(frozen=True, slots=True)
class Series:
    """One number a place: minor units or a count; None where there is none (a gap). `line` draws it as a line over the
    bars or areas of the others."""

    name: str
    values: Sequence[int | None]
    line: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """`places` are words, or dates in their order at even steps (then the axis is marked at days, months or years).

    `kind`: line, area, bar (side by side), stacked (bars) or stacked_area. `currency`: of the minor units; "" for
    counts. `description` says in a sentence what is to be seen; screen readers read it out. Raises InvalidInput.
    """

    title: str
    kind: str
    places: Sequence[str] | Sequence[date]
    series: Sequence[Series]
    currency: str = ""
    description: str = ""
    place_title: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidInput("kind", f"{self.kind!r} is no kind of chart", hint=", ".join(KINDS))
        if len(self.series) > SERIES_AT_MOST:
            raise InvalidInput(
                "series", f"{len(self.series)} can't be told apart", hint=f"at most {SERIES_AT_MOST}; sum up the rest"
            )
        for one in self.series:
            if len(one.values) != len(self.places):
                raise InvalidInput("series", f"{one.name}: {len(one.values)} values for {len(self.places)} places")

    @property
    def monthly(self) -> bool:
        """Each place is a month, given as its first day."""
        return len(self.places) > 1 and all(isinstance(at, date) and at.day == 1 for at in self.places)

    @property
    def empty(self) -> bool:
        return all(value is None for one in self.series for value in one.values)


@dataclass(frozen=True, slots=True)
class Words:
    """How numbers and dates are written: `full` and `day` in tables and tips, the others along the axes ("€12k",
    "22 Nov", "Nov 2026"). `smallest`: the finest step of the axis (100 keeps euros whole)."""

    full: Callable[[int], str]
    short: Callable[[int], str]
    day: Callable[[date], str]
    short_day: Callable[[date], str]
    month: Callable[[date], str]
    smallest: int = 1
    as_table: str = "As a table"
    nothing: str = "Nothing to draw yet."
