"""What becomes of paid days without service when a subscription is canceled."""

from billhead.db import Tx
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription

__all__ = ["money_rule"]


def money_rule(tx: Tx, subscription: Subscription, money: str = "") -> str:
    """One of cancel's `MONEY`: what is given, or else the plan's rule."""
    return money or str(tx.session.get_one(Plan, subscription.plan_id).details.get("cancel_money") or "nothing")
