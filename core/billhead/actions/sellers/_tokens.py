"""The colours in which a seller is seen where no page is: in its mails and on its documents, in the light."""

from sqlalchemy.orm import Session

from billhead.actions.shops._colours import readable_on
from billhead.domain.errors import NotFound
from billhead.models.sellers import Seller
from billhead.models.shops import Shop
from billhead.plugin_host import plugins

__all__ = ["own_colour", "tokens_of"]


def tokens_of(session: Session, seller: Seller) -> dict[str, str]:
    """Those of its theme, and on top of them a shop's own, or the seller's own colour."""
    try:
        tokens = dict(plugins().theme(seller.theme).tokens)
    except NotFound:  # its plugin is switched off
        tokens = {}
    shop = session.get(Shop, seller.id)
    if shop is not None:
        tokens.update(shop.looks.get("tokens", {}).get("light", {}))
    own = own_colour(seller)
    return {**tokens, "accent": own, "on-accent": readable_on(own)} if own else tokens


def own_colour(seller: Seller) -> str:
    """That it has chosen for its documents; "" for none."""
    return str(seller.invoicing.get("accent") or "")
