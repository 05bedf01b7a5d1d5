"""What the business rules refuse, read back out of its English sentence.

Rules say one sentence, the same in a log, an answer of the API and a stored result. A page in another language looks
up which sentence of `locale/refusals.txt` it is, and with what values: "Aurora is suspended already" is "%(who)s is
suspended already". What counts something stands there as a pair, for one and for more, with the number as `%(count)s`:
"it has %(count)s column || it has %(count)s columns".
"""

import re
from functools import cache
from pathlib import Path
from typing import TypeAlias

__all__ = ["Sentence", "add_refusals", "forms_of", "listed", "patterns_of", "read_refusal", "refusals"]

Sentence: TypeAlias = str | tuple[str, str]
"""A pair, for one and for more, where something is counted."""

_LISTED = Path(__file__).with_name("locale") / "refusals.txt"
_OF_PLUGINS: dict[str, tuple[Sentence, ...]] = {}
_PLACE = re.compile(r"%\((\w+)\)s")
_PAIRED = " || "
_FIELD = re.compile(r"[a-z_]+: (?=.)")
_LONGEST = 500


@cache
def refusals() -> tuple[Sentence, ...]:
    """Core's sentences."""
    return listed(_LISTED)


def listed(path: Path) -> tuple[Sentence, ...]:
    """The sentences of a file, one or a pair a line; none where it is not there."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else ()
    return tuple(_read(line) for line in lines if line)


def _read(line: str) -> Sentence:
    one, apart, many = line.partition(_PAIRED)
    return (one, many) if apart else line


def forms_of(sentence: Sentence) -> tuple[str, ...]:
    return (sentence,) if isinstance(sentence, str) else sentence


def add_refusals(plugin: str, sentences: tuple[Sentence, ...]) -> None:
    """What a plugin refuses: sentences that `patterns_of` takes."""
    if _OF_PLUGINS.get(plugin, ()) != sentences:
        _OF_PLUGINS[plugin] = sentences
        _every.cache_clear()
        _patterns.cache_clear()


def _all() -> tuple[Sentence, ...]:
    return (*refusals(), *(one for sentences in _OF_PLUGINS.values() for one in sentences))


@cache
def _every() -> dict[str, Sentence]:
    """Each form → its sentence."""
    return {form: sentence for sentence in _all() for form in forms_of(sentence)}


def read_refusal(text: str) -> tuple[Sentence, dict[str, str]]:
    """(sentence, values); the text itself where it is none of ours. A field's name before it ("amount: …") is left out,
    and the full stop is not minded."""
    for told in (text, _FIELD.sub("", text, count=1)):
        for plain in (told, told.removesuffix("."), f"{told}."):
            if (known := _every().get(plain)) is not None:
                return known, {}
        for sentence, pattern in _patterns() if len(told) <= _LONGEST else ():
            if found := pattern.fullmatch(told):
                return sentence, found.groupdict()
    return text, {}


@cache
def _patterns() -> tuple[tuple[Sentence, re.Pattern[str]], ...]:
    return patterns_of(_all())


def patterns_of(sentences: tuple[Sentence, ...]) -> tuple[tuple[Sentence, re.Pattern[str]], ...]:
    """Of the sentences with values; those that say the most themselves come first. Raises re.error for one that names a
    value twice."""
    forms = ((form, sentence) for sentence in sentences for form in forms_of(sentence))
    open_ones = [told for told in forms if _PLACE.search(told[0])]
    by_words = sorted(open_ones, key=lambda told: len(_PLACE.sub("", told[0])), reverse=True)
    return tuple((one, re.compile(_pattern(form, isinstance(one, tuple)))) for form, one in by_words)


def _pattern(form: str, counts: bool) -> str:
    pieces = _PLACE.split(form)
    written = [_value(piece, counts) if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)]
    return "".join(written).removesuffix(r"\.") + r"\.?"


def _value(name: str, counts: bool) -> str:
    what = r"\d+" if counts and name == "count" else ".+?"
    return f"(?P<{name}>{what})"
