"""Buy an event, a film or a pass on a subscription that is there: paid now, with the next invoice, or by a pass."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.billing._calendars import calendar_of
from billhead.actions.billing._draft import Draft, inclusive_of_tax, order_lines
from billhead.actions.billing._rated import Part
from billhead.actions.billing._rating import Case, raised, rater_now
from billhead.actions.billing._reading import read_buyers, read_lots
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.catalogue._regions import check_licensed
from billhead.actions.catalogue.prices_for import Audience, prices_for
from billhead.actions.entitlements._opening import open_entitlement, window_of
from billhead.actions.entitlements._passes import is_had_by_pass, take_use
from billhead.actions.events import emit
from billhead.actions.subscriptions._sale import plan_of
from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState
from billhead.domain.entitlement import State
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.domain.money import Money
from billhead.domain.subscription import RUNNING
from billhead.domain.usage import metered_calendar
from billhead.models.catalogue import Plan, Price
from billhead.models.documents import Document
from billhead.models.entitlements import Entitlement
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import OrderView
from billhead.plugin_host import plugins

__all__ = ["KINDS", "PAYS", "Bought", "buy_once"]

KINDS = ("ppv", "rental")
PAYS = ("now", "next_invoice", "pass")
_OPEN_FOR = timedelta(days=14)
_MOST_WAITING = 50


@dataclass(frozen=True, slots=True)
class Bought:
    """`document_id` is what is to be paid, or the paid invoice; None: it goes on the next invoice. `owed_minor`: what
    is still to be paid before it may be watched."""

    entitlement_id: int
    document_id: int | None
    owed_minor: int


@verb("entitlements.buy_once")
def buy_once(tx: Tx, subscription_id: int, plan_code: str, pay: str = "now", quoted: Money | None = None) -> Bought:
    """An entitlement on a running subscription. What credit pays in full may be watched at once, else when it is paid.

    An event that was chosen before and waits to be paid is returned as it was offered then, and not sold anew.
    `next_invoice` is for those who are charged by themselves, and what the catalogue lets wait; `pass` takes a use of a
    pass that was bought before. `quoted` is the price that was shown, if any was. Raises NotFound, InvalidInput (no
    such way, an event that is over or not sold in the customer's country), Conflict (not running, bought already, too
    much waits, no pass has anything left, "price_changed") or NotAllowed (a plugin's guard, a customer whom a reseller
    keeps).
    """
    if pay not in PAYS:
        raise InvalidInput("pay", f"{pay!r} is not one of {', '.join(PAYS)}")
    subscription = visible_subscription(tx, subscription_id)
    if subscription.settlement == "credits" and tx.ctx.scope.customer_id is not None:
        raise NotAllowed("your reseller looks after this subscription: ask there")
    customer = tx.session.get_one(Customer, subscription.customer_id)
    plan = plan_of(tx.session, customer, plan_code)
    if plan.kind not in KINDS:
        raise InvalidInput("plan", f"{plan.name} is not sold once")
    if subscription.state not in RUNNING:
        raise Conflict(f"this subscription is {subscription.state}: nothing can be watched on it")
    window_of(plan)
    check_licensed(tx.session, customer.country, [plan])
    price = prices_for(tx.session, Audience.of(customer), {plan.id}).of(plan, "")
    _refuse_twice(tx, subscription, plan)
    _ask_guards(customer, plan)
    offered = _offered(tx, subscription, plan)
    if offered is not None:
        return offered
    if quoted not in (None, Money(price.amount_minor, customer.currency)) and pay != "pass":
        raise Conflict("the price has changed since it was shown", code="price_changed")
    one = Entitlement(
        customer_id=customer.id,
        subscription_id=subscription.id,
        plan_id=plan.id,
        price_id=price.id,
        state=State.OFFERED.value,
        uses_left=plan.details.get("uses") or None,
        bought_on=clock.today_in(subscription.zone),
        created_at=clock.now(),
    )
    tx.session.add(one)
    tx.session.flush()
    if pay == "pass":
        bought = _by_pass(tx, subscription, plan, one)
    else:
        bought = _later(tx, subscription, plan, one) if pay == "next_invoice" else _now(tx, customer, plan, price, one)
    data = {"entitlement_id": one.id, "subscription_id": subscription.id, "plan": plan.code}
    emit(tx, "entitlement.bought", f"subscription:{subscription.id}", data)
    return bought


def _refuse_twice(tx: Tx, subscription: Subscription, plan: Plan) -> None:
    """An event is bought once; a film as often as somebody likes."""
    mine = Entitlement.subscription_id == subscription.id, Entitlement.plan_id == plan.id
    has = select(Entitlement.id).where(*mine, Entitlement.state == State.ACTIVE.value).limit(1)
    if plan.kind == "ppv" and tx.session.scalar(has) is not None:
        raise Conflict(f"{plan.name} is bought already", code="bought_already")


def _offered(tx: Tx, subscription: Subscription, plan: Plan) -> Bought | None:
    """An event that was chosen before and still waits to be paid."""
    if plan.kind != "ppv":
        return None
    row = tx.session.execute(
        select(Entitlement.id, Document.id, Document.total_minor - Document.settled_minor)
        .join(Document, Document.id == Entitlement.document_id)
        .where(
            Entitlement.subscription_id == subscription.id,
            Entitlement.plan_id == plan.id,
            Entitlement.state == State.OFFERED.value,
            Document.kind == Kind.PROFORMA.value,
            Document.state == ProformaState.OPEN.value,
        )
        .order_by(Entitlement.id.desc())
        .limit(1)
    ).first()
    return Bought(*row) if row is not None else None


def _ask_guards(customer: Customer, plan: Plan) -> None:
    view = OrderView(
        customer_id=customer.id, email=customer.email, country=customer.country, ip="", plan=plan.code, addons=(),
        trial=False,
    )  # fmt: skip
    denied = plugins().guard("before_order", order=view)
    if denied is not None:
        raise NotAllowed(denied.reason)


def _later(tx: Tx, subscription: Subscription, plan: Plan, one: Entitlement) -> Bought:
    if not plan.details.get("on_bill") or subscription.collection != "auto" or subscription.settlement != "invoice":
        raise NotAllowed(f"{plan.name} has to be paid at once here")
    waiting = select(func.count()).select_from(Entitlement).where(
        Entitlement.subscription_id == subscription.id, Entitlement.waits_until.is_not(None)
    )  # fmt: skip
    if (tx.session.scalar(waiting) or 0) >= _MOST_WAITING:
        raise Conflict(f"{_MOST_WAITING} purchases wait for the next invoice", hint="pay this one now")
    one.waits_until = _end_of_month(tx, subscription, one.bought_on)
    open_entitlement(tx, one, plan)
    subscription.version += 1  # a run that has read it looks again
    return Bought(one.id, None, 0)


def _by_pass(tx: Tx, subscription: Subscription, plan: Plan, one: Entitlement) -> Bought:
    if not is_had_by_pass(plan):
        raise NotAllowed(f"{plan.name} is not had by a pass")
    ticket = take_use(tx, subscription.id)
    if ticket is None:
        raise Conflict("no pass has anything left", code="pass_used_up", hint="pay for this one, or buy another pass")
    one.pass_id = ticket.id
    open_entitlement(tx, one, plan)
    return Bought(one.id, None, 0)


def _end_of_month(tx: Tx, subscription: Subscription, today: date) -> date:
    """The end of the running period, of a month at most: nothing waits for a year's end."""
    return metered_calendar(calendar_of(tx.session, subscription)).period_at(today).end


