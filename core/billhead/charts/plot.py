"""Where things stand: the paper, its margins, and the pixel of a place and of a value, from either side."""

from dataclasses import dataclass

__all__ = ["NARROW", "WIDE", "Paper", "Plot", "spans"]


@dataclass(frozen=True, slots=True)
class Paper:
    """A drawing's size; the style sheet shows the one that fits. `marks`: how many values are marked."""

    name: str
    width: int
    height: int
    marks: int


WIDE = Paper("wide", 800, 280, 5)
NARROW = Paper("narrow", 360, 240, 4)

_TOP, _BOTTOM, _END = 12, 26, 10
_LETTER, _LINE_UP = 7, 8
"""About how wide a letter is at 12 px, and the gap between the axis and its labels."""


@dataclass(frozen=True, slots=True)
class Plot:
    """`label_width` is the longest value label's, in letters. `mirrored`: read from right to left."""

    paper: Paper
    places: int
    least: int
    most: int
    label_width: int
    mirrored: bool

    @property
    def start(self) -> float:
        """Distance of the axis from the side at which reading begins."""
        return self.label_width * _LETTER + _LINE_UP

    @property
    def length(self) -> float:
        return self.paper.width - self.start - _END

    @property
    def band(self) -> float:
        """What one place takes of the length."""
        return self.length / max(self.places, 1)

    @property
    def bottom(self) -> float:
        return self.paper.height - _BOTTOM

    def room(self, letters: int) -> int:
        """How many labels of so many letters stand beside each other."""
        return max(1, int(self.length // (letters * _LETTER + 2 * _LINE_UP)))

    def across(self, distance: float) -> float:
        """A distance from the reading side as a pixel from the left."""
        return self.paper.width - distance if self.mirrored else distance

    def middle(self, place: int) -> float:
        return self.across(self.start + (place + 0.5) * self.band)

    def height(self, value: int) -> float:
        """The pixel, from the top, of a value."""
        share = (value - self.least) / (self.most - self.least)
        return self.bottom - share * (self.bottom - _TOP)

    def box(self, place: int, part: int, parts: int) -> tuple[float, float]:
        """Left edge and width of the `part`th of `parts` bars of a place."""
        gap = self.band * (0.2 if self.band > 3 else 0)
        width = (self.band - gap) / parts
        begins = self.start + place * self.band + gap / 2 + part * width
        return (self.across(begins) - (width if self.mirrored else 0), width)


def spans(values: list[list[int | None]]) -> list[list[tuple[int, int]]]:
    """Stacked: (from, to) of each series at each place. What is below zero is stacked downwards."""
    ups: list[int] = [0] * (len(values[0]) if values else 0)
    downs = list(ups)
    found: list[list[tuple[int, int]]] = []
    for series in values:
        row: list[tuple[int, int]] = []
        for at, value in enumerate(series):
            pile = downs if (value or 0) < 0 else ups
            row.append((pile[at], pile[at] + (value or 0)))
            pile[at] += value or 0
        found.append(row)
    return found
