"""The link that was mailed to a new address is followed: the login has it from now on."""

from sqlalchemy.orm import Session

from billhead.actions.accounts._put_email import put_email
from billhead.actions.accounts._tokens import NEW_EMAIL, link_ended, mailed_link
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.people import User

__all__ = ["confirm_new_email", "preview_confirm_new_email"]


def preview_confirm_new_email(session: Session, token: str) -> str:
    """Which address it is. Raises Conflict as `confirm_new_email` does."""
    return mailed_link(session, token, NEW_EMAIL).email


@verb("accounts.confirm_new_email")
def confirm_new_email(tx: Tx, token: str) -> None:
    """Whoever holds the link may. Raises Conflict (`link_ended`: it was used, is too old, or a password was set
    meanwhile), or InvalidInput (`email`) where another login has got the address."""
    row = mailed_link(tx.session, token, NEW_EMAIL, lock=True)
    user = tx.session.get_one(User, row.user_id, with_for_update=True)
    if user.disabled:
        raise link_ended()
    before, email = user.email, row.email
    put_email(tx, user, email, "email_changed")
    note(tx, f"user:{user.id}", **{"from": before, "to": email})
