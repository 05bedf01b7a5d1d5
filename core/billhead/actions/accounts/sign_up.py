"""Sign up: a customer of the seller and a login for it, signed in at once."""

from dataclasses import dataclass, field

from billhead import clock
from billhead.actions.accounts._entering import SignedIn, enter
from billhead.actions.accounts._new_login import new_login
from billhead.actions.accounts._passwords import checked_email, checked_new_password, hashed
from billhead.actions.accounts._tokens import Browser
from billhead.actions.accounts.ask_password_link import ask_password_link
from billhead.actions.exchange import exchange
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.referrals._refer import refer
from billhead.actions.shops._face import logins_at
from billhead.actions.shops._sells import check_open, payer_of
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context, Role
from billhead.domain.countries import known_country
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import exponent
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["Newcomer", "sign_up"]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a new customer tells. An unknown or empty `zone` becomes the seller's. `seen_in`: the country of the address
    of the network that they come from, where it is known. `language`: that of the page, for their mail and documents.
    `friend_code`: of the link by which they came.
    """

    name: str
    email: str
    country: str
    currency: str
    password: str = field(repr=False)
    zone: str = ""
    seen_in: str = ""
    language: str = "en"
    friend_code: str = ""


def sign_up(ctx: Context, seller_id: int, newcomer: Newcomer, browser: Browser) -> SignedIn:
    """Create customer and login. Raises InvalidInput naming the field.

    Who has just signed up is signed in, so that an address with a login is refused for all to see (`has_account`; why:
    docs/decisions/0013). Its owner is mailed that somebody tried, with a link to get in; an address of the network has
    twenty such tries in a quarter of an hour.
    """
    email = checked_email(newcomer.email)
    name = " ".join(newcomer.name.split())
    if not 2 <= len(name) <= 200:
        raise InvalidInput("name", "tell us your name as it should stand on invoices")
    exponent(newcomer.currency)
    checked_new_password(newcomer.password, email)

    def intend(tx: Tx) -> bool:
        check_open(tx.session, seller_id)
        is_free = not logins_at(tx.session, seller_id, email)
        if not is_free:
            ask_password_link(tx, seller_id, email, browser.ip, "known_address")
        return is_free

    def call(is_free: bool) -> str:
        if not is_free:
            told = "there is an account with this e-mail address: sign in instead; we mail it a link to set a password"
            raise InvalidInput("email", told, code="has_account")
        return hashed(newcomer.password)

    def record(tx: Tx, _is_free: bool, password_hash: str) -> SignedIn:
        customer = _customer(tx, seller_id, newcomer, name, email)
        refer(tx, customer, newcomer.friend_code)
        user = new_login(
            tx, seller_id, email, Role.CUSTOMER.value, password_hash=password_hash, customer_id=customer.id
        )
        queue_notice(tx, customer.id, "welcome", f"welcome:{customer.id}", {})
        audit(tx, "accounts.sign_up", f"customer:{customer.id}", {"user_id": user.id, "ip": browser.ip})
        return enter(tx, user, browser, "sign-up")

    signed_in = exchange(ctx, intend=intend, call=call, record=record)
    assert signed_in is not None, "intend never returns None"
    return signed_in


def _customer(tx: Tx, seller_id: int, newcomer: Newcomer, name: str, email: str) -> Customer:
    seller = tx.session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    customer = Customer(
        seller_id=seller.id,
        name=name,
        email=email,
        country=known_country("country", newcomer.country),
        currency=newcomer.currency,
        reseller_id=payer_of(tx.session, seller.id),
        zone=newcomer.zone if newcomer.zone in clock.zones() else seller.zone,
        language=newcomer.language,
        location_evidence={"ip": newcomer.seen_in} if newcomer.seen_in else {},
        created_at=clock.now(),
    )
    tx.session.add(customer)
    tx.session.flush()
    return customer
