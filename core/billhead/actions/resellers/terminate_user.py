"""A reseller ends a subscriber's subscription at once; unused credits go back where its rights say so."""

from dataclasses import dataclass

from billhead.actions.resellers._coming_back import lock_payers
from billhead.actions.resellers._holds import return_unused
from billhead.actions.resellers._rights import effective_rights
from billhead.actions.resellers._unused import gives_back, unused
from billhead.actions.resellers._users import paid_with_credits, with_payer
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotAllowed

__all__ = ["UserTerminated", "preview_terminate_user", "terminate_user"]


@dataclass(frozen=True, slots=True)
class UserTerminated:
    """`returned_minor` credits, in hundredths, went back. What is still held goes back when the line is proven gone."""

    subscription_id: int
    returned_minor: int


def preview_terminate_user(tx: Tx, subscription_id: int) -> UserTerminated:
    """What `terminate_user` would do, without doing it."""
    lock_payers(tx, paid_with_credits(tx, subscription_id))  # what comes back may be an earlier payer's
    subscription, reseller = with_payer(tx, subscription_id)
    rights = effective_rights(tx.session, reseller.id)
    if not (tx.ctx.scope.everything or rights.terminate):
        raise NotAllowed(f"{reseller.name} may not terminate: it can let the subscription run out")
    back = unused(tx, subscription) if gives_back(tx, rights, subscription) else []
    return UserTerminated(subscription_id, sum(part.minor for _, part in back))


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
