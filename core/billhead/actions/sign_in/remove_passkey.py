"""A passkey opens nothing any more."""

from billhead.actions.sign_in._second_step import acting_user, after_removal
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.sign_in import Passkey

__all__ = ["remove_passkey"]


@verb("sign_in.remove_passkey")
def remove_passkey(tx: Tx, passkey_id: int) -> None:
    """Raises NotFound, and NotAllowed where staff must keep a second step."""
    user = acting_user(tx)
    row = tx.session.get(Passkey, passkey_id)
    if row is None or row.user_id != user.id:
        raise NotFound("passkey", passkey_id)
    tx.session.delete(row)
    tx.session.flush()
    note(tx, f"user:{user.id}", passkey=row.name)
    after_removal(tx, user, "passkey_removed")
