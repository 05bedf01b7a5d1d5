"""Who may change whom: nobody gives what they do not have, nor lays hands on who may more, and an owner stays."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.db import Tx
from billhead.domain.context import Context, Role
from billhead.domain.errors import Conflict, NotAllowed, NotFound
from billhead.models.people import User
from billhead.models.sign_in import StaffRole

__all__ = ["ALL", "check_gives", "check_owner_left", "permissions_of", "role_of", "staff_member"]

ALL = "*"


def permissions_of(session: Session, user: User) -> frozenset[str]:
    """What a login may: its own permissions and those of its role."""
    role = session.get(StaffRole, user.staff_role_id) if user.staff_role_id is not None else None
    return frozenset(user.permissions) | frozenset(role.permissions if role is not None else ())


def check_gives(ctx: Context, permissions: Iterable[str]) -> None:
    lacks = sorted(one for one in permissions if not ctx.may(one))
    if lacks:
        raise NotAllowed(f"{ctx.actor} can't give what it does not have: {', '.join(lacks)}")


def staff_member(tx: Tx, user_id: int) -> User:
    """Somebody of staff whom the acting one may change, locked with all others. Raises NotFound, NotAllowed."""
    everybody = select(User).where(User.role == Role.STAFF.value).order_by(User.id).with_for_update()
    user = next((one for one in tx.session.scalars(everybody) if one.id == user_id), None)
    if user is None:
        raise NotFound("member of staff", user_id)
    more = sorted(one for one in permissions_of(tx.session, user) if not tx.ctx.may(one))
    if more:
        raise NotAllowed(
            f"{user.email} may do what you may not ({', '.join(more)}).", hint="ask somebody with the same permissions"
        )
    return user


def role_of(tx: Tx, role_id: int) -> StaffRole:
    """A role that the acting one may give, locked: it neither grows nor goes meanwhile. Raises NotFound, NotAllowed."""
    role = tx.session.get(StaffRole, role_id, with_for_update=True)
    if role is None:
        raise NotFound("role", role_id)
    check_gives(tx.ctx, role.permissions)
    return role


def check_owner_left(tx: Tx) -> None:
    """Call it after the change: somebody must be left who may do everything."""
    tx.session.flush()
    here = tx.session.scalars(select(User).where(User.role == Role.STAFF.value, User.disabled.is_(False)))
    if not any(ALL in permissions_of(tx.session, one) for one in here):
        raise Conflict("This is the last owner.", hint="make somebody else an owner first")
