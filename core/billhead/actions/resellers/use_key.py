"""Who asks with a reseller's key: the Context in which its program acts, as the reseller itself would."""

from sqlalchemy import select

from billhead.actions.accounts._tokens import hash_of
from billhead.actions.api_keys import note_use, unknown_key
from billhead.actions.resellers._joining import TIERS
from billhead.db import Tx
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import NotAllowed
from billhead.models.people import Reseller, User
from billhead.models.resellers import ResellerKey

__all__ = ["use_key"]


def use_key(tx: Tx, key: str) -> Context:
    """Notes when it was used last, to the minute. Raises NotAllowed: `unknown_key` for one that is not, or not any
    more, `login_disabled` as long as whoever made it, or everybody of its reseller, may not sign in. What a suspended
    reseller may not do, the actions refuse."""
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
    _refuse_disabled(tx, found)
    note_use(found)
    return Context(f"reseller_key:{found.id}", Role(reseller.tier), Scope(reseller_id=reseller.id))


def _refuse_disabled(tx: Tx, key: ResellerKey) -> None:
    """A key is in the hands of who made it: what shuts their login shuts it too, until that is opened again."""
    role, _, number = key.created_by.partition(":")
    made_by = int(number) if role in TIERS and number.isdigit() else 0
    logins = tx.session.scalars(select(User).where(User.reseller_id == key.reseller_id).order_by(User.id)).all()
    shut = [one for one in logins if one.disabled]
    stops = next((one for one in shut if one.id == made_by), shut[0] if shut and len(shut) == len(logins) else None)
    if stops is not None:
        raise NotAllowed(
            "the login that this key belongs to is disabled", code="login_disabled", hint=stops.disabled_because
        )
