"""What a shop asks for a plan and a term."""

from billhead.actions.shops._prices import ShopPriceSet, check_amount, priced_in_shop, put_price
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.money import Money

__all__ = ["ShopPriceSet", "set_shop_price"]


@verb("shops.set_price")
def set_shop_price(tx: Tx, reseller_id: int, plan_code: str, term: str, amount: Money) -> ShopPriceSet:
    """From now on, for new orders; who has ordered keeps the price. Raises NotFound (not sold by it for that term),
    NotAllowed, or InvalidInput (another currency, below the operator's floor)."""
    own, row = priced_in_shop(tx, reseller_id, plan_code, term)
    check_amount(tx, own, amount, row.least)
    if row.price_id is not None and row.asked == amount:
        return ShopPriceSet(row.price_id, amount.minor)
    return put_price(tx, own, row._replace(asked=amount))
