"""The theme of a seller's shop and customer area."""

from dataclasses import dataclass

from billhead.actions.shops._layouts import checked_layout
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.sellers import Seller
from billhead.plugin_host import plugins

__all__ = ["LookSet", "set_look"]


@dataclass(frozen=True, slots=True)
class LookSet:
    seller_id: int


@verb("setup.set_look", permission="sellers.write")
def set_look(tx: Tx, seller_id: int, theme: str, plans_shown_as: str = "cards") -> LookSet:
    """Raises NotFound, or InvalidInput for a theme that is not here, or does not show plans so."""
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    if theme not in {one.code for _, one in plugins().offers("themes")}:
        raise InvalidInput("theme", f"there is no look {theme!r}", hint="install its package, and start again")
    note(tx, f"seller:{seller_id}", before=seller.theme, after=theme)
    seller.theme, seller.plans_shown_as = theme, checked_layout(theme, plans_shown_as)
    return LookSet(seller_id)
