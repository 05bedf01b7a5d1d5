"""Which plans a shop does not sell (any more), though it may and has prices for them. Who has them keeps them."""

from collections.abc import Sequence

from billhead.actions.shops._own import lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["leave_out"]

_MOST = 1000


@verb("shops.leave_out")
def leave_out(tx: Tx, reseller_id: int, plans: Sequence[str]) -> None:
    """Codes of plans; those that are not named are sold, if they have a price. Raises NotFound or NotAllowed."""
    own = lock_shop(tx, reseller_id)
    own.shop.left_out = sorted({code[:80] for code in plans})[:_MOST]
