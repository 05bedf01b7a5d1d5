"""Give somebody a login: staff with permissions, a reseller, or a customer who has none yet."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.accounts._new_login import new_login
from billhead.actions.staff._standing import check_gives
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import InvalidInput
from billhead.models.people import Customer

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
    """A reseller's login is also the login of the customer that pays for it, where no other is named. Nobody gives
    permissions that they do not have. Without a `password_hash` (see `hash_password`) the person sets
    one by a mailed link. Raises InvalidInput, NotAllowed."""
    if role not in _ROLES:
        raise InvalidInput("role", f"{role!r} is not a role; there are: {', '.join(_ROLES)}")
    permissions = sorted(permissions)
    check_gives(tx.ctx, permissions)
    if customer_id is None and reseller_id is not None:
        customer_id = tx.session.scalar(select(Customer.id).where(Customer.buys_for_reseller_id == reseller_id))
    user = new_login(
        tx,
        seller_id,
        email,
        role,
        password_hash=password_hash,
        permissions=permissions,
        customer_id=customer_id,
        reseller_id=reseller_id,
    )
    return Login(user.id)
