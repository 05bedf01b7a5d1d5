"""What a customer says about themselves. It holds for documents to come; issued ones never change."""

import re
from dataclasses import dataclass

from billhead import clock
from billhead.actions.accounts._vat_ids import known_id
from billhead.actions.billing.retax_open import retax_open
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.countries import known_country
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.people import Customer

__all__ = ["Profile", "update_profile"]

_REGION = re.compile(r"[A-Z0-9]{0,3}")


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
    region: str = ""  # the short name of a state or province, like CA


@verb("accounts.update_profile")
def update_profile(tx: Tx, customer_id: int, profile: Profile) -> None:
    """Customers change their own; staff needs customers.write. A new VAT id is checked again.

    Open orders get the tax that is due now. Raises InvalidInput naming the field.
    """
    if tx.ctx.scope.customer_id != customer_id and not tx.ctx.may("customers.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not change customer {customer_id}: it needs customers.write")
    customer = tx.session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    if profile.zone not in clock.zones():
        raise InvalidInput("zone", f"{profile.zone!r} is not a time zone", hint="write it like Europe/Helsinki")
    country = known_country("country", profile.country)
    before = _decides_tax(customer)
    known = known_id(profile.vat_id, country)
    _set_vat_id(tx, customer, known.vat_id if known else profile.vat_id, asks=known is not None)
    customer.name, customer.company, customer.phone = profile.name, profile.company, profile.phone
    customer.country, customer.region, customer.zone = country, _region(profile.region, country), profile.zone
    told = {"street": profile.street, "postcode": profile.postcode, "city": profile.city}
    customer.address = {**customer.address, **told}
    customer.location_evidence = {**customer.location_evidence, "declared": country}
    if before != _decides_tax(customer):
        retax_open(tx, customer_id)


def _decides_tax(customer: Customer) -> tuple[object, ...]:
    place = customer.country, customer.region, customer.address.get("postcode", "")
    return *place, customer.company, customer.vat_id, customer.location_evidence.get("declared")


def _region(typed: str, country: str) -> str:
    region = typed.strip().upper().removeprefix(f"{country}-")
    if not _REGION.fullmatch(region):
        raise InvalidInput("region", f"{typed!r} is not the short name of a region", hint="write CA for California")
    return region


def _set_vat_id(tx: Tx, customer: Customer, vat_id: str, *, asks: bool) -> None:
    if vat_id == customer.vat_id:
        return
    customer.vat_id, customer.vat_id_state = vat_id, "pending" if vat_id else "unchecked"
    customer.vat_id_checked_at = None
    if asks:
        enqueue(tx, "accounts.check_vat_id", {"customer_id": customer.id}, key=f"vat_id:{customer.id}")
