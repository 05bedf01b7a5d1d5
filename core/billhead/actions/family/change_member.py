"""A family login may do other things from now on."""

from collections.abc import Iterable

from billhead.actions.family._rows import checked_rights, own_member
from billhead.actions.verb import note, verb
from billhead.db import Tx

__all__ = ["change_member"]


@verb("family.change")
def change_member(tx: Tx, user_id: int, rights: Iterable[str]) -> None:
    """It holds at their next click. Raises NotFound, InvalidInput (`rights`)."""
    user, wanted = own_member(tx, user_id), checked_rights(rights)
    user.permissions = wanted
    note(tx, f"customer:{user.customer_id}", email=user.email, rights=wanted)
