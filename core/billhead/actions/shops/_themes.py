"""The themes that a shop may have."""

from billhead.plugin import Theme
from billhead.plugin_host import plugins

__all__ = ["shop_themes"]

_FOR_STAFF = "console"


def shop_themes() -> list[Theme]:
    """Those that may be chosen."""
    return [theme for _, theme in plugins().offers("themes") if theme.code != _FOR_STAFF]
