"""The app for codes is asked for no more."""

from billhead.actions.sign_in._second_step import acting_user, after_removal
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.sign_in import CodeApp

__all__ = ["remove_code_app"]


@verb("sign_in.remove_code_app")
def remove_code_app(tx: Tx) -> None:
    """Also one that is not confirmed yet, of which nobody is told. Raises NotAllowed where staff must keep it."""
    user = acting_user(tx)
    row = tx.session.get(CodeApp, user.id)
    if row is None:
        return
    confirmed = row.confirmed_at is not None
    tx.session.delete(row)
    tx.session.flush()
    if confirmed:
        note(tx, f"user:{user.id}")
        after_removal(tx, user, "app_removed")
