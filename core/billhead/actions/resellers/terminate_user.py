"""A reseller ends a subscriber's subscription at once; unused credits go back where its rights say so."""

from billhead.actions.resellers._end_plans import UserTerminated, planned_ends
from billhead.actions.resellers._holds import return_unused
from billhead.actions.resellers._unused import unused
from billhead.actions.resellers._users import of_one, paid_with_credits
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["UserTerminated", "preview_terminate_user", "terminate_user"]


def preview_terminate_user(tx: Tx, subscription_id: int) -> UserTerminated:
    """What `terminate_user` would do, without doing it."""
    return of_one(planned_ends(tx, [subscription_id]), subscription_id)


@verb("resellers.terminate_user")
def terminate_user(tx: Tx, subscription_id: int) -> UserTerminated:
    """Needs the right `terminate`. With the right `refund_unused`, each term gives back credits × unused days ÷ days,
    rounded down; a day that has begun is used, and trials give nothing back. `refund_only_unwatched`: only where
    nothing was ever watched on its lines, as far as their panels have told.

    Raises NotFound, NotAllowed or Conflict (it has ended already, or is not paid with credits).
    """
    planned = preview_terminate_user(tx, subscription_id)
    back = unused(tx, paid_with_credits(tx, subscription_id)) if planned.returned_minor else []
    cancel(tx, subscription_id, "immediate")
    for held, part in back:
        return_unused(tx, held, part)
    return planned
