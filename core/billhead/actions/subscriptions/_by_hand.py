"""What its customer renews by paying an offer: the billing run charges nobody for it."""

from billhead.domain.subscription import RUNNING, State
from billhead.models.subscriptions import Subscription

__all__ = ["renewed_by_hand"]

_GOES_ON = frozenset(RUNNING | {State.EXPIRED})


def renewed_by_hand(subscription: Subscription) -> bool:
    """It runs, or has run out and comes back when it is paid; no calendar, card or reseller's credits renew it."""
    one = subscription
    by_hand = (one.settlement, one.collection, one.timing) == ("invoice", "manual", "advance")
    return by_hand and one.state in _GOES_ON
