"""What stands around the words of a notice: the seller's head and foot, in its colours and the reader's direction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from billhead.wording import Wording

__all__ = ["FRAME", "LOGO_ID", "MAIL_TEMPLATES", "Framed", "Look", "button_of", "letter"]

FRAME = Path(__file__).with_name("frame")
MAIL_TEMPLATES = Path("templates", "mail")
"""Of a theme: what it has instead of ours. A template extends ours as `frame/letter.html`."""

LOGO_ID = "logo"
"""The picture that comes with the mail itself, so that showing it tells nobody that the mail was read."""


@dataclass(frozen=True, slots=True)
class Look:
    """`tokens` are those of the seller's theme, `templates` folders of its own that go before ours. `foot` is what the
    seller says below every mail, and its address."""

    tokens: Mapping[str, str] = field(default_factory=dict)
    has_logo: bool = False
    foot: tuple[str, ...] = ()
    templates: tuple[Path, ...] = ()

    def colour(self, token: str) -> str:
        return self.tokens.get(token, _PLAIN[token])


_PLAIN = {
    "ground": "#f3f4f6", "surface": "#ffffff", "ink": "#1f2430", "ink-soft": "#5a6170", "line": "#d9dde5",
    "accent": "#1d4ed8", "on-accent": "#ffffff", "radius": "8px", "radius-small": "6px",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Framed:
    text: str
    html: str


def button_of(look: Look, words: Wording) -> Callable[[str, str], Markup]:
    def button(address: str, said: str) -> Markup:
        named = {"address": address, "words": said, "colour": look.colour, "say": words.say}
        return Markup(_environment(look.templates).get_template("button.html").render(named))  # noqa: S704 the template escapes

    return button


def letter(text: str, html: Markup, facts: Mapping[str, Any], look: Look, words: Wording) -> Framed:
    named = {
        "seller": facts["seller"],
        "account_url": facts["account_url"],
        "stop_url": facts.get("stop_url", ""),
        "words": words,
        "say": words.say,
        "colour": look.colour,
        "look": look,
        "logo": f"cid:{LOGO_ID}" if look.has_logo else "",
        "content": html,
    }
    templates = _environment(look.templates)
    below = templates.get_template("foot.txt").render(named)
    return Framed(f"{text}\n\n{below.strip()}\n", templates.get_template("letter.html").render(named))


@cache
def _environment(templates: tuple[Path, ...]) -> Environment:
    ours = FileSystemLoader(FRAME)
    return Environment(
        loader=ChoiceLoader([*map(FileSystemLoader, templates), ours, PrefixLoader({"frame": ours})]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
