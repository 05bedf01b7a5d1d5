"""Who asks with a reseller's key: the Context in which its program acts, as the reseller itself would."""

import hashlib
from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.db import Tx
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import NotAllowed
from billhead.models.people import Reseller
from billhead.models.resellers import ResellerKey

__all__ = ["use_key"]

_NOTED_EVERY = timedelta(minutes=1)


def use_key(tx: Tx, key: str) -> Context:
    """Notes when it was used last, to the minute. Raises NotAllowed (`unknown_key`) for one that is not, or not any
    more; what a suspended reseller may not do, the actions refuse."""
    row = tx.session.execute(
        select(ResellerKey, Reseller)
        .join(Reseller, Reseller.id == ResellerKey.reseller_id)
        .where(
            ResellerKey.key_hash == hashlib.sha256(key.encode()).hexdigest(),
            ResellerKey.revoked_at.is_(None),
            Reseller.removed_on.is_(None),
        )
    ).first()
    if row is None:
        raise NotAllowed("this key is not known", code="unknown_key")
    found, reseller = row
    now = clock.now()
    if found.last_used_at is None or now - found.last_used_at >= _NOTED_EVERY:
        found.last_used_at = now
    return Context(f"reseller_key:{found.id}", Role(reseller.tier), Scope(reseller_id=reseller.id))
