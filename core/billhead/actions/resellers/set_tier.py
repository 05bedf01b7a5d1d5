"""A reseller becomes a super-reseller, or the other way round."""

from sqlalchemy import select, update

from billhead.actions.resellers._joining import TIERS
from billhead.actions.resellers._tree import lock_below
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.models.people import Reseller, User

__all__ = ["set_tier"]


@verb("resellers.set_tier", permission="resellers.write")
def set_tier(tx: Tx, reseller_id: int, tier: str) -> None:
    """Its logins have the new area at their next click, and its price list is its new tier's from the next order on.

    Raises NotFound, NotAllowed (no staff), InvalidInput (`tier`) or Conflict: it is that already, or others stand below
    it, who need a super-reseller above them.
    """
    if not tx.ctx.scope.everything:
        raise NotAllowed("only the operator changes the tier of a reseller")
    if tier not in TIERS:
        raise InvalidInput("tier", f"{tier!r} is not one of {', '.join(TIERS)}")
    reseller = lock_below(tx, reseller_id)
    if reseller.tier == tier:
        raise Conflict(f"{reseller.name} is a {tier.replace('_', '-')} already")
    below = select(Reseller.id).where(Reseller.parent_id == reseller_id, Reseller.removed_on.is_(None)).limit(1)
    if tier == "reseller" and tx.session.scalar(below) is not None:
        raise Conflict(f"others stand below {reseller.name}")
    before, reseller.tier = reseller.tier, tier
    tx.session.execute(update(User).where(User.reseller_id == reseller_id).values(role=tier))
    note(tx, f"reseller:{reseller_id}", before=before, after=tier)
