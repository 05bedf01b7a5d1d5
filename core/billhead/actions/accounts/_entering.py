"""The end of every way to sign in: a session, a device that is known from now on, and a mail where it was not."""

from dataclasses import dataclass, field

from billhead.actions.accounts._telling import tell_change
from billhead.actions.accounts._tokens import Browser, know, open_session
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import NotAllowed
from billhead.models.people import User

__all__ = ["SignedIn", "enter", "refuse_disabled"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    user_id: int
    role: str
    token: str = field(repr=False)


def enter(tx: Tx, user: User, browser: Browser, by: str) -> SignedIn:
    """Open the session of somebody who has proved who they are; `by` is how, for the audit trail."""
    audit(tx, "accounts.sign_in", f"user:{user.id}", {"ip": browser.ip, "by": by})
    token = open_session(tx, user, browser)
    if know(tx, user.id, browser):
        tell_change(tx, user, "new_device", browser)
    return SignedIn(user.id, user.role, token)


def refuse_disabled(user: User) -> None:
    """Call it once they have proved who they are. Raises NotAllowed (`login_disabled`) in the words of staff, or as
    if there were none (`wrong_credentials`) for one that ended with its account."""
    if user.disabled and user.disabled_because:
        raise NotAllowed(f"This login is disabled: {user.disabled_because}", code="login_disabled")
    if user.disabled:
        raise NotAllowed("The e-mail address or the password is wrong.", code="wrong_credentials")
