"""A reseller keeps a user whose subscription somebody else has canceled to a day that is still to come."""

from billhead.actions.resellers._users import with_payer
from billhead.actions.subscriptions.keep import keep
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["keep_user"]


@verb("resellers.keep_user")
def keep_user(tx: Tx, subscription_id: int) -> None:
    """It runs to its end and can be renewed again; nothing is taken for it. Raises NotFound, NotAllowed (suspended) or
    Conflict (not paid with credits, it has ended, nothing was canceled)."""
    with_payer(tx, subscription_id)
    keep(tx, subscription_id)
