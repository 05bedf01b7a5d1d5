"""The end of every way to sign in: a session, a device that is known from now on, and a mail where it was not."""

from dataclasses import dataclass, field

from billhead.actions.accounts._telling import tell_change
from billhead.actions.accounts._tokens import Browser, know, new_half, open_session
from billhead.actions.shops._addresses import address_of
from billhead.actions.shops._face import home_of_login
from billhead.actions.sign_in._second_step import has_second_step
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import NotAllowed
from billhead.models.people import User
from billhead.models.sellers import Seller

__all__ = ["AtHomeElsewhere", "HalfSignedIn", "SignedIn", "come_in", "elsewhere", "enter", "refuse_disabled"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    user_id: int
    role: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HalfSignedIn:
    """The password was right; the second step is still owed, and nothing is open yet."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AtHomeElsewhere:
    """They have proved who they are, at an address that is not theirs: nothing is open, and this is where they sign
    in. Cookies are a host's own, so that they prove it there once more."""

    name: str
    address: str


def come_in(tx: Tx, user: User, seller_id: int, browser: Browser, by: str) -> SignedIn | HalfSignedIn | AtHomeElsewhere:
    """After the first step, at a seller's address; `by` is how, for the audit trail."""
    away = elsewhere(tx, user, seller_id)
    if away is not None:
        return away
    if not has_second_step(tx.session, user.id):
        return enter(tx, user, browser, by)
    audit(tx, "accounts.first_step", f"user:{user.id}", {"ip": browser.ip, "by": by})
    return HalfSignedIn(new_half(tx, user.id))


def elsewhere(tx: Tx, user: User, seller_id: int) -> AtHomeElsewhere | None:
    home = home_of_login(tx.session, user)
    if home == seller_id:
        return None
    return AtHomeElsewhere(tx.session.get_one(Seller, home).name, f"{address_of(tx.session, home)}/sign-in")


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
