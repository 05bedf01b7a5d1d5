"""How early a reseller's users are told that their time ends."""

from billhead.actions.notifications._mornings import MOST_DAYS
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput

__all__ = ["set_told_before"]


@verb("resellers.set_told_before")
def set_told_before(tx: Tx, reseller_id: int, days: int) -> None:
    """`days` before the end; 0: they are not told. Raises NotFound, NotAllowed (suspended) or InvalidInput."""
    if not 0 <= days <= MOST_DAYS:
        raise InvalidInput("told_before", f"must be from 0 to {MOST_DAYS}")
    (reseller,) = lock_resellers(tx, reseller_id)
    reseller.told_before = days
    note(tx, f"reseller:{reseller_id}", told_before=days)
