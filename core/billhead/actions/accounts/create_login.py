"""Give somebody a login: staff with permissions, a reseller, or a customer who has none yet."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.accounts._passwords import checked_email
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import InvalidInput
from billhead.models.people import User

__all__ = ["Login", "create_login"]

_ROLES = tuple(role.value for role in Role if role not in (Role.SYSTEM, Role.VISITOR))


@dataclass(frozen=True, slots=True)
class Login:
    user_id: int


@verb("accounts.create_login", permission="users.write")
def create_login(
    tx: Tx,
    seller_id: int,
    email: str,
    role: str,
    *,
    password_hash: str = "",
    permissions: Iterable[str] = (),
    customer_id: int | None = None,
    reseller_id: int | None = None,
) -> Login:
    """Without a `password_hash` (see `hash_password`) the person sets one by a mailed link. Raises InvalidInput."""
    if role not in _ROLES:
        raise InvalidInput("role", f"{role!r} is not a role; there are: {', '.join(_ROLES)}")
    email = checked_email(email)
    if tx.session.scalar(select(User.id).where(User.seller_id == seller_id, User.email == email)) is not None:
        raise InvalidInput("email", f"{email} has a login at this seller already")
    user = User(
        seller_id=seller_id,
        email=email,
        password_hash=password_hash,
        role=role,
        permissions=sorted(permissions),
        customer_id=customer_id,
        reseller_id=reseller_id,
        created_at=clock.now(),
    )
    tx.session.add(user)
    tx.session.flush()
    return Login(user.id)
