"""Sign up: a customer of the seller and a login for it, signed in at once."""

from dataclasses import dataclass, field
from zoneinfo import available_timezones

from sqlalchemy import select

from billhead import clock
from billhead.actions.accounts._passwords import checked_email, checked_new_password, hashed
from billhead.actions.accounts._tokens import open_session
from billhead.actions.accounts.sign_in import SignedIn
from billhead.actions.exchange import exchange
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context, Role
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import exponent
from billhead.models.people import Customer, User
from billhead.models.sellers import Seller

__all__ = ["Newcomer", "sign_up"]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a new customer tells. An unknown or empty `zone` becomes the seller's. `seen_in`: the country of the address
    of the network that they come from, where it is known."""

    name: str
    email: str
    country: str
    currency: str
    password: str = field(repr=False)
    zone: str = ""
    seen_in: str = ""


def sign_up(ctx: Context, seller_id: int, newcomer: Newcomer, *, ip: str, user_agent: str) -> SignedIn:
    """Create customer and login. Raises InvalidInput naming the field, also when the e-mail has a login already."""
    email = checked_email(newcomer.email)
    name = " ".join(newcomer.name.split())
    if not 2 <= len(name) <= 200:
        raise InvalidInput("name", "tell us your name as it should stand on invoices")
    exponent(newcomer.currency)
    checked_new_password(newcomer.password, email)

    def intend(tx: Tx) -> str:
        _check_free(tx, seller_id, email)
        return newcomer.password

    def record(tx: Tx, _intent: str, password_hash: str) -> SignedIn:
        _check_free(tx, seller_id, email)
        customer = _customer(tx, seller_id, newcomer, name, email)
        user = User(
            seller_id=seller_id,
            email=email,
            password_hash=password_hash,
            role=Role.CUSTOMER.value,
            permissions=[],
            customer_id=customer.id,
            created_at=clock.now(),
        )
        tx.session.add(user)
        tx.session.flush()
        queue_notice(tx, customer.id, "welcome", f"welcome:{customer.id}", {})
        audit(tx, "accounts.sign_up", f"customer:{customer.id}", {"user_id": user.id, "ip": ip})
        return SignedIn(user.id, user.role, open_session(tx, user, ip, user_agent))

    signed_in = exchange(ctx, intend=intend, call=hashed, record=record)
    assert signed_in is not None, "intend raises or returns the password"
    return signed_in


def _check_free(tx: Tx, seller_id: int, email: str) -> None:
    if tx.session.scalar(select(User.id).where(User.seller_id == seller_id, User.email == email)) is not None:
        raise InvalidInput("email", "there is an account with this e-mail address: sign in instead", code="has_account")


def _customer(tx: Tx, seller_id: int, newcomer: Newcomer, name: str, email: str) -> Customer:
    seller = tx.session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    customer = Customer(
        seller_id=seller.id,
        name=name,
        email=email,
        country=newcomer.country,
        currency=newcomer.currency,
        zone=newcomer.zone if newcomer.zone in available_timezones() else seller.zone,
        location_evidence={"ip": newcomer.seen_in} if newcomer.seen_in else {},
        created_at=clock.now(),
    )
    tx.session.add(customer)
    tx.session.flush()
    return customer
