"""A theme and what it inherits: tokens, templates and static files of its parent, where it has none itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from billhead.plugin import Theme

__all__ = ["lineage", "with_inherited"]


def lineage(themes: Mapping[str, Theme], code: str) -> list[Theme]:
    """The theme, its parent, and so on; it ends where a parent is not there or stands in the line already."""
    line: list[Theme] = []
    while code in themes and themes[code] not in line:
        line.append(themes[code])
        code = themes[code].parent
    return line


def with_inherited(line: Sequence[Theme]) -> Theme:
    """The first of a line with the tokens of all: the nearest one's count. What a child makes light and its parent dark
    stays as the parent has it in the dark."""
    tokens: dict[str, str] = {}
    dark: dict[str, str] = {}
    for theme in reversed(line):
        tokens.update(theme.tokens)
        dark.update(theme.dark)
    return replace(line[0], tokens=tokens, dark=dark)
