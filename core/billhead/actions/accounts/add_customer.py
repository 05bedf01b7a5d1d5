"""Staff add a customer: who calls or comes in, and did not sign up in the shop."""

from dataclasses import dataclass, replace

from billhead import clock
from billhead.actions.accounts._known_address import check_unused
from billhead.actions.accounts._passwords import checked_email
from billhead.actions.accounts._price_groups import checked_group
from billhead.actions.accounts.invite_customer import invite_customer
from billhead.actions.accounts.update_profile import Profile, update_profile
from billhead.actions.shops._sells import payer_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import exponent
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.wording import LANGUAGES

__all__ = ["CustomerAdded", "NewCustomer", "add_customer"]


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """`profile` is what customers say about themselves. An empty `currency` is the seller's. `price_group` is that of
    the price books that are open to it beside everybody's. `invite`: a login is made, and a link to set its password
    mailed."""

    email: str
    profile: Profile
    currency: str = ""
    language: str = "en"
    price_group: str = ""
    invite: bool = False


@dataclass(frozen=True, slots=True)
class CustomerAdded:
    customer_id: int


@verb("accounts.add_customer", permission="customers.write")
def add_customer(tx: Tx, seller_id: int, wanted: NewCustomer) -> CustomerAdded:
    """A customer of the seller, whose VAT id is checked as after a change of the profile.

    Raises NotFound, or InvalidInput naming the field: also `email` (`has_account`) where somebody of this seller is
    written to or signs in at this address.
    """
    seller = tx.session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    email, name = checked_email(wanted.email), " ".join(wanted.profile.name.split())
    if not 2 <= len(name) <= 200:
        raise InvalidInput("name", "is missing, or is not of 2 to 200 letters")
    if wanted.language not in LANGUAGES:
        raise InvalidInput("language", f"{wanted.language!r} is not one of {', '.join(LANGUAGES)}")
    currency = wanted.currency or seller.currency
    exponent(currency)
    check_unused(tx, seller_id, email)
    customer = Customer(
        seller_id=seller.id,
        reseller_id=payer_of(tx.session, seller.id),
        name=name,
        email=email,
        country=wanted.profile.country,
        currency=currency,
        language=wanted.language,
        price_group=checked_group(tx.session, seller_id, wanted.price_group),
        created_at=clock.now(),
    )
    tx.session.add(customer)
    tx.session.flush()
    update_profile(tx, customer.id, replace(wanted.profile, name=name))
    if wanted.invite:
        invite_customer(tx, customer.id)
    note(tx, f"customer:{customer.id}", email=email, country=customer.country, currency=currency)
    return CustomerAdded(customer.id)
