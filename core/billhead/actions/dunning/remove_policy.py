"""Remove a policy: what it was for follows the next wider one, or the defaults of the house."""

from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import NotAllowed, NotFound
from billhead.models.dunning import DunningPolicy

__all__ = ["remove_policy"]


def remove_policy(tx: Tx, policy_id: int) -> None:
    """What was done by it stays done."""
    if not tx.ctx.may("dunning.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not change dunning: it needs dunning.write")
    row = tx.session.get(DunningPolicy, policy_id, with_for_update=True)
    if row is None:
        raise NotFound("dunning policy", policy_id)
    audit(tx, "dunning.remove_policy", f"dunning_policy:{row.id}", {"name": row.name, "stages": row.stages})
    tx.session.delete(row)
