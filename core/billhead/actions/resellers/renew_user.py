"""A reseller renews a subscriber: credits are held, the lines run longer, and the panel's answer decides on both."""

from billhead.actions.resellers._changed_parts import put_parts
from billhead.actions.resellers._holds import hold_and_extend
from billhead.actions.resellers._renewal_plans import UserRenewed, planned_renewal, renewed
from billhead.actions.resellers._renewing_alone import tried
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.people import Customer
from billhead.models.resellers import CreditRenewal

__all__ = ["UserRenewed", "preview_renew_user", "renew_user"]


def preview_renew_user(tx: Tx, subscription_id: int, term: str = "") -> UserRenewed:
    """What `renew_user` would cost and until when it would run. Raises what it raises, but for too few credits."""
    return renewed(planned_renewal(tx, subscription_id, term))


@verb("resellers.renew_user")
def renew_user(tx: Tx, subscription_id: int, term: str = "") -> UserRenewed:
    """Add one term to a subscription that is paid with credits: from its end, or from today if that has passed.

    A trial becomes the plan. The price is that of the day when it was ordered, or the version of it that holds for
    existing subscriptions. Another `term` than it has costs what that term costs now, and stays for the renewals after
    it; what was paid before runs to its end. If the panel can't do it, the credits and the dates go back, and the term.
    Raises NotFound, NotAllowed (suspended, not a reseller's matter), InvalidInput (no price for that term) or Conflict
    (it has ended or is suspended, too few credits, or the purchase before is not settled yet).
    """
    planned = planned_renewal(tx, subscription_id, term)
    subscription, bought = planned.subscription, planned.bought
    subscription.zone = tx.session.get_one(Customer, subscription.customer_id).zone
    held = hold_and_extend(tx, planned.reseller, subscription, bought)
    if planned.parts is not None:
        before = put_parts(tx, subscription, planned.parts, planned.term, bought.period.start)
        held.details = {**held.details, "parts": before}
    if alone := tx.session.get(CreditRenewal, subscription_id):
        tried(alone)  # whoever has renewed it: what kept it from being renewed by itself is over
    return renewed(planned)
