"""A key with which a reseller's own program acts for it: shown once, kept as its hash."""

from billhead.actions.api_keys import KeyCreated, check_room, key_name, made_key
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.models.resellers import ResellerKey

__all__ = ["create_key"]


def create_key(tx: Tx, reseller_id: int, name: str) -> KeyCreated:
    """No idempotency key answers this twice: a key is shown once. Raises NotFound, NotAllowed, InvalidInput (no name)
    or Conflict (too many keys)."""
    (reseller,) = lock_resellers(tx, reseller_id)
    row = ResellerKey(reseller_id=reseller.id, name=key_name(name), created_by=tx.ctx.actor)
    check_room(tx.session, ResellerKey, ResellerKey.reseller_id == reseller.id)
    made = made_key(tx.session, row, "bhr")
    audit(tx, "resellers.create_key", f"reseller:{reseller.id}", {"reseller_key_id": made.key_id, "hint": made.hint})
    return made
