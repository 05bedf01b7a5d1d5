"""Which dialect a panel is spoken to in. `settings.DIALECTS` holds the same names, for the operator's form.

Where the dialect is left open, the first that answers is found by reads alone, and core remembers it. A check of one
that is set tries the others when it fails; what it finds it says, and changes nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from billhead.plugin import InvalidInput, PanelConnection, PanelError, PanelRejected
from billhead_xtream.dialects.classic import Classic
from billhead_xtream.dialects.dialect import Dialect
from billhead_xtream.dialects.xui_admin import XuiAdmin
from billhead_xtream.dialects.xui_reseller import XuiReseller

SPOKEN: dict[str, type[Dialect]] = {"xui_admin": XuiAdmin, "xui_reseller": XuiReseller, "classic": Classic}


def dialect_of(panel: PanelConnection) -> Dialect:
    """The dialect of this panel's settings; nothing is asked of the panel."""
    return SPOKEN[panel.settings.spoken](panel)


def checked(panel: PanelConnection) -> str:
    """What the dialect says of the panel; where it fails and another one does not, that is what staff are told."""
    spoken = dialect_of(panel)
    try:
        return spoken.check()
    except PanelError as error:
        if error.__cause__ is not None:  # nothing listens there, in any dialect
            raise
        for other in _others(panel):
            try:
                found = other.check()
            except PanelError:
                continue
            raise _speaks(other, found, error) from error
        raise


def found_out(panel: PanelConnection) -> dict[str, str]:
    """The dialect that answers with these credentials, and where; {} if none does, or not with the other settings."""
    for dialect in (dialect_of(panel), *_others(panel)):
        try:
            dialect.check()
            found = {"dialect": dialect.settings.spoken, "url": dialect.settings.url}
            replace(panel.settings, **found)
        except PanelError as error:
            if error.__cause__ is not None:  # nothing listens there, in any dialect
                return {}
        except InvalidInput:
            return {}
        else:
            return found
    return {}


def _others(panel: PanelConnection) -> Iterator[Dialect]:
    """The other dialects with these credentials. A classic panel has no access code in its address."""
    address = urlsplit(panel.settings.url)
    roots = dict.fromkeys([panel.settings.url, f"{address.scheme}://{address.netloc}/"])
    for name, dialect in SPOKEN.items():
        if name == panel.settings.spoken:
            continue
        for url in roots if name == "classic" else [panel.settings.url]:
            try:
                settings = replace(panel.settings, dialect=name, url=url, database_host="")
            except InvalidInput:  # it needs what was not entered
                continue
            yield dialect(replace(panel, settings=settings))


def _speaks(other: Dialect, found: str, error: PanelError) -> PanelRejected:
    settings = other.settings
    return PanelRejected(
        f"{error.message} But with the dialect {settings.dialect} it answers: {found}.",
        hint=f"Set the dialect to {settings.dialect} and the address to {settings.url}.",
    )
