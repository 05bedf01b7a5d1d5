"""The standard texts: a file for each kind in English, its subject up to the first empty line, and its paragraphs in
other languages from `notices.po`."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from billhead.domain.fillable import ALONE
from billhead.wording import wording

__all__ = ["KINDS", "WrittenText", "paragraphs", "standard_text"]

_TEXTS = Path(__file__).with_name("texts")

KINDS = frozenset(file.stem for file in _TEXTS.glob("*.txt"))
"""The kinds of notice that there are words for."""


@dataclass(frozen=True, slots=True)
class WrittenText:
    """`short` is for phones; "": the subject and where to go."""

    subject: str
    body: str
    short: str = ""


@cache
def standard_text(kind: str, language: str) -> WrittenText:
    say = wording(language, "notices").say
    source = (_TEXTS / f"{kind}.txt").read_text("utf-8")
    said = "\n".join(part if is_frame else say(part) for part, is_frame in _parts(source))
    subject, _, body = said.partition("\n\n")
    return WrittenText(subject.strip(), body.strip())


def paragraphs() -> Iterator[str]:
    """Every piece that is translated as one: lines between empty lines and the ends of sections."""
    for kind in sorted(KINDS):
        yield from (part for part, is_frame in _parts((_TEXTS / f"{kind}.txt").read_text("utf-8")) if not is_frame)


def _parts(source: str) -> Iterator[tuple[str, bool]]:
    """(piece, whether it is an empty line or a section's beginning or end). What is but one fact needs no words."""
    lines: list[str] = []
    for line in [*source.strip().splitlines(), ""]:
        if not line.strip() or ALONE.fullmatch(line):
            if lines:
                yield "\n".join(lines), _only_facts(lines)
                lines = []
            yield line, True
        else:
            lines.append(line)


def _only_facts(lines: list[str]) -> bool:
    return all(line.startswith("{{") and line.endswith("}}") and line.count("{{") == 1 for line in lines)
