"""How a seller's documents look: its picture and its colour. Not frozen: a new logo is on old documents too."""

import re
from typing import NamedTuple

from sqlalchemy.orm import Session

from billhead.actions.sellers._tokens import own_colour, tokens_of
from billhead.actions.shops._colours import SMALL_TEXT, contrast
from billhead.models.sellers import Seller, SellerLogo

__all__ = ["Look", "look_of"]

_PLAIN, _PAPER = "#23395d", "#ffffff"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


class Look(NamedTuple):
    accent: str
    logo: bytes


def look_of(session: Session, seller_id: int) -> Look:
    """The seller's own colour; else that of its shop or theme, where words in it can be read on paper."""
    seller = session.get_one(Seller, seller_id)
    logo = session.get(SellerLogo, seller_id)
    accent = tokens_of(session, seller).get("accent", "")
    readable = _HEX.fullmatch(accent) and contrast(accent, _PAPER) >= SMALL_TEXT
    return Look(accent if readable or own_colour(seller) else _PLAIN, logo.data if logo else b"")
