"""Add a reseller: staff anywhere in the tree, a super-reseller below itself and for credits."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select

from billhead import clock
from billhead.actions.accounts._passwords import checked_email
from billhead.actions.resellers._joining import TIERS, code_for, give_login, join_tree, sell_place, start_up
from billhead.actions.resellers._prices import place_price
from billhead.actions.resellers._rights import Rights, checked_rights, effective_rights, rights_from_plan, within
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.resellers._wallet import balance, checked_credits
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.countries import known_country
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.domain.money import CREDITS, Money, exponent
from billhead.domain.periods import zone
from billhead.models.catalogue import Plan
from billhead.models.people import Customer, Reseller
from billhead.models.sellers import Seller

__all__ = ["NewReseller", "PlacePreview", "ResellerAdded", "add_reseller", "preview_add_reseller"]


@dataclass(frozen=True, slots=True)
class NewReseller:
    """`plan`: the code of a reseller plan, which says tier, rights and start-up credits. Staff may do without one and
    say them here. `code` is made of the name, country, zone, currency and language are the parent's, unless given."""

    name: str
    email: str
    plan: str = ""
    parent_id: int | None = None
    code: str = ""
    country: str = ""
    zone: str = ""
    currency: str = ""
    language: str = ""
    tier: str = "reseller"
    rights: Rights | None = None
    start_up: Money | None = None


@dataclass(frozen=True, slots=True)
class PlacePreview:
    """Hundredths of a credit: what the parent pays, what the new one starts with, what the parent has afterwards."""

    price_minor: int
    start_up_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class ResellerAdded:
    """`credits_minor` were taken from the parent, in hundredths; zero where staff added it."""

    reseller_id: int
    code: str
    customer_id: int
    user_id: int
    credits_minor: int
    start_up_minor: int


class _Place(NamedTuple):
    seller: Seller
    parent: Reseller | None
    parents_customer: Customer | None
    plan: Plan | None
    price: Money
    given: Money


def preview_add_reseller(tx: Tx, seller_id: int, wanted: NewReseller) -> PlacePreview:
    """What `add_reseller` would cost. Raises what it raises, but for too few credits and a name or e-mail in use."""
    place = _place(tx, seller_id, wanted)
    left = balance(tx, place.parent) - place.price if place.parent else Money(0, CREDITS)
    return PlacePreview(place.price.minor, place.given.minor, left.minor)


@verb("resellers.add_reseller")
def add_reseller(tx: Tx, seller_id: int, wanted: NewReseller) -> ResellerAdded:
    """Its place in the tree, its customer, its first login by a mailed link, and its start-up credits.

    A super-reseller pays the plan's price in credits; both legs are one entry. Raises NotAllowed (no reseller's or
    staff's to do, suspended), NotFound (a parent out of sight), InvalidInput (field and reason) or Conflict (too few
    credits).
    """
    name = " ".join(wanted.name.split())
    if not 1 <= len(name) <= 200:
        raise InvalidInput("name", "is missing or longer than 200 letters")
    place = _place(tx, seller_id, wanted)
    reseller = Reseller(
        seller_id=place.seller.id,
        code=code_for(tx, wanted.code.strip(), name),
        name=name,
        tier=place.plan.kind if place.plan else wanted.tier,
        rights=_rights(tx, place, wanted),
        created_on=clock.today_in(place.seller.zone),
    )
    join_tree(tx, reseller, place.parent)
    customer = _customer(place, wanted, reseller)
    tx.session.add(customer)
    tx.session.flush()
    user = give_login(tx, reseller, customer, wanted.email)
    if place.parent is not None and not tx.ctx.scope.everything:
        sell_place(tx, place.parent, reseller, place.price, place.given, place.plan.id if place.plan else None)
    else:
        start_up(tx, reseller, place.given, f"start_up:{reseller.id}")
    return ResellerAdded(reseller.id, reseller.code, customer.id, user.id, place.price.minor, place.given.minor)


def _place(tx: Tx, seller_id: int, wanted: NewReseller) -> _Place:
    staff = tx.ctx.scope.everything
    if staff and not tx.ctx.may("resellers.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not add resellers: it needs resellers.write")
    parent_id = wanted.parent_id if staff else wanted.parent_id or tx.ctx.scope.reseller_id
    if not staff and parent_id is None:
        raise NotAllowed("only a super-reseller adds resellers")
    parent = lock_resellers(tx, parent_id)[0] if parent_id is not None else None
    if parent is not None and parent.tier != "super_reseller":
        raise NotAllowed(f"{parent.name} is no super-reseller: nobody stands below it")
    seller = tx.session.get(Seller, parent.seller_id if parent else seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    own = tx.session.scalar(select(Customer).where(Customer.buys_for_reseller_id == parent.id)) if parent else None
    plan = _plan(tx, seller, wanted.plan) if wanted.plan or not staff else None
    price, given = Money(0, CREDITS), Money(plan.start_up_credits_minor if plan else 0, CREDITS)
    if staff:
        given = checked_credits(wanted.start_up) if wanted.start_up else given
    else:
        _refuse_for_resellers(wanted, plan)
        if own is None or parent is None or plan is None:
            raise InvalidInput("plan", "say which reseller plan it gets")
        price = place_price(tx.session, parent, own, plan)
    if plan is None and wanted.tier not in TIERS:
        raise InvalidInput("tier", f"{wanted.tier!r} is not one of {', '.join(TIERS)}")
    return _Place(seller, parent, own, plan, price, given)


def _plan(tx: Tx, seller: Seller, code: str) -> Plan:
    plan = tx.session.scalar(select(Plan).where(Plan.seller_id == seller.id, Plan.code == code))
    if plan is None or plan.retired or plan.kind not in TIERS:
        raise InvalidInput("plan", f"there is no reseller plan {code!r}" if code else "say which reseller plan it gets")
    return plan


def _refuse_for_resellers(wanted: NewReseller, plan: Plan | None) -> None:
    if plan is not None and plan.kind != "reseller":
        raise NotAllowed("a super-reseller is set up by the operator")
    if wanted.start_up is not None:
        raise NotAllowed("start-up credits come with the plan: pass more on afterwards")


def _rights(tx: Tx, place: _Place, wanted: NewReseller) -> dict[str, object]:
    """Those that were asked for, else the plan's; of the plan's only what whoever stands above has."""
    above = effective_rights(tx.session, place.parent.id) if place.parent else None
    rights = wanted.rights
    if rights is None:
        rights = rights_from_plan(place.plan) if place.plan else Rights()
        rights = within(rights, above) if above is not None else rights
    return checked_rights(tx.session, place.seller.id, rights, above)


def _customer(place: _Place, wanted: NewReseller, reseller: Reseller) -> Customer:
    like, seller = place.parents_customer, place.seller
    currency = wanted.currency or (like.currency if like else seller.currency)
    exponent(currency)
    return Customer(
        seller_id=seller.id,
        buys_for_reseller_id=reseller.id,
        external_ref=f"reseller:{reseller.code}",
        name=reseller.name,
        company=reseller.name,
        email=checked_email(wanted.email),
        country=known_country("country", wanted.country or (like.country if like else seller.country)),
        zone=zone(wanted.zone or (like.zone if like else seller.zone)).key,
        currency=currency,
        language=wanted.language or (like.language if like else "en"),
        created_at=clock.now(),
    )
