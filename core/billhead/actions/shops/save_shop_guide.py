"""A set-up guide of a reseller's shop: its own, or its own instead of the house's."""

from sqlalchemy import func, select

from billhead.actions.access.save_guide import GuideSaved, GuideText, save_guide
from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.access import SetupGuide

__all__ = ["MOST", "save_shop_guide"]

MOST = 300
"""Guides of a shop, each language counted: all of a shop's are read for each look at a line."""


@verb("shops.save_guide")
def save_shop_guide(tx: Tx, reseller_id: int, guide: GuideText) -> GuideSaved:
    """Raises NotFound, NotAllowed, Conflict (there are too many) and what `save_guide` raises."""
    own = lock_shop(tx, reseller_id)
    saved = save_guide(as_operator(tx, "catalogue.write"), own.seller.id, guide)
    mine = select(func.count()).where(SetupGuide.seller_id == own.seller.id)
    if tx.session.scalars(mine).one() > MOST:
        raise Conflict(f"there are {MOST} guides already", hint="take one away first")
    return saved
