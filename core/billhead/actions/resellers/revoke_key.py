"""End a reseller's key to the API, at once."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.resellers import ResellerKey

__all__ = ["KeyRevoked", "revoke_key"]


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    reseller_id: int
    reseller_key_id: int


@verb("resellers.revoke_key")
def revoke_key(tx: Tx, reseller_id: int, key_id: int) -> KeyRevoked:
    """Raises NotFound, also for a key of somebody else's, NotAllowed, or Conflict (it is revoked)."""
    lock_resellers(tx, reseller_id)
    row = tx.session.get(ResellerKey, key_id, with_for_update=True)
    if row is None or row.reseller_id != reseller_id:
        raise NotFound("key", key_id)
    if row.revoked_at is not None:
        raise Conflict("this key is revoked already")
    row.revoked_at = clock.now()
    note(tx, f"reseller:{reseller_id}", key=row.name, begins=row.hint)
    return KeyRevoked(reseller_id, key_id)
