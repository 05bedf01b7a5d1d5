"""A login is nobody at its provider any more: its next sign-in from there links it anew, and is told."""

from billhead.actions.accounts._telling import tell_change
from billhead.actions.sign_in._second_step import acting_user
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.sign_in import LinkedIdentity

__all__ = ["unlink_identity"]


@verb("sign_in.unlink_identity")
def unlink_identity(tx: Tx, link_id: int) -> None:
    """Raises NotFound."""
    user = acting_user(tx)
    row = tx.session.get(LinkedIdentity, link_id)
    if row is None or row.user_id != user.id:
        raise NotFound("link to a provider", link_id)
    tx.session.delete(row)
    note(tx, f"user:{user.id}", issuer=row.issuer)
    tell_change(tx, user, "sso_unlinked")
