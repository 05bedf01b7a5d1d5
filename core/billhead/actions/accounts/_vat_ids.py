"""Tax ids as a register writes them, and which checker knows them."""

from dataclasses import dataclass

from billhead.plugin import TaxIdChecker
from billhead.plugin_host import plugins

__all__ = ["KnownId", "known_id"]


@dataclass(frozen=True, slots=True)
class KnownId:
    """A tax id whose register can be asked: by this checker of this plugin."""

    plugin: str
    checker: TaxIdChecker
    vat_id: str


def known_id(vat_id: str, country: str) -> KnownId | None:
    """The checker for an id; None where no active plugin knows its kind.

    Raises InvalidInput("vat_id", why) for an id that can't exist.
    """
    for plugin, checker in plugins().tax_id_checkers() if vat_id else ():
        written = checker.normalise(vat_id, country)
        if written:
            return KnownId(plugin, checker, written)
    return None
