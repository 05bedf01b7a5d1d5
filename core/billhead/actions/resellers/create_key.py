"""A key with which a reseller's own program acts for it: shown once, kept as its hash."""

import hashlib
import secrets
from dataclasses import dataclass, field

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.resellers import ResellerKey

__all__ = ["KeyCreated", "create_key"]

_MOST = 20


@dataclass(frozen=True, slots=True)
class KeyCreated:
    """`key` is not stored anywhere: whoever asked writes it down now."""

    reseller_key_id: int
    hint: str
    key: str = field(repr=False)


def create_key(tx: Tx, reseller_id: int, name: str) -> KeyCreated:
    """No idempotency key answers this twice: a key is shown once. Raises NotFound, NotAllowed, InvalidInput (no name)
    or Conflict (too many keys)."""
    (reseller,) = lock_resellers(tx, reseller_id)
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60:
        raise InvalidInput("name", "say what it is for, in up to 60 letters")
    live = select(func.count()).where(ResellerKey.reseller_id == reseller.id, ResellerKey.revoked_at.is_(None))
    if int(tx.session.scalar(live) or 0) >= _MOST:
        raise Conflict(f"there are {_MOST} keys already", hint="revoke one that is not used any more")
    key = f"bhr_{secrets.token_urlsafe(32)}"
    row = ResellerKey(
        reseller_id=reseller.id,
        name=name,
        hint=key[:9],
        key_hash=hashlib.sha256(key.encode()).hexdigest(),
        created_by=tx.ctx.actor,
        created_at=clock.now(),
    )
    tx.session.add(row)
    tx.session.flush()
    audit(tx, "resellers.create_key", f"reseller:{reseller.id}", {"reseller_key_id": row.id, "hint": row.hint})
    return KeyCreated(row.id, row.hint, key)
