"""How a shop looks: one of the installed themes, and colours of its own on top of it, light and dark."""

from collections.abc import Mapping
from dataclasses import dataclass

from billhead.actions.shops._colours import checked_colours, palette
from billhead.actions.shops._layouts import checked_layout
from billhead.actions.shops._own import lock_shop
from billhead.actions.shops._themes import shop_themes
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.plugin import Theme
from billhead.plugin_host import plugins

__all__ = ["LOOKS", "ShopLooks", "preview_set_shop_looks", "set_shop_looks"]

LOOKS = ("light", "dark")
ByLook = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class ShopLooks:
    """Colours by name, see `_colours.CHOSEN`; what is missing or empty is the theme's."""

    theme: str
    light: Mapping[str, str]
    dark: Mapping[str, str]
    plans_shown_as: str = "cards"


def preview_set_shop_looks(looks: ShopLooks) -> ByLook:
    """All tokens in both looks, as the pages would have them. Raises InvalidInput as `set_shop_looks` does."""
    base = _base(_theme(looks.theme))
    return {look: {**base[look], **own} for look, own in _palettes(_checked(looks), base).items()}


@verb("shops.set_looks")
def set_shop_looks(tx: Tx, reseller_id: int, looks: ShopLooks) -> None:
    """Raises NotFound, NotAllowed, or InvalidInput: no such theme, no colour, or words that could not be read."""
    own = lock_shop(tx, reseller_id)
    theme, chosen = _theme(looks.theme), _checked(looks)
    checked_layout(theme.code, looks.plans_shown_as)
    tokens = _palettes(chosen, _base(theme))
    note(tx, f"seller:{own.seller.id}", theme=theme.code)
    own.seller.theme, own.seller.plans_shown_as = theme.code, looks.plans_shown_as
    own.shop.looks = {"chosen": chosen, "tokens": tokens}


def _checked(looks: ShopLooks) -> ByLook:
    return {"light": checked_colours(looks.light), "dark": checked_colours(looks.dark)}


def _palettes(chosen: ByLook, base: ByLook) -> ByLook:
    """A colour of the light look only must not shine through in the dark: there the theme's own is said again."""
    light, dark = (palette(chosen[look], base[look]) for look in LOOKS)
    return {"light": light, "dark": {**{name: base["dark"].get(name, light[name]) for name in light}, **dark}}


def _base(theme: Theme) -> ByLook:
    whole = plugins().theme(theme.code)
    return {"light": dict(whole.tokens), "dark": {**whole.tokens, **whole.dark}}


def _theme(code: str) -> Theme:
    found = next((theme for theme in shop_themes() if theme.code == code), None)
    if found is None:
        raise InvalidInput("theme", f"there is no theme {code!r}")
    return found
