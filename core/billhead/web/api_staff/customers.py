"""Customers: found, looked at, added, put into a price group, trusted with credit at once."""

from typing import Any

from flask.typing import ResponseReturnValue

from billhead.actions.accounts.add_customer import NewCustomer, add_customer
from billhead.actions.accounts.set_price_group import set_price_group
from billhead.actions.accounts.update_profile import Profile
from billhead.actions.credits._lending import lent_to
from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.trust_customer import trust_customer
from billhead.db import reading
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.models.people import Customer, User
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import found
from billhead.web.admin.customers import CUSTOMERS
from billhead.web.api_staff.asking import REASON, amount, api_staff, instant, listed
from billhead.web.programs import acting, asker, fields, flag, language, text

__all__: list[str] = []


@api_staff.get("/customers")
@allow("anyone")
def customers() -> ResponseReturnValue:
    with reading() as session:
        return listed(CUSTOMERS, session, _told)


def _told(row: Any) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "reference": row.external_ref,
        "country": row.country,
        "currency": row.currency,
        "reseller": row.reseller_id,
        "since": instant(row.created_at),
    }


@api_staff.get("/customers/<int:key>")
@allow("anyone")
def customer(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
        credit = usable_credit(session, row, row.currency)
        more = {name: getattr(row, name) for name in ("company", "phone", "language", "zone", "vat_id", "price_group")}
        lent = sum(one.minor for one in lent_to(session, key) if one.currency == row.currency)
        minor = {"credit": credit.minor, "credit_at_once": row.credit_at_once_minor, "lent": lent}
        return _told(row) | more | {name: amount(figure, row.currency) for name, figure in minor.items()}


_PROFILE = {
    "name": text(200),
    "company": text(200),
    "phone": text(40),
    "street": text(200),
    "postcode": text(40),
    "city": text(200),
    "region": text(40),
    "country": text(2),
    "vat_id": text(40),
    "zone": text(60),
}
_NEW = _PROFILE | {
    "email": text(200),
    "currency": text(3),
    "language": language,
    "price_group": text(60),
    "invite": flag,
}


@api_staff.post("/customers")
@allow("anyone")
def new_customer() -> ResponseReturnValue:
    """Of the shop of who has the key, as the form of the admin area; in its zone unless another is said."""
    told = fields(_NEW, ("name", "email", "country"))
    with acting() as tx:
        seller = tx.session.get_one(Seller, tx.session.get_one(User, asker().user_id).seller_id)
        about = dict.fromkeys(_PROFILE, "") | {"zone": seller.zone}
        profile = Profile(**about | {k: v for k, v in told.items() if k in _PROFILE})
        wanted = NewCustomer(profile=profile, **{k: v for k, v in told.items() if k not in _PROFILE})
        added = add_customer(tx, seller.id, wanted)
    return {"id": added.customer_id}, 201


@api_staff.post("/customers/<int:key>/price-group")
@allow("anyone")
def price_group(key: int) -> ResponseReturnValue:
    """An empty group is everybody's. Prices hold from the next order on."""
    told = fields(REASON | {"price_group": text(60)}, ("reason",))
    if "price_group" not in told:
        raise InvalidInput("price_group", "is missing")
    with acting(told["reason"]) as tx:
        found(tx.session, Customer, key, "customer")
        done = set_price_group(tx, key, told["price_group"])
    return {"id": key, "price_group": done.price_group}


@api_staff.post("/customers/<int:key>/credit-at-once")
@allow("anyone")
def credit_at_once(key: int) -> ResponseReturnValue:
    """Up to how much credit is there before its payment: from the next order on."""
    told = fields(REASON | {"amount": text(30)}, ("reason", "amount"))
    with acting(told["reason"]) as tx:
        currency = found(tx.session, Customer, key, "customer").currency
        done = trust_customer(tx, key, Money.parse(told["amount"], currency))
    return {"id": key, "credit_at_once": amount(done.up_to_minor, currency)}
