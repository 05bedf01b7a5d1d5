"""A text with named facts to fill in, which people who write no programs can write, and which can run none.

{{name}}               the fact of that name
{{#name}} … {{/name}}  only where there is such a fact
{{^name}} … {{/name}}  only where there is none

That is all of it: no expressions, no attributes, no calls. A `{{#name}}` on a line of its own leaves no empty line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from billhead.domain.errors import InvalidInput

__all__ = ["ALONE", "Fact", "Fillable", "Section", "read_fillable"]

_TAG = re.compile(r"\{\{(?P<sign>[#^/]?)\s*(?P<name>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)\s*\}\}")
ALONE = re.compile(r"[ \t]*\{\{[#^/][^{}]*\}\}[ \t]*")
"""A line that holds nothing but the beginning or the end of a section."""
_ALONE = re.compile(rf"^{ALONE.pattern}(?:\n|\Z)", re.M)
_BRACES = re.compile(r"\{\{.{0,40}|\}\}|\{%.{0,40}")
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Fact:
    name: str


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    where_none: bool
    parts: tuple[str | Fact | Section, ...]


@dataclass(frozen=True, slots=True)
class Fillable:
    parts: tuple[str | Fact | Section, ...]

    def names(self) -> set[str]:
        return {part.name for part in _walked(self.parts) if not isinstance(part, str)}

    def filled(self, holds: Callable[[str], bool], show: Callable[[str], str]) -> str:
        """`holds` says whether there is such a fact, `show` how it is written."""
        return "".join(_filled(self.parts, holds, show))

    def unfolded(self, show: Callable[[str], str]) -> str:
        """With what each section holds, whether it would be shown or not."""
        plain = (part for part in _walked(self.parts) if not isinstance(part, Section))
        return "".join(part if isinstance(part, str) else show(part.name) for part in plain)


def read_fillable(field: str, source: str) -> Fillable:
    """Raises InvalidInput, naming the field and what in it is not understood."""
    text = _ALONE.sub(lambda line: line[0].strip(), source.replace("\r\n", "\n"))
    parts: list[list[str | Fact | Section]] = [[]]
    inside: list[tuple[str, str]] = []
    end = 0
    for tag in _TAG.finditer(text):
        parts[-1] += _words(field, text[end : tag.start()])
        sign, name, end = tag["sign"], tag["name"], tag.end()
        if not sign:
            parts[-1].append(Fact(name))
        elif sign != "/":
            inside.append((sign, name))
            parts.append([])
            if len(inside) > _DEEPEST:
                raise InvalidInput(field, f"has more than {_DEEPEST} sections in each other")
        else:
            if not inside or inside[-1][1] != name:
                raise InvalidInput(field, f"ends {{{{/{name}}}}} where no such section is open", hint=_HINT)
            opened, section = inside.pop(), tuple(parts.pop())
            parts[-1].append(Section(name, opened[0] == "^", section))
    parts[-1] += _words(field, text[end:])
    if inside:
        sign, name = inside[-1]
        raise InvalidInput(field, f"never ends {{{{{sign}{name}}}}}", hint=f"write {{{{/{name}}}}} after it")
    return Fillable(tuple(parts[0]))


_HINT = "{{#name}} begins a section that is shown where there is such a fact, {{/name}} ends it"


def _words(field: str, text: str) -> list[str | Fact | Section]:
    wrong = _BRACES.search(text)
    if wrong is not None:
        told = "write a fact as {{name}}; there are no expressions, filters or attributes"
        raise InvalidInput(field, f"has {wrong[0].split(chr(10))[0]!r}, which is no fact", hint=told)
    return [text] if text else []


def _walked(parts: tuple[str | Fact | Section, ...]) -> Iterator[str | Fact | Section]:
    for part in parts:
        yield part
        if isinstance(part, Section):
            yield from _walked(part.parts)


def _filled(
    parts: tuple[str | Fact | Section, ...], holds: Callable[[str], bool], show: Callable[[str], str]
) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, Fact):
            yield show(part.name)
        elif holds(part.name) is not part.where_none:
            yield from _filled(part.parts, holds, show)