def _now(tx: Tx, customer: Customer, plan: Plan, price: Price, one: Entitlement) -> Bought:
    """An invoice where credit pays all of it, else a proforma; both about this alone."""
    session = tx.session
    rater, catalogue = rater_now()
    catalogue.need(session, sellers={customer.seller_id}, plans={plan.id}, prices={price.id})
    parts = [Part(None, plan.id, price.id, 1)]
    buyer = read_buyers(session, [customer.id])[customer.id]
    today = clock.today_in(customer.zone)
    lines = order_lines(parts, catalogue, customer.currency, "recurring")
    draft = Draft("invoice", customer.currency, lines, inclusive_of_tax(parts, catalogue), None)
    case = Case(draft, buyer, customer.seller_id, None, None, today)
    rated = raised(rater.rate_cases([case], read_lots(session, [customer.id]))[0])
    if rated.total_minor and rated.owed_minor:
        until = min(today + _OPEN_FOR, _last_day(plan, today))
        offer = draft._replace(kind="proforma", due_on=until)
        rated = raised(rater.rate_cases([case._replace(draft=offer)])[0])
        written = issue_invoice(tx, rated)
        one.document_id = written.document_id
        return Bought(one.id, written.document_id, rated.total_minor)
    one.document_id = issue_invoice(tx, rated).document_id
    open_entitlement(tx, one, plan)
    return Bought(one.id, one.document_id, 0)


def _last_day(plan: Plan, today: date) -> date:
    _, until = window_of(plan)
    return max(until.date(), today) if plan.kind == "ppv" else today + _OPEN_FOR
