"""Who asks with a reseller's key: the Context in which its program acts, as the reseller itself would."""

from sqlalchemy import select

from billhead.actions.accounts._tokens import hash_of
from billhead.actions.api_keys import note_use, unknown_key
from billhead.db import Tx
from billhead.domain.context import Context, Role, Scope
from billhead.models.people import Reseller
from billhead.models.resellers import ResellerKey

__all__ = ["use_key"]


def use_key(tx: Tx, key: str) -> Context:
    """Notes when it was used last, to the minute. Raises NotAllowed (`unknown_key`) for one that is not, or not any
    more; what a suspended reseller may not do, the actions refuse."""
    row = tx.session.execute(
        select(ResellerKey, Reseller)
        .join(Reseller, Reseller.id == ResellerKey.reseller_id)
        .where(
            ResellerKey.key_hash == hash_of(key),
            ResellerKey.revoked_at.is_(None),
            Reseller.removed_on.is_(None),
        )
    ).first()
    if row is None:
        raise unknown_key()
    found, reseller = row
    note_use(found)
    return Context(f"reseller_key:{found.id}", Role(reseller.tier), Scope(reseller_id=reseller.id))
