"""The link that was mailed to a new address is followed: the login has it from now on."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.accounts._put_email import put_email
from billhead.actions.accounts._tokens import NEW_EMAIL, hash_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.people import OneTimeToken, User

__all__ = ["confirm_new_email", "preview_confirm_new_email"]


def preview_confirm_new_email(session: Session, token: str) -> str:
    """Which address it is. Raises Conflict as `confirm_new_email` does."""
    return _link(session, token).email


@verb("accounts.confirm_new_email")
def confirm_new_email(tx: Tx, token: str) -> None:
    """Whoever holds the link may. Raises Conflict (`link_ended`: it was used, is too old, or a password was set
    meanwhile), or InvalidInput (`email`) where another login has got the address."""
    row = _link(tx.session, token, lock=True)
    user = tx.session.get_one(User, row.user_id, with_for_update=True)
    if user.disabled:
        raise _ended()
    before, email = user.email, row.email
    put_email(tx, user, email, "email_changed")
    note(tx, f"user:{user.id}", **{"from": before, "to": email})


def _link(session: Session, token: str, *, lock: bool = False) -> OneTimeToken:
    wanted = OneTimeToken.token_hash == hash_of(token), OneTimeToken.purpose == NEW_EMAIL
    found = select(OneTimeToken).where(*wanted)
    row = session.scalar(found.with_for_update() if lock else found)
    if row is None or row.expires_at <= clock.now():
        raise _ended()
    return row


def _ended() -> Conflict:
    return Conflict("This link was used already or is too old.", code="link_ended", hint="ask for a new one")
