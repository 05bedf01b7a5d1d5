"""Themes: tokens become one style sheet, templates of a theme win over ours.

The sheet of a theme holds its custom properties for light and dark. Dark is chosen by `data-bs-theme` on <html>, which
the visitor's own choice sets, or by the system's preference where there is none: for that case Bootstrap's dark rules
are repeated under the media query, so that no script has to run before the first paint.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from flask import Flask, Response, current_app, g, request, url_for
from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from sqlalchemy import exists, select

from billhead.db import reading
from billhead.domain.context import Role
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.sellers import SellerLogo
from billhead.models.shops import Shop
from billhead.plugin import Theme, allow
from billhead.plugin_host import plugins
from billhead.web.request_context import current_seller, in_staff_area, signed_in
from billhead.web.shop_address import asked
from billhead.web.static_files import asset

__all__ = ["PLAIN", "current_theme", "environment_of", "install", "look_sheet", "style_sheet"]

STAFF_THEME = "console"
PLAIN = Theme(code="plain", label="Plain", root=Path(__file__).resolve().parent)
"""Core's own look, for when the named theme is not installed or switched off."""

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_VALUE = re.compile(r"[^{};<>@\\]{1,300}")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_DARK_RULE = re.compile(r"(?P<selectors>[^{}]*\[data-bs-theme=dark\][^{}]*)\{(?P<body>[^{}]*)\}")
_SYSTEM_IS_DARK = ":root:not([data-bs-theme])"
APPEARANCES = ("light", "dark")


def install(app: Flask) -> None:
    app.add_url_rule("/theme/<code>.css", "theme_css", _theme_css)
    app.add_url_rule("/look.css", "look_css", _look_css)
    app.extensions["billhead_themes"] = {}

    @app.context_processor
    def look() -> dict[str, object]:
        theme = current_theme()
        chosen = request.cookies.get("appearance", "")
        return {
            "theme": theme,
            "theme_css": url_for("theme_css", code=theme.code, v=_version(theme)),
            "look_css": _look_address(theme),
            "mark": _mark(),
            "appearance": chosen if chosen in APPEARANCES else "",
            "seller": current_seller(),
        }


def current_theme() -> Theme:
    """The staff's theme in the admin area and for resellers, who work as densely; the seller's elsewhere; PLAIN where
    that one is not there."""
    if "theme" not in g:
        at_work = in_staff_area() or (request.blueprint or "").startswith("reseller")
        if at_work or _worker_at_home():
            wanted = STAFF_THEME
        else:
            seller = current_seller()
            wanted = seller.theme if seller is not None else "lounge"
        g.theme = _theme(wanted) or PLAIN
    found: Theme = g.theme
    return found


def _worker_at_home() -> bool:
    """Staff and resellers at their own security, resellers at their own account."""
    login = signed_in()
    return request.blueprint in ("security", "customer") and login is not None and login.role is not Role.CUSTOMER


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
        line = [] if theme is PLAIN else plugins().theme_line(theme.code)
        loaders = [FileSystemLoader(own) for one in line if (own := one.root / "templates").is_dir()]
        assert ours.loader is not None
        kept[theme.code] = ours.overlay(loader=ChoiceLoader([*loaders, ours.loader]))
    return kept[theme.code]


def _look_address(theme: Theme) -> str:
    """Of a shop's own colours, "" where it has none or the page is not in its look."""
    seller = current_seller()
    if seller is None or theme.code != seller.theme:
        return ""
    sheet = _look_sheet(seller.id)
    return url_for("look_css", v=_digest(sheet)) if sheet else ""


def _look_sheet(seller_id: int) -> str:
    return _shop_look(seller_id)[0]


def _shop_look(seller_id: int) -> tuple[str, bool, bool]:
    """(the sheet of its colours, whether it is a reseller's shop, whether that has a picture)."""
    here = asked()
    if here is not None and here.seller.id == seller_id and not here.is_shop:
        return "", False, False
    if "shop_look" not in g:
        with reading() as session:
            picture = exists().where(SellerLogo.seller_id == Shop.seller_id)
            found = session.execute(select(Shop.looks, picture).where(Shop.seller_id == seller_id)).first()
        g.shop_look = (look_sheet(found[0].get("tokens", {})), True, found[1]) if found else ("", False, False)
    look: tuple[str, bool, bool] = g.shop_look
    return look


def _mark() -> str:
    """The picture beside the name: a shop's own one or none, never the operator's."""
    seller = None if in_staff_area() else current_seller()
    _sheet, is_shop, has_picture = _shop_look(seller.id) if seller is not None else ("", False, False)
    if is_shop:
        return url_for("storefront.logo") if has_picture else ""
    return asset("mark.svg")


@allow("anyone")
def _look_css() -> Response:
    seller = current_seller()
    response = Response(_look_sheet(seller.id) if seller is not None else "", mimetype="text/css")
    response.cache_control.max_age = 365 * 24 * 3600 if "v" in request.args else 300
    response.cache_control.private = True
    return response


def look_sheet(tokens: Mapping[str, Mapping[str, str]], within: str = "") -> str:
    """A shop's colours as CSS, on top of its theme's; `within`: only inside of what has this class."""
    light, dark = (_colours(tokens.get(look, {})) for look in APPEARANCES)
    if within:
        return f".{within}[data-look=light]{{{light}}}\n.{within}[data-look=dark]{{{dark}}}\n"
    if not light and not dark:
        return ""
    return (
        f":root{{{light}}}\n[data-bs-theme=dark]{{{dark}}}\n"
        f"@media (prefers-color-scheme: dark){{{_SYSTEM_IS_DARK}{{{dark}}}}}\n"
    )


def _colours(tokens: Mapping[str, str]) -> str:
    """What is no colour is left out, wherever it came from."""
    told = ((name, value) for name, value in tokens.items() if _NAME.fullmatch(name) and _COLOUR.fullmatch(value))
    return "".join(f"--{name}:{value};" for name, value in told)


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
