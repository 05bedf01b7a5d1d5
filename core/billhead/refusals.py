"""What the business rules refuse, read back out of its English sentence.

Rules say one sentence, the same in a log, an answer of the API and a stored result. A page in another language looks
up which sentence of `locale/refusals.txt` it is, and with what values: "Aurora is suspended already" is "%(who)s is
suspended already".
"""

import re
from functools import cache
from pathlib import Path

__all__ = ["add_refusals", "listed", "patterns_of", "read_refusal", "refusals"]

_LISTED = Path(__file__).with_name("locale") / "refusals.txt"
_OF_PLUGINS: dict[str, tuple[str, ...]] = {}
_PLACE = re.compile(r"%\((\w+)\)s")
_FIELD = re.compile(r"[a-z_]+: (?=.)")
_LONGEST = 500


@cache
def refusals() -> tuple[str, ...]:
    """Core's sentences."""
    return listed(_LISTED)


def listed(path: Path) -> tuple[str, ...]:
    """The sentences of a file, one a line; none where it is not there."""
    return tuple(line for line in path.read_text("utf-8").splitlines() if line) if path.is_file() else ()


def add_refusals(plugin: str, sentences: tuple[str, ...]) -> None:
    """What a plugin refuses: sentences that `patterns_of` takes."""
    if _OF_PLUGINS.get(plugin, ()) != sentences:
        _OF_PLUGINS[plugin] = sentences
        _every.cache_clear()
        _patterns.cache_clear()


@cache
def _every() -> tuple[str, ...]:
    return (*refusals(), *(one for sentences in _OF_PLUGINS.values() for one in sentences))


def read_refusal(text: str) -> tuple[str, dict[str, str]]:
    """(sentence, values); the text itself where it is none of ours. A field's name before it ("amount: …") is left out,
    and the full stop is not minded."""
    for told in (text, _FIELD.sub("", text, count=1)):
        for plain in (told, told.removesuffix("."), f"{told}."):
            if plain in _every():
                return plain, {}
        for sentence, pattern in _patterns() if len(told) <= _LONGEST else ():
            if found := pattern.fullmatch(told):
                return sentence, found.groupdict()
    return text, {}


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return patterns_of(_every())


def patterns_of(sentences: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Of the sentences with values; those that say the most themselves come first. Raises re.error for one that names a
    value twice."""
    open_ones = [one for one in sentences if _PLACE.search(one)]
    by_words = sorted(open_ones, key=lambda one: len(_PLACE.sub("", one)), reverse=True)
    return tuple((one, re.compile(_pattern(one))) for one in by_words)


def _pattern(sentence: str) -> str:
    pieces = _PLACE.split(sentence)
    written = [f"(?P<{piece}>.+?)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)]
    return "".join(written).removesuffix(r"\.") + r"\.?"
