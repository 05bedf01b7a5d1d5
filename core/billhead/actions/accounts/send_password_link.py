"""Mail a link with which a password is set: to who forgot theirs, and to whoever got a login without one."""

from datetime import timedelta

from billhead.actions.accounts._links import mail_link
from billhead.actions.accounts._tries import count_try
from billhead.actions.shops._face import logins_at
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.errors import NotAllowed
from billhead.models.people import User

__all__ = ["LINK_LASTS", "send_password_link"]

LINK_LASTS = timedelta(hours=24)
_AT_MOST = 5  # in a quarter of an hour: nobody's mailbox is filled from our page


@verb("accounts.send_password_link")
def send_password_link(tx: Tx, seller_id: int, email: str, kind: str = "password_link") -> None:
    """To each login of this e-mail address at the seller's. Says nothing about whether there is such an account, nor
    whether it was mailed too often."""
    for user in logins_at(tx.session, seller_id, email.strip().lower()):
        if not user.disabled:
            _mail(tx, user, kind)


def _mail(tx: Tx, user: User, kind: str) -> None:
    try:
        count_try(tx, f"link:{user.id}", _AT_MOST)
    except NotAllowed:
        return
    mail_link(tx, user, kind, LINK_LASTS)
    audit(tx, "accounts.password_link", f"user:{user.id}", {})
