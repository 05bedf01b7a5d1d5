"""The picture of a shop, on its pages and documents."""

from billhead.actions.sellers.set_logo import set_logo
from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["set_shop_logo"]


@verb("shops.set_logo")
def set_shop_logo(tx: Tx, reseller_id: int, data: bytes) -> None:
    """PNG or JPEG; no bytes take it away. Raises NotFound, NotAllowed or InvalidInput."""
    own = lock_shop(tx, reseller_id)
    set_logo(as_operator(tx, "sellers.write"), own.seller.id, data)
