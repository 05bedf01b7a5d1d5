"""A member of staff says how often it is told of what."""

from collections.abc import Mapping

from billhead.actions.notifications._often import OF_STAFF, checked
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import NotFound
from billhead.models.people import User

__all__ = ["choose_own_notices"]


@verb("notifications.choose_own")
def choose_own_notices(tx: Tx, often: Mapping[str, str]) -> None:
    """Of whoever acts. Raises InvalidInput for a kind that can't be told like that."""
    user = tx.session.get(User, tx.ctx.user_id, with_for_update=True) if tx.ctx.role is Role.STAFF else None
    if user is None:
        raise NotFound("member of staff", tx.ctx.actor)
    user.often = checked(often, OF_STAFF)
    note(tx, f"user:{user.id}", often=user.often)
