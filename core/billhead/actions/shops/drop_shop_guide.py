"""A shop's own set-up guide is taken away; where the house has one of that code and language, it is shown again."""

from billhead.actions.access.drop_guide import GuideDropped, drop_guide
from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.access import SetupGuide

__all__ = ["drop_shop_guide"]


@verb("shops.drop_guide")
def drop_shop_guide(tx: Tx, reseller_id: int, guide_id: int) -> GuideDropped:
    """Raises NotFound (also for another seller's guide) and NotAllowed."""
    own = lock_shop(tx, reseller_id)
    row = tx.session.get(SetupGuide, guide_id)
    if row is None or row.seller_id != own.seller.id:
        raise NotFound("guide", guide_id)
    return drop_guide(as_operator(tx, "catalogue.write"), guide_id)
