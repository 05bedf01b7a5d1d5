"""What notices to a login tell: links to set a password, and changes of its security.

kind                                         ids in `data`
welcome                                      – ; sealed_token where a password is still to be set
password_link, invited, known_address        user_id, sealed_token
confirm_email                                user_id, sealed_token
security_change                              user_id, what, at, agent, ip
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from billhead.actions.notifications._rows import Parts
from billhead.actions.notifications._values import Address, Rows, said
from billhead.actions.resellers._seen import signs_in
from billhead.actions.shops._addresses import address_of
from billhead.actions.shops._face import face_of, home_of_login, shop_above
from billhead.actions.shops._sells import payer_of
from billhead.domain.browser_names import device_named
from billhead.domain.errors import NoticeRejected
from billhead.models.operations import Notice
from billhead.models.people import Customer, Reseller, User
from billhead.models.sellers import Seller
from billhead.plugin_host import vault
from billhead.wording import marked

__all__ = ["PARTS", "WORDS", "Reader", "addressee", "home_of"]

WORDS = {
    "password_changed": marked("Your password was changed"),
    "new_device": marked("Somebody signed in from a device that we have not seen before"),
    "two_step_on": marked("Signing in asks for a second step now"),
    "two_step_off": marked("Signing in asks for no second step any more"),
    "two_step_reset": marked("Our staff have taken the second step of your sign-in away"),
    "app_removed": marked("The app that made your codes was removed"),
    "passkey_added": marked("A passkey was added"),
    "passkey_removed": marked("A passkey was removed"),
    "recovery_codes": marked("New recovery codes were made; the old ones do not work any more"),
    "recovery_used": marked("Somebody signed in with one of your recovery codes"),
    "email_asked": marked(
        "Somebody who knows your password asked to sign in as you by another e-mail address; a link was mailed there"
    ),
    "email_changed": marked("You sign in by another e-mail address from now on, and are written to there"),
    "email_set": marked("Our staff have given your account another e-mail address"),
    "sso_linked": marked("Your login was linked to single sign-on"),
    "sso_claimed": marked(
        "Your login was linked to single sign-on; the password, second step and devices from before open it no more"
    ),
    "sso_unlinked": marked("A link of your login to single sign-on was removed"),
}
"""By `what`, as a sentence without its stop."""


class Reader(NamedTuple):
    """`seller` speaks, in its looks and its own words; in place of it `reseller`, plainly, which looks after whom it is
    for and has no shop, nor one above it. `has_account`: there is something to sign in to, at this seller's. `answers`:
    the reseller to whom answers go, where they don't go to who speaks."""

    seller: Seller
    name: str
    zone: str
    language: str  # "": the seller's
    reseller: Reseller | None = None
    has_account: bool = True
    answers: Reseller | None = None

    @property
    def called(self) -> str:
        """The name in which it is said."""
        return self.reseller.name if self.reseller is not None else self.seller.name


def addressee(session: Session, notice: Notice) -> Reader:
    """Whom a notice is for. Raises NoticeRejected when it is gone."""
    user = session.get(User, notice.user_id) if notice.user_id is not None else None
    customer = session.get(Customer, notice.customer_id) if notice.customer_id is not None else None
    seller_id = customer.seller_id if customer is not None else user.seller_id if user is not None else None
    seller = session.get(Seller, seller_id) if seller_id is not None else None
    if seller is None:
        raise NoticeRejected("whom this notice is for does not exist any more")
    if customer is None:
        return Reader(seller, _called(session, user, notice), seller.zone, "")
    name = _called(session, user, notice) if user is not None and user.family else customer.name
    told = name, customer.zone, customer.language
    if (reseller := _known_by(session, customer, notice)) is None:
        return Reader(seller, *told)
    shop = shop_above(session, reseller.id)
    if shop is None:
        return Reader(seller, *told, reseller=reseller, has_account=False, answers=reseller)
    signs = face_of(session, customer) == shop.id and signs_in(session, customer.id)
    return Reader(
        shop, *told, has_account=signs, answers=reseller if payer_of(session, shop.id) != reseller.id else None
    )


def _known_by(session: Session, customer: Customer, notice: Notice) -> Reseller | None:
    """The reseller that somebody bought from, who knows of no operator behind it. Who signs in at the operator's knows
    it, unless the reseller itself asks them in; and a bill names who has made it out."""
    if "from_reseller" in notice.data:  # who writes to those below
        return session.get_one(Reseller, notice.data["from_reseller"])
    if customer.reseller_id is None or customer.buys_for_reseller_id is not None or "document_id" in notice.data:
        return None
    reseller = session.get_one(Reseller, customer.reseller_id)
    if customer.seller_id != reseller.seller_id:
        return None
    asked_in = notice.data.get("by_reseller") or not signs_in(session, customer.id)
    return reseller if asked_in or face_of(session, customer) != customer.seller_id else None


def home_of(session: Session, notice: Notice) -> str:
    """The address of the shop whose notice it is."""
    return address_of(session, addressee(session, notice).seller.id)


def _called(session: Session, user: User | None, notice: Notice) -> str:
    reseller = session.get(Reseller, user.reseller_id) if user is not None and user.reseller_id is not None else None
    return reseller.name if reseller is not None else notice.recipient


def _security_change(session: Session, notice: Notice) -> Mapping[str, Any]:
    what, at, agent = (notice.data.get(name, "") for name in ("what", "at", "agent"))
    if what not in WORDS or not at:
        raise NoticeRejected(f"a security notice must say what was changed and when, not {what!r}")
    told: dict[str, Any] = {
        "what": said(WORDS[what]),
        "at": datetime.fromisoformat(at),
        "device": (lambda words: device_named(agent, words.say)) if agent else "",
        "ip": notice.data.get("ip", ""),
    }
    details = Rows([(said(label), told[name]) for label, name in _DETAILS if told[name]])
    url = Address(f"{home_of(session, notice)}/security")
    return {"change": {**told, "details": details}, "security_url": url}


_DETAILS = ((marked("When"), "at"), (marked("Device"), "device"), (marked("Address"), "ip"))


def _password_link(session: Session, notice: Notice) -> Mapping[str, Any]:
    return {"password_url": _password_url(session, notice, _sealed(notice))}


def _sealed(notice: Notice) -> str:
    sealed = notice.data.get("sealed_token")
    if not sealed:
        raise NoticeRejected(f"a notice of the kind {notice.kind} must name a sealed_token, but its data does not")
    return str(sealed)


def _welcome(session: Session, notice: Notice) -> Mapping[str, Any]:
    sealed = notice.data.get("sealed_token")
    return {"password_url": _password_url(session, notice, sealed) if sealed else ""}


def _confirm_email(session: Session, notice: Notice) -> Mapping[str, Any]:
    token = vault().decrypt(_sealed(notice))
    return {"confirm_url": Address(f"{home_of(session, notice)}/new-address/{token}")}


def _password_url(session: Session, notice: Notice, sealed_token: str) -> Address:
    """By the public address of the shop where they sign in, whatever host a request named, and whoever speaks."""
    user = session.get(User, notice.user_id) if notice.user_id is not None else None
    home = home_of(session, notice) if user is None else address_of(session, home_of_login(session, user))
    return Address(f"{home}/set-password/{vault().decrypt(sealed_token)}")


PARTS: Parts = {
    "confirm_email": (_confirm_email,),
    "invited": (_password_link,),
    "known_address": (_password_link,),
    "password_link": (_password_link,),
    "security_change": (_security_change,),
    "welcome": (_welcome,),
}
