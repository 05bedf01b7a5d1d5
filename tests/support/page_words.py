"""What is to be read on a page, which of it is English though there is a translation, and what no catalogue knows."""

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

from babel.messages import Catalog

_READ_ALOUD = ("aria-label", "data-label", "placeholder", "title", "alt")
_SILENT = ("script", "style")
_WRITTEN_BY_MACHINES = ("code", "kbd", "pre")
_EMPTY = ("input", "br", "img", "meta", "link", "hr")
_LATIN, _ARABIC = re.compile("[A-Za-z]{2}"), re.compile("[\u0600-\u06ff]")
_GAP = re.compile(r"%\(\w+\)[sd]|%%|\{\{[^{}]*\}\}|\*\*|\[|\]\([^)]*\)|<[^>]*>")
_TELLING = 12  # letters: a shorter piece of a sentence may well be a name, or a word of another language


class _Reader(HTMLParser):
    def __init__(self, language: str = "") -> None:
        super().__init__()
        self.runs: list[str] = []
        self._inside: list[str] = []
        self._language = language

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _EMPTY:
            pass
        elif tag in _SILENT or ("translate", "no") in attrs or (self._language and self._elsewhere(tag, attrs)):
            self._inside.append(tag)
        self.runs += [text.strip() for name, text in attrs if name in _READ_ALOUD and text]

    def _elsewhere(self, tag: str, attrs: list[tuple[str, str | None]]) -> bool:
        """Code, and what is said to be of another language."""
        spoken = dict(attrs).get("lang")
        return tag in _WRITTEN_BY_MACHINES or spoken not in (None, self._language)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._inside:
            self.runs.append(" ".join(data.split()))


def words_of(html: str) -> list[str]:
    """The texts of a page in their order, each as it stands between two tags, and what is read aloud."""
    reader = _Reader()
    reader.feed(html)
    return reader.runs


def in_latin_letters(html: str) -> set[str]:
    """Texts of a page in Arabic that have no word of it: a code as it is kept, and what stands in no catalogue, which
    `left_in_english` can't know. Code, names (translate="no") and other languages are left out."""
    reader = _Reader("ar")
    reader.feed(html)
    return {text for text in reader.runs if _LATIN.search(text) and not _ARABIC.search(text)}


def left_in_english(html: str, catalogue: Catalog) -> Iterator[str]:
    """Texts of the catalogue that the page says in English: whole, or the pieces between their values."""
    runs = words_of(html)
    translated = {form for message in catalogue for form in _several(message.string)}  # French says "Expire", too
    whole, said = set(runs) - translated, "\n".join(runs)
    for message in catalogue:
        for text in _several(message.id):
            pieces = [piece.strip(" .,:;") for piece in _GAP.split(text)]
            telling = [piece for piece in pieces if len(piece) > _TELLING and " " in piece]
            if text in whole or (text not in translated and any(piece in said for piece in telling)):
                yield text


def _several(texts: str | Sequence[str] | None) -> Sequence[str]:
    return () if not texts else (texts,) if isinstance(texts, str) else texts
