"""What a trial costs in a shop. How long it is, and what it takes in credits, the operator says."""

from billhead.actions.shops._prices import ShopPriceSet, check_amount, priced_in_shop, put_price
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.money import Money

__all__ = ["ShopPriceSet", "set_shop_trial"]


@verb("shops.set_trial")
def set_shop_trial(tx: Tx, reseller_id: int, plan_code: str, term: str, amount: Money | None) -> ShopPriceSet:
    """From now on, for new orders; None: it can't be tried in this shop. Raises NotFound (not sold by it for that
    term), NotAllowed, Conflict (it is not for sale yet, or can't be tried) or InvalidInput (another currency, below the
    operator's floor)."""
    own, row = priced_in_shop(tx, reseller_id, plan_code, term)
    if row.asked is None:
        raise Conflict(f"{row.plan.name} is not for sale for {row.term} yet", hint="say first what that costs")
    if row.trial is None:
        raise Conflict(f"the operator gives no trial of {row.plan.name} for credits")
    if amount is not None:
        check_amount(tx, own, amount, row.trial.least)
    return put_price(tx, own, row._replace(trial=row.trial._replace(asked=amount)))
