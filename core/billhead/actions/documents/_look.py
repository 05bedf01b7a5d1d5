"""How a seller's documents look: its picture and its colour. Not frozen: a new logo is on old documents too."""

import re
from typing import NamedTuple

from sqlalchemy.orm import Session

from billhead.domain.errors import NotFound
from billhead.models.sellers import Seller, SellerLogo
from billhead.plugin_host import plugins

__all__ = ["Look", "look_of"]

_PLAIN = "#23395d"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


class Look(NamedTuple):
    accent: str
    logo: bytes


def look_of(session: Session, seller_id: int) -> Look:
    """The seller's own colour, else that of its theme."""
    seller = session.get_one(Seller, seller_id)
    logo = session.get(SellerLogo, seller_id)
    own = str(seller.invoicing.get("accent") or "")
    return Look(own or _theme_accent(seller.theme), logo.data if logo else b"")


def _theme_accent(code: str) -> str:
    try:
        accent = str(plugins().theme(code).tokens.get("accent", ""))
    except NotFound:  # its plugin is switched off
        return _PLAIN
    return accent if _HEX.fullmatch(accent) else _PLAIN
