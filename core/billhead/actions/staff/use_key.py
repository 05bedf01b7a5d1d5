"""Who asks with a key of staff: the Context in which its program acts, with what key and owner both may do."""

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.accounts._tokens import hash_of
from billhead.actions.api_keys import note_use, unknown_key
from billhead.actions.staff._standing import permissions_of
from billhead.db import Tx
from billhead.domain.context import Context, Role, Scope
from billhead.models.people import User
from billhead.models.sign_in import StaffKey

__all__ = ["use_key"]


def use_key(tx: Tx, key: str) -> Context:
    """Notes when it was used last, to the minute. Raises NotAllowed (`unknown_key`) for one that is not, or not any
    more, and for one of somebody who may not come any more."""
    now = clock.now()
    row = tx.session.execute(
        select(StaffKey, User)
        .join(User, User.id == StaffKey.user_id)
        .where(
            StaffKey.key_hash == hash_of(key),
            StaffKey.revoked_at.is_(None),
            or_(StaffKey.ends_on.is_(None), StaffKey.ends_on > now.date()),
            User.role == Role.STAFF.value,
            User.disabled.is_(False),
        )
    ).first()
    if row is None:
        raise unknown_key()
    found, user = row
    note_use(found)
    has = permissions_of(tx.session, user)
    given = frozenset(one for one in found.permissions if "*" in has or one in has)
    return Context(f"staff_key:{found.id}", Role.STAFF, Scope(everything=True), given, user_id=user.id)
