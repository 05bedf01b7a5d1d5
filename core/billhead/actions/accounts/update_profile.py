"""What a customer says about themselves. It holds for documents to come; issued ones never change."""

from dataclasses import dataclass
from zoneinfo import available_timezones

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.people import Customer

__all__ = ["Profile", "update_profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    company: str
    phone: str
    street: str
    postcode: str
    city: str
    country: str
    vat_id: str
    zone: str


@verb("accounts.update_profile")
def update_profile(tx: Tx, customer_id: int, profile: Profile) -> None:
    """Customers change their own; staff needs customers.write. A new VAT id has to be checked again."""
    if tx.ctx.scope.customer_id != customer_id and not tx.ctx.may("customers.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not change customer {customer_id}: it needs customers.write")
    customer = tx.session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    if profile.zone not in available_timezones():
        raise InvalidInput("zone", f"{profile.zone!r} is not a time zone", hint="write it like Europe/Helsinki")
    if len(profile.country) != 2 or not profile.country.isalpha():
        raise InvalidInput("country", f"{profile.country!r} is not a country code of two letters")
    if profile.vat_id != customer.vat_id:
        customer.vat_id, customer.vat_id_state = profile.vat_id, "pending" if profile.vat_id else "unchecked"
    customer.name, customer.company, customer.phone = profile.name, profile.company, profile.phone
    customer.country, customer.zone = profile.country.upper(), profile.zone
    told = {"street": profile.street, "postcode": profile.postcode, "city": profile.city}
    customer.address = {**customer.address, **told}
