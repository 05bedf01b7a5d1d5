"""A family login ends. Its row stays, since the trail names it; what opens it, and the devices that it knew, go."""

from sqlalchemy import delete

from billhead.actions.accounts._ways_in import forget_ways_in
from billhead.actions.family._rows import own_member
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.sign_in import LinkedIdentity

__all__ = ["remove_member"]


@verb("family.remove")
def remove_member(tx: Tx, user_id: int) -> None:
    """Raises NotFound."""
    user = own_member(tx, user_id)
    user.disabled, user.permissions = True, []
    forget_ways_in(tx, user)
    tx.session.execute(delete(LinkedIdentity).where(LinkedIdentity.user_id == user_id))
    note(tx, f"customer:{user.customer_id}", email=user.email)
