"""The house's own guides, and what may stand in a step."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from billhead.plugin import LineKind

__all__ = ["KINDS", "PLACES", "Guide", "places_in", "shipped"]

KINDS = tuple(kind.value for kind in LineKind)
PLACES = ("address", "m3u", "epg", "server", "host", "port", "login", "password", "portal", "mac")
"""What a step can name in braces. `address` is the short address where there is one, else the playlist's."""

_SHIPPED = Path(__file__).with_name("guides")
_PLACE = re.compile(r"\{([a-z]+)\}")


class Guide(NamedTuple):
    code: str
    language: str
    title: str
    kinds: tuple[str, ...]
    steps: tuple[str, ...]
    position: int
    hidden: bool = False

    def fits(self, values: Mapping[str, str]) -> bool:
        """Whether everything that its steps name is there for this line."""
        return all(values.get(name) for step in self.steps for name in places_in(step))


def places_in(step: str) -> list[str]:
    return _PLACE.findall(step)


@cache
def shipped() -> tuple[Guide, ...]:
    """Order and kinds stand in the English file alone."""
    told = {file.stem: tomllib.loads(file.read_text("utf-8")) for file in _SHIPPED.glob("*.toml")}
    return tuple(
        Guide(code, language, texts["title"], tuple(english["kinds"]), tuple(texts["steps"]), position)
        for position, (code, english) in enumerate(told["en"].items())
        for language, guides in told.items()
        if (texts := guides.get(code)) is not None
    )
