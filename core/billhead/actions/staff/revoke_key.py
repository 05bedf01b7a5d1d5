"""End a key of somebody of staff, at once."""

from billhead import clock
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.sign_in import StaffKey

__all__ = ["revoke_key"]


@verb("staff.revoke_key", permission="keys.write")
def revoke_key(tx: Tx, key_id: int) -> None:
    """One's own, or with `staff.write` anybody's. Raises NotFound, also for what one may not revoke, or Conflict (it is
    revoked)."""
    row = tx.session.get(StaffKey, key_id, with_for_update=True)
    if row is None or not (row.user_id == tx.ctx.user_id or tx.ctx.may("staff.write")):
        raise NotFound("key", key_id)
    if row.revoked_at is not None:
        raise Conflict("this key is revoked already")
    row.revoked_at = clock.now()
    note(tx, f"staff_key:{row.id}", name=row.name, hint=row.hint)
