"""A key with which a program acts for somebody of staff: shown once, kept as its hash."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import or_

from billhead import clock
from billhead.actions.api_keys import KeyCreated, check_room, key_name, made_key
from billhead.actions.staff._standing import check_gives
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.models.people import User
from billhead.models.sign_in import StaffKey

__all__ = ["create_key"]


def create_key(tx: Tx, name: str, permissions: Iterable[str], ends_on: date | None = None) -> KeyCreated:
    """For who acts, with no more than they may do themselves; `ends_on` is its first day without use. Reading needs
    none of the permissions. No idempotency key answers this twice: a key is shown once.

    Raises NotAllowed, InvalidInput (`name`, `ends_on`) or Conflict (too many keys).
    """
    user = tx.session.get(User, tx.ctx.user_id or 0, with_for_update=True)
    if user is None or tx.ctx.role is not Role.STAFF:
        raise NotAllowed(f"{tx.ctx.actor} is nobody of staff: a key acts for somebody")
    if not tx.ctx.may("keys.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not make keys: it needs keys.write")
    name, wanted, today = key_name(name), sorted(set(permissions)), clock.now().date()
    if ends_on is not None and ends_on <= today:
        raise InvalidInput("ends_on", "choose a day that is still to come")
    check_gives(tx.ctx, wanted)
    goes_on = or_(StaffKey.ends_on.is_(None), StaffKey.ends_on > today)
    check_room(tx.session, StaffKey, StaffKey.user_id == user.id, goes_on)
    made = made_key(tx.session, StaffKey(user_id=user.id, name=name, permissions=wanted, ends_on=ends_on), "bhs")
    audit(tx, "staff.create_key", f"staff_key:{made.key_id}", {"hint": made.hint, "name": name, "permissions": wanted})
    return made
