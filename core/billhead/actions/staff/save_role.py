"""Write down what a role may do. It holds at once, for everybody who has it."""

import re
from collections.abc import Iterable

from sqlalchemy import select

from billhead.actions.staff._standing import ALL, check_gives, check_owner_left, role_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.sign_in import StaffRole

__all__ = ["save_role"]

_PERMISSION = re.compile(r"[a-z_]+\.[a-z_]+")


@verb("staff.save_role", permission="staff.write")
def save_role(tx: Tx, role_id: int | None, name: str, about: str, permissions: Iterable[str]) -> None:
    """Raises InvalidInput (`name`, `permissions`), Conflict for the owners' role, NotAllowed for what one may not
    give, or takes from a role that may more than oneself."""
    wanted, name = sorted(set(permissions)), " ".join(name.split())
    if not 1 <= len(name) <= 60:
        raise InvalidInput("name", "call the role something short, like support")
    unknown = [one for one in wanted if not _PERMISSION.fullmatch(one)]
    if unknown:
        raise InvalidInput("permissions", f"{unknown[0]!r} is no permission")
    taken = tx.session.scalar(select(StaffRole.id).where(StaffRole.name == name, StaffRole.id != (role_id or 0)))
    if taken is not None:
        raise InvalidInput("name", f"there is a role {name} already")
    check_gives(tx.ctx, wanted)
    role = role_of(tx, role_id) if role_id is not None else StaffRole(permissions=[])
    if ALL in role.permissions:
        raise Conflict("The role of the owners may do everything, and stays as it is.")
    before = list(role.permissions)
    role.name, role.about, role.permissions = name, about.strip()[:200], wanted
    tx.session.add(role)
    check_owner_left(tx)
    gone, new = sorted(set(before) - set(wanted)), sorted(set(wanted) - set(before))
    note(tx, f"role:{role.id}", name=name, given=new, taken=gone)
