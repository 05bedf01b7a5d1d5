"""Markdown as HTML that is safe to show: typed HTML stays text, links lead to http, https and mail."""

import re
from functools import cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markupsafe import Markup

__all__ = ["as_html", "as_page", "in_blocks"]

_BLOCK = re.compile(r"(?m)^##[ \t]+(.+?)[ \t#]*$")
_LOWEST = 6
_SCHEMES = ("http", "https", "mailto", "")


class _Safe(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Raised where a link is no address: it stays as it was typed."""
        try:
            return urlsplit(url.strip()).scheme.lower() in _SCHEMES
        except ValueError:
            return False


@cache
def _reader() -> MarkdownIt:
    return _Safe("commonmark", {"html": False}).enable("table").disable("image")


def as_html(text: str) -> Markup:
    return Markup(_reader().render(text))  # noqa: S704 the reader escapes all that is not Markdown


def as_page(text: str, top: int = 2) -> Markup:
    """Below a heading of ours: the highest that was typed is an <h2>, whatever level its writer began with."""
    tokens = _reader().parse(text)
    typed = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    down = top - min((int(token.tag[1]) for token in typed), default=top)
    for token in typed:
        token.tag = f"h{min(int(token.tag[1]) + down, _LOWEST)}"
    return Markup(_reader().renderer.render(tokens, _reader().options, {}))  # noqa: S704 as above


def in_blocks(text: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands before the first "## ", and then each heading with its text."""
    first, *rest = _BLOCK.split(text)
    return first.strip(), [(heading, body.strip()) for heading, body in zip(rest[::2], rest[1::2], strict=True)]
