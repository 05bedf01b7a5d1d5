"""What whoever pays for a subscription has left after it: the reseller itself, or one below it."""

from billhead.actions.resellers._seen import figures_of
from billhead.db import Tx
from billhead.models.people import Reseller
from billhead.models.subscriptions import Subscription
from billhead.web.formatting import from_to
from billhead.web.reseller.area import in_credits, own_id
from billhead.web.speaking import say

__all__ = ["left_after"]


def left_after(tx: Tx, subscription: Subscription, minor: int) -> list[tuple[str, str]]:
    """As figures of a question: the balance now and afterwards, of the payer by name where that is another."""
    payer = subscription.payer_reseller_id
    if payer is None:
        return []
    now = figures_of(tx.session, [payer])[payer].balance_minor
    mine = payer == own_id()
    what = say("Balance") if mine else say("Balance of %(name)s", name=tx.session.get_one(Reseller, payer).name)
    return [(what, from_to(in_credits(now), in_credits(now - minor)))]
