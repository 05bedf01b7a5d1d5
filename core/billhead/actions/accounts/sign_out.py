"""Sign out: the session row goes, so a copied cookie is worth nothing."""

from sqlalchemy import delete

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.people import UserSession

__all__ = ["sign_out"]


@verb("accounts.sign_out")
def sign_out(tx: Tx, session_id: int | None = None, *, keep: int | None = None) -> None:
    """End one session of the acting user, all of them, or all but the one to `keep`."""
    ended = delete(UserSession).where(UserSession.user_id == tx.ctx.user_id)
    if session_id is not None:
        ended = ended.where(UserSession.id == session_id)
    if keep is not None:
        ended = ended.where(UserSession.id != keep)
    tx.session.execute(ended)
