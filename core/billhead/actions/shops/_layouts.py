"""In which ways the plans of a shop can stand on its first page: core's, and what its theme has beside them."""

import re
from collections.abc import Iterable

from billhead.domain.errors import InvalidInput, NotFound
from billhead.plugin import Theme
from billhead.plugin_host import plugins
from billhead.wording import marked

__all__ = ["LAYOUTS", "checked_layout", "layouts_in", "layouts_of"]

LAYOUTS = {"cards": marked("Cards"), "table": marked("A table"), "list": marked("A list")}
_TEMPLATE = re.compile(r"plans_as_([a-z][a-z0-9-]{0,39})\.html")


def layouts_of(theme: str) -> dict[str, str]:
    """Code → name. A theme adds one by its template `storefront/plans_as_CODE.html`, and a child has its parents'."""
    try:
        return layouts_in(plugins().theme_line(theme))
    except NotFound:
        return dict(LAYOUTS)


def layouts_in(line: Iterable[Theme]) -> dict[str, str]:
    """The same for a theme with its parents."""
    folders = [one.root / "templates" / "storefront" for one in line]
    names = sorted(path.name for folder in folders for path in folder.glob("plans_as_*.html"))
    own = [found[1] for name in names if (found := _TEMPLATE.fullmatch(name))]
    return {**{code: code.replace("-", " ").capitalize() for code in own}, **LAYOUTS}


def checked_layout(theme: str, code: str) -> str:
    """Raises InvalidInput where the theme has no such way."""
    if code not in layouts_of(theme):
        raise InvalidInput("plans_shown_as", f"the theme shows no plans as {code!r}")
    return code
