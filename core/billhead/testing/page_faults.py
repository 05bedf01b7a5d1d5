"""What is wrong with a page as it was sent: markup, language, landmarks, and what a strict policy blocks."""

import re
from html.parser import HTMLParser

from billhead.wording import direction

__all__ = ["PageReader", "page_faults"]

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_MAY_STAY_OPEN = {"li", "dt", "dd", "p", "tr", "td", "th", "thead", "tbody", "tfoot", "option"}
_ASSETS = {"link": "href", "script": "src", "img": "src", "source": "src", "use": "href"}


class PageReader(HTMLParser):
    """`assets` and `faults` of a page that was fed to it."""

    def __init__(self) -> None:
        super().__init__()
        self.assets: list[str] = []
        self.faults: list[str] = []
        self.counted: dict[str, int] = {}
        self.html: dict[str, str | None] = {}
        self._open: list[str] = []
        self._ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if "svg" not in self._open:  # what a drawing has inside, its <title> too, is its own
            self.counted[tag] = self.counted.get(tag, 0) + 1
        if tag == "html":
            self.html = told
        self._blocked(tag, told)
        if (name := told.get("id")) is not None:
            if name in self._ids:
                self._fault(f"the id {name} twice")
            self._ids.add(name)
        if tag in _ASSETS and told.get(_ASSETS[tag]) and told.get("rel") not in ("canonical", "next", "prev"):
            self.assets.append(str(told[_ASSETS[tag]]))
        if tag == "img" and told.get("alt") is None:
            self._fault("an image without alt")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        while self._open and self._open[-1] != tag and self._open[-1] in _MAY_STAY_OPEN:
            self._open.pop()
        if not self._open or self._open[-1] != tag:
            self._fault(f"</{tag}> closes {'<' + self._open[-1] + '>' if self._open else 'nothing'}")
        else:
            self._open.pop()

    def close(self) -> None:
        super().close()
        for tag in self._open:
            if tag not in _MAY_STAY_OPEN:
                self._fault(f"<{tag}> is never closed")

    def _blocked(self, tag: str, told: dict[str, str | None]) -> None:
        if "style" in told:
            self._fault("an inline style")
        if any(name.startswith("on") for name in told):
            self._fault(f"an inline script in an attribute of <{tag}>")
        if tag == "style" or (tag == "script" and not {"src", "nonce"} & told.keys()):
            self._fault(f"an inline <{tag}>")

    def _fault(self, text: str) -> None:
        self.faults.append(f"line {self.getpos()[0]}: {text}")


def page_faults(html: str, language: str) -> tuple[list[str], PageReader]:
    """What is wrong, and the page as it was read. `language`: what it has to be in."""
    reader = PageReader()
    reader.feed(html)
    reader.close()
    faults = list(reader.faults)
    if not re.match(r"\s*<!doctype html>", html, re.IGNORECASE):
        faults.append("no <!doctype html>")
    if reader.html.get("lang") != language:
        faults.append(f"lang is {reader.html.get('lang')}, not {language}")
    if (reader.html.get("dir") or "ltr") != direction(language):
        faults.append(f"dir is {reader.html.get('dir')}, not {direction(language)}")
    once = [(tag, reader.counted.get(tag, 0)) for tag in ("title", "main", "h1")]
    faults += [f"{count} <{tag}>, not one" for tag, count in once if count != 1]
    if "header" not in reader.counted or "footer" not in reader.counted:
        faults.append("no <header> or no <footer>")
    return faults, reader
