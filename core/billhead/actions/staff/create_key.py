"""A key with which a program acts for somebody of staff: shown once, kept as its hash."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, or_, select

from billhead import clock
from billhead.actions.accounts._tokens import hash_of
from billhead.actions.staff._standing import check_gives
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.models.people import User
from billhead.models.sign_in import StaffKey

__all__ = ["StaffKeyCreated", "create_key"]

_MOST = 20


@dataclass(frozen=True, slots=True)
class StaffKeyCreated:
    """`key` is not stored anywhere: whoever asked writes it down now."""

    staff_key_id: int
    hint: str
    key: str = field(repr=False)


def create_key(tx: Tx, name: str, permissions: Iterable[str], ends_on: date | None = None) -> StaffKeyCreated:
    """For who acts, with no more than they may do themselves; `ends_on` is its first day without use. Reading needs
    none of the permissions. No idempotency key answers this twice: a key is shown once.

    Raises NotAllowed, InvalidInput (`name`, `ends_on`) or Conflict (too many keys).
    """
    user = tx.session.get(User, tx.ctx.user_id or 0, with_for_update=True)
    if user is None or tx.ctx.role is not Role.STAFF:
        raise NotAllowed(f"{tx.ctx.actor} is nobody of staff: a key acts for somebody")
    if not tx.ctx.may("keys.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not make keys: it needs keys.write")
    name, wanted = " ".join(name.split()), sorted(set(permissions))
    if not 1 <= len(name) <= 60:
        raise InvalidInput("name", "say what it is for, in up to 60 letters")
    if ends_on is not None and ends_on <= clock.now().date():
        raise InvalidInput("ends_on", "choose a day that is still to come")
    check_gives(tx.ctx, wanted)
    goes_on = or_(StaffKey.ends_on.is_(None), StaffKey.ends_on > clock.now().date())
    live = select(func.count()).where(StaffKey.user_id == user.id, StaffKey.revoked_at.is_(None), goes_on)
    if int(tx.session.scalar(live) or 0) >= _MOST:
        raise Conflict(f"there are {_MOST} keys already", hint="revoke one that is not used any more")
    key = f"bhs_{secrets.token_urlsafe(32)}"
    row = StaffKey(
        user_id=user.id,
        name=name,
        hint=key[:9],
        key_hash=hash_of(key),
        permissions=wanted,
        created_at=clock.now(),
        ends_on=ends_on,
    )
    tx.session.add(row)
    tx.session.flush()
    audit(tx, "staff.create_key", f"staff_key:{row.id}", {"hint": row.hint, "name": name, "permissions": wanted})
    return StaffKeyCreated(row.id, row.hint, key)
