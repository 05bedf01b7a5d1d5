"""Somebody new works here: a login under a role, and a mailed link by which they set their password."""

from billhead.actions.accounts._links import INVITATION_LASTS, mail_link
from billhead.actions.accounts._new_login import new_login
from billhead.actions.accounts.create_login import Login
from billhead.actions.staff._standing import role_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Role

__all__ = ["invite_staff"]


@verb("staff.invite", permission="staff.write")
def invite_staff(tx: Tx, seller_id: int, email: str, role_id: int) -> Login:
    """Raises InvalidInput (`email`), NotFound, NotAllowed for a role that may more than oneself."""
    role = role_of(tx, role_id)
    user = new_login(tx, seller_id, email, Role.STAFF.value, permissions=[], staff_role_id=role.id)
    mail_link(tx, user, "invited", INVITATION_LASTS)
    note(tx, f"user:{user.id}", email=user.email, role=role.name)
    return Login(user.id)
