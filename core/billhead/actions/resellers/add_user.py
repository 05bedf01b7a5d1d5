"""A reseller adds a subscriber: credits are held, the lines ordered, and the panel's answer decides on the credits."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.accounts._known_address import check_unused_below
from billhead.actions.accounts._passwords import checked_email
from billhead.actions.catalogue._regions import check_licensed
from billhead.actions.events import emit
from billhead.actions.resellers._holds import Purchase, hold_and_extend
from billhead.actions.resellers._prices import credit_prices, in_credits, told_part
from billhead.actions.resellers._tree import check_may_sell, lock_resellers
from billhead.actions.resellers._trials import check_trials_left, day_of_trials, trials_left
from billhead.actions.resellers._wallet import balance
from billhead.actions.subscriptions._sale import AddOnOrder, Order, Sale, Sold, addon_of, plan_of, sell
from billhead.actions.subscriptions._state import record
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Term, cycle, zone
from billhead.domain.typed_text import seen_text
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import CreditRenewal
from billhead.models.sellers import Seller

__all__ = ["NewUser", "UserAdded", "UserPreview", "add_user", "preview_add_user"]


@dataclass(frozen=True, slots=True)
class NewUser:
    """A customer whom this reseller has already (`customer_id`), or a new one's name and, if they have one, e-mail.

    `term` as in the price list ("1 month"); country, language and time zone are the reseller's own unless given.
    """

    plan: str
    term: str
    customer_id: int | None = None
    name: str = ""
    email: str = ""
    phone: str = ""
    country: str = ""
    language: str = ""
    zone: str = ""
    addons: tuple[AddOnOrder, ...] = ()
    mac: str = ""
    trial: bool = False
    ip: str = ""


@dataclass(frozen=True, slots=True)
class UserAdded:
    """`credits_minor` are held, in hundredths, until the line is there; `paid_through` is the first unpaid day, ISO."""

    subscription_id: int
    customer_id: int
    credits_minor: int
    paid_through: str


@dataclass(frozen=True, slots=True)
class UserPreview:
    """Hundredths of a credit: what it costs, and what is left to spend afterwards (below zero: there is not enough).
    `trials_left` today."""

    credits_minor: int
    left_minor: int
    trials_left: int


def preview_add_user(tx: Tx, reseller_id: int, wanted: NewUser) -> UserPreview:
    """What `add_user` would cost by the price list. Raises NotFound, NotAllowed and InvalidInput as it does, for
    reseller, plan, term and add-ons alone."""
    (reseller,) = lock_resellers(tx, reseller_id)
    check_may_sell(tx.session, reseller, wanted.plan)
    own = _own_customer(tx, reseller)
    buyer = tx.session.get(Customer, wanted.customer_id) if wanted.customer_id else own
    if buyer is None or (buyer is not own and not _looks_after(reseller, buyer)):
        raise NotFound("customer", wanted.customer_id or reseller.name)
    plan = plan_of(tx.session, buyer, wanted.plan)
    where = buyer.country if wanted.customer_id or not wanted.country else wanted.country
    check_licensed(tx.session, where, [plan])
    prices = credit_prices(tx.session, reseller, buyer)
    price = prices.of(plan, wanted.term)
    if wanted.trial:
        cost = in_credits(price.trial_credit_minor if price.trial_term else None, plan, "a trial")
    else:
        chosen = [(plan_of(tx.session, buyer, one.code), one) for one in wanted.addons]
        check_licensed(tx.session, where, [addon for addon, _ in chosen], "addons")
        addons = [addon_of(tx.session, plan, wanted.term, addon, one, prices) for addon, one in chosen]
        parts = [Sold(plan, price), *addons]
        each = [in_credits(part.price.credit_minor, part.plan, wanted.term, part.quantity) for part in parts]
        cost = sum(each, Money(0, CREDITS))
    left = balance(tx, reseller) - cost
    return UserPreview(cost.minor, left.minor, trials_left(tx.session, reseller))


@verb("resellers.add_user")
def add_user(tx: Tx, reseller_id: int, wanted: NewUser) -> UserAdded:
    """Order lines for a subscriber on a reseller's credits; they run from today, and are made by the next job.

    Raises NotFound (a reseller, customer, plan or term that this actor can't use), NotAllowed (suspended, a plugin's
    guard), InvalidInput (not in the reseller's rights, no price in credits, MAC …) or Conflict (too few credits, no
    more trials today, no panel has room, a customer of its own shop).
    """
    (reseller,) = lock_resellers(tx, reseller_id)
    check_may_sell(tx.session, reseller, wanted.plan)
    if wanted.trial:
        check_trials_left(tx.session, reseller)
    customer = _customer(tx, reseller, wanted)
    order = Order(customer.id, wanted.plan, wanted.term, wanted.addons, wanted.mac, wanted.trial, wanted.ip)
    sale = sell(tx, customer, order, credit_prices(tx.session, reseller, customer))
    subscription = sale.subscription
    subscription.settlement, subscription.payer_reseller_id = "credits", reseller.id
    tx.session.flush()
    bought = _trial(sale) if wanted.trial else _term(sale)
    if wanted.trial:
        record(tx, subscription, "trial_given", day_of_trials(tx.session, reseller))
    hold_and_extend(tx, reseller, subscription, bought)
    if reseller.renews_users:
        told = {"subscription_id": subscription.id, "reseller_id": reseller.id}
        tx.session.add(CreditRenewal(**told, created_at=clock.now()))
    data = {"subscription_id": subscription.id, "customer_id": customer.id, "plan": wanted.plan}
    emit(tx, "subscription.started", f"subscription:{subscription.id}", data)
    return UserAdded(subscription.id, customer.id, bought.amount.minor, bought.period.end.isoformat())


def _term(sale: Sale) -> Purchase:
    parts = [in_credits(part.price.credit_minor, part.plan, part.price.term, part.quantity) for part in sale.parts]
    subscription = sale.subscription
    period = cycle(subscription.anchor, Term.parse(subscription.term), 0)
    told = [told_part(part.plan.id, part.price, part.quantity) for part in sale.parts]
    sold = {"term": subscription.term, "sold": told}
    return Purchase("order", sum(parts, Money(0, CREDITS)), period, subscription.anchor, sold)


def _trial(sale: Sale) -> Purchase:
    plan, price = sale.parts[0].plan, sale.parts[0].price
    if len(sale.parts) > 1:
        raise InvalidInput("addons", "a trial is of the plan alone", hint="add them when it is renewed")
    if not price.trial_term or price.trial_credit_minor is None:
        raise InvalidInput("trial", f"{plan.name} has no trial that is paid with credits")
    period = cycle(sale.subscription.anchor, Term.parse(price.trial_term), 0)
    sold = {"term": sale.subscription.term, "sold": [[plan.id, 1]]}
    return Purchase("trial", Money(price.trial_credit_minor, CREDITS), period, period.end, sold)


def _own_customer(tx: Tx, reseller: Reseller) -> Customer | None:
    return tx.session.scalar(select(Customer).where(Customer.buys_for_reseller_id == reseller.id))


def _looks_after(reseller: Reseller, customer: Customer) -> bool:
    return customer.reseller_id == reseller.id and customer.erased_at is None


def _customer(tx: Tx, reseller: Reseller, wanted: NewUser) -> Customer:
    if wanted.customer_id is not None:
        known = tx.session.get(Customer, wanted.customer_id)
        if known is None or not _looks_after(reseller, known):
            raise NotFound("customer", wanted.customer_id)
        if known.seller_id != reseller.seller_id:
            raise Conflict("this customer orders in the reseller's own shop: what is bought there stands on an invoice")
        return known
    name = " ".join(seen_text(wanted.name).split())
    if not 1 <= len(name) <= 200:
        raise InvalidInput("name", "is missing or longer than 200 letters")
    email = checked_email(wanted.email) if wanted.email.strip() else ""
    like = _own_customer(tx, reseller) or tx.session.get_one(Seller, reseller.seller_id)
    customer = Customer(
        seller_id=reseller.seller_id,
        reseller_id=reseller.id,
        name=name,
        email=email,
        phone=wanted.phone.strip(),
        country=wanted.country or like.country,
        zone=zone(wanted.zone or like.zone).key,
        currency=like.currency,
        language=wanted.language or getattr(like, "language", "en"),
        created_at=clock.now(),
    )
    if email:
        check_unused_below(tx, customer, email)
    tx.session.add(customer)
    tx.session.flush()
    return customer
