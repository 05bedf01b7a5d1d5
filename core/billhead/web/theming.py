"""Themes: tokens become one style sheet, templates of a theme win over ours.

The sheet of a theme holds its custom properties for light and dark. Dark is chosen by `data-bs-theme` on <html>, which
the visitor's own choice sets, or by the system's preference where there is none: for that case Bootstrap's dark rules
are repeated under the media query, so that no script has to run before the first paint.
"""

import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from flask import Flask, Response, current_app, g, request, url_for
from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from billhead.domain.errors import InvalidInput, NotFound
from billhead.plugin import Theme, allow
from billhead.plugin_host import plugins
from billhead.web.request_context import current_seller

__all__ = ["PLAIN", "current_theme", "environment_of", "install", "style_sheet"]

STAFF_THEME = "console"
PLAIN = Theme(code="plain", label="Plain", root=Path(__file__).resolve().parent)
"""Core's own look, for when the named theme is not installed or switched off."""

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_VALUE = re.compile(r"[^{};<>@\\]{1,300}")
_DARK_RULE = re.compile(r"(?P<selectors>[^{}]*\[data-bs-theme=dark\][^{}]*)\{(?P<body>[^{}]*)\}")
_SYSTEM_IS_DARK = ":root:not([data-bs-theme])"
APPEARANCES = ("light", "dark")


def install(app: Flask) -> None:
    app.add_url_rule("/theme/<code>.css", "theme_css", _theme_css)
    app.extensions["billhead_themes"] = {}

    @app.context_processor
    def look() -> dict[str, object]:
        theme = current_theme()
        chosen = request.cookies.get("appearance", "")
        return {
            "theme": theme,
            "theme_css": url_for("theme_css", code=theme.code, v=_version(theme)),
            "appearance": chosen if chosen in APPEARANCES else "",
            "seller": current_seller(),
        }


def current_theme() -> Theme:
    """The staff's theme in the admin area, the seller's elsewhere; PLAIN where that one is not there."""
    if "theme" not in g:
        if (request.blueprint or "").startswith("admin"):
            wanted = STAFF_THEME
        else:
            seller = current_seller()
            wanted = seller.theme if seller is not None else "lounge"
        g.theme = _theme(wanted) or PLAIN
    found: Theme = g.theme
    return found


def _theme(code: str) -> Theme | None:
    try:
        return plugins().theme(code)
    except NotFound:
        return None


def environment_of(theme: Theme) -> Environment:
    """Jinja with the theme's templates in front of ours; one per theme, because compiled templates are kept by name."""
    kept: dict[str, Environment] = current_app.extensions["billhead_themes"]
    if theme.code not in kept:
        ours = current_app.jinja_env
        own = theme.root / "templates"
        loaders = [FileSystemLoader(own)] if theme is not PLAIN and own.is_dir() else []
        assert ours.loader is not None
        kept[theme.code] = ours.overlay(loader=ChoiceLoader([*loaders, ours.loader]))
    return kept[theme.code]


@allow("anyone")
def _theme_css(code: str) -> Response:
    theme = PLAIN if code == PLAIN.code else plugins().theme(code)
    response = Response(style_sheet(theme), mimetype="text/css")
    response.cache_control.max_age = 365 * 24 * 3600 if "v" in request.args else 300
    response.cache_control.public = True
    return response


def style_sheet(theme: Theme) -> str:
    """The tokens of a theme as CSS. Raises InvalidInput naming a token that is no custom property."""
    light, dark = _declarations(theme, theme.tokens), _declarations(theme, theme.dark)
    return (
        f":root{{{light}}}\n"
        f"[data-bs-theme=dark]{{{dark}}}\n"
        f"@media (prefers-color-scheme: dark){{\n{_dark_bootstrap()}\n{_SYSTEM_IS_DARK}{{{dark}}}\n}}\n"
    )


def _declarations(theme: Theme, tokens: object) -> str:
    assert isinstance(tokens, dict) or hasattr(tokens, "items")
    parts = []
    for name, value in tokens.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise InvalidInput(
                f"theme {theme.code}: {name}",
                f"{value!r} can't be a custom property",
                hint="a name of a-z, 0-9 and -, and a value without braces, semicolons or @",
            )
        parts.append(f"--{name}:{value};")
    return "".join(parts)


@lru_cache(maxsize=1)
def _dark_bootstrap() -> str:
    sheet = (files("flask_bootstrap") / "static/bootstrap5/css/bootstrap.min.css").read_text("utf-8")
    rules = []
    for rule in _DARK_RULE.finditer(sheet):
        selectors = [s.replace("[data-bs-theme=dark]", _SYSTEM_IS_DARK) for s in rule["selectors"].split(",")
                     if s.startswith("[data-bs-theme=dark]")]  # fmt: skip
        if selectors:
            rules.append(f"{','.join(selectors)}{{{rule['body']}}}")
    return "\n".join(rules)


@lru_cache(maxsize=64)
def _digest(sheet: str) -> str:
    return hashlib.sha256(sheet.encode()).hexdigest()[:12]


def _version(theme: Theme) -> str:
    return _digest(style_sheet(theme))
