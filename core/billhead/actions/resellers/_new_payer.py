"""A subscription that was paid by invoice is paid with a reseller's credits from now on, or the other way round.

What was billed or bought before is closed: it stays as it is, and what comes next begins where the paid time ends.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, delete, func, select

from billhead import clock
from billhead.actions.billing._free_days import CLOSED
from billhead.actions.billing._offered_anew import offer_anew
from billhead.actions.catalogue.prices_for import Audience, PriceList, prices_for
from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.provisioning.want import want
from billhead.actions.resellers._holds import refuse_while_held
from billhead.actions.resellers._prices import credit_prices, in_credits
from billhead.actions.shops._supplying import let_run
from billhead.actions.subscriptions._beginning import begin_changes
from billhead.actions.subscriptions._free_time import free_time
from billhead.actions.subscriptions._offers import withdraw_offers
from billhead.actions.subscriptions._scheduled import scheduled_of, take_back, wished_of
from billhead.actions.subscriptions._state import live_services, record
from billhead.actions.subscriptions._stopping import start_again
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Term, cycle_index, cycle_start, start_of_day
from billhead.domain.subscription import RUNNING, State, SuspendedBy
from billhead.models.catalogue import Plan, Price
from billhead.models.documents import Document, DocumentLine
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import FreeTime, Subscription, SubscriptionComponent
from billhead.models.usage import UsageMeter

__all__ = ["MovedLine", "pay_with_credits", "pay_with_money"]


@dataclass(frozen=True, slots=True)
class MovedLine:
    """`paid_through`, the first unpaid day, and `ends_on`, where it was canceled, are ISO. `costs_minor`: a term from
    then on, in `currency` before what tax adds. `withdrawn`: offers that nobody pays any more. `renews`: by itself,
    from the reseller's credits."""

    subscription_id: int
    plan: str
    term: str
    paid_through: str
    ends_on: str
    costs_minor: int
    currency: str
    withdrawn: int
    renews: bool


def pay_with_credits(tx: Tx, subscription: Subscription, customer: Customer, reseller: Reseller) -> MovedLine:
    """From where the paid time ends, at the prices of who pays. Raises Conflict with what keeps it from that."""
    if subscription.state == State.SUSPENDED:
        raise Conflict(f"subscription {subscription.id} stands still")
    _refuse_unsettled(tx, subscription)
    withdrawn = _open_offers(tx, subscription)
    withdraw_offers(tx, subscription.id)
    begin_changes(tx, subscription)
    for row in wished_of(tx, subscription.id, "change", "hold", "resume"):
        take_back(tx, subscription, row)
    if scheduled_of(tx, subscription.id):
        raise Conflict(f"subscription {subscription.id} is followed by another plan by itself")
    plans = {key for key, _ in _parts(tx, subscription)}
    costs = _price_anew(tx, subscription, credit_prices(tx.session, reseller, customer, plans), in_money=False)
    paid = _paid(subscription)
    subscription.settlement, subscription.payer_reseller_id = "credits", reseller.id
    subscription.payment_method_id, subscription.collection = None, "manual"
    subscription.next_bill_on = None
    _close(tx, subscription, None)
    for line in live_services(tx, subscription):
        if subscription.state in RUNNING:
            want(tx, line, desired_expires_at=start_of_day(paid, subscription.zone))
        queue_converge(tx, line.id, line.panel_id)
    renews = reseller.renews_users and subscription.service_ends_on is None
    if renews:
        told = {"subscription_id": subscription.id, "reseller_id": reseller.id}
        tx.session.add(CreditRenewal(**told, created_at=clock.now()))
    return _moved(tx, subscription, Money(costs, CREDITS), withdrawn, renews=renews)


def pay_with_money(tx: Tx, subscription: Subscription, customer: Customer) -> MovedLine:
    """Renewed by hand at the list prices of the customer, from where the paid time ends. What its payer had
    stopped runs again. Raises Conflict with what keeps it from that."""
    by_payer = subscription.suspended_for == SuspendedBy.PAYER
    if subscription.state == State.SUSPENDED and not by_payer:
        raise Conflict(f"subscription {subscription.id} stands still")
    _refuse_unsettled(tx, subscription)
    refuse_while_held(tx, subscription)
    plans = {key for key, _ in _parts(tx, subscription)}
    prices = prices_for(tx.session, Audience.of(customer), plans)
    costs = _price_anew(tx, subscription, prices, in_money=True)
    paid, today = _paid(subscription), clock.today_in(subscription.zone)
    subscription.settlement, subscription.payer_reseller_id = "invoice", None
    subscription.collection, subscription.billed_through = "manual", paid
    subscription.billing_ends_on = subscription.service_ends_on
    term = Term.parse(subscription.term)
    if cycle_start(subscription.anchor, term, cycle_index(subscription.anchor, term, paid)) != paid:
        subscription.anchor = paid
    tx.session.execute(delete(CreditRenewal).where(CreditRenewal.subscription_id == subscription.id))
    _close(tx, subscription, max(paid, today) if subscription.state == State.EXPIRED else paid)
    if subscription.state == State.SUSPENDED:
        start_again(tx, subscription)
    if subscription.state in RUNNING:
        let_run(tx, subscription, paid)
    for line in live_services(tx, subscription):
        queue_converge(tx, line.id, line.panel_id)
    look_again(tx, subscription, today)
    if subscription.state == State.EXPIRED:
        offer_anew(tx, subscription)
    return _moved(tx, subscription, Money(costs, subscription.currency), 0, renews=False)


def _refuse_unsettled(tx: Tx, subscription: Subscription) -> None:
    """What has no paid time that is over and done with."""
    if subscription.state == State.PENDING or subscription.paid_through is None:
        raise Conflict(f"subscription {subscription.id} is not paid for yet")
    if subscription.phase == "trial":
        raise Conflict(f"subscription {subscription.id} is in its trial")
    bills = Document.kind == "invoice", Document.id.in_(_about(subscription))
    owed = tx.session.scalar(select(Document.id).where(*bills, Document.owed() | (Document.state == "draft")).limit(1))
    if owed is not None or (subscription.billed_through or date.min) > _paid(subscription):
        raise Conflict(f"subscription {subscription.id} has an invoice that is not paid yet")
    if subscription.timing == "arrears":
        raise Conflict(f"subscription {subscription.id} is billed in arrears")
    meter = tx.session.get(UsageMeter, subscription.id)
    if meter is not None and meter.due_on is not None:
        raise Conflict(f"subscription {subscription.id} is billed by what is used")
    if any(line.in_review for line in live_services(tx, subscription)):
        raise Conflict(f"subscription {subscription.id} is being checked")


def _paid(subscription: Subscription) -> date:
    assert subscription.paid_through is not None, "looked at before"
    return subscription.paid_through


def _about(subscription: Subscription) -> Select[int]:
    return select(DocumentLine.document_id).where(DocumentLine.subscription_id == subscription.id)


def _open_offers(tx: Tx, subscription: Subscription) -> int:
    offers = Document.kind == "proforma", Document.state == "open", Document.id.in_(_about(subscription))
    return int(tx.session.scalar(select(func.count()).select_from(Document).where(*offers)) or 0)


def _parts(tx: Tx, subscription: Subscription) -> list[tuple[int, SubscriptionComponent]]:
    """What it has when its paid time is over, each with its plan."""
    rows = select(SubscriptionComponent).where(
        SubscriptionComponent.subscription_id == subscription.id, SubscriptionComponent.ends_on.is_(None)
    )
    return [(one.plan_id, one) for one in tx.session.scalars(rows.order_by(SubscriptionComponent.id))]


def _price_anew(tx: Tx, subscription: Subscription, prices: PriceList, *, in_money: bool) -> int:
    """Its parts cost what they cost who pays now; returns what a term costs. Raises Conflict where one has no price."""
    costs = 0
    for plan_id, part in _parts(tx, subscription):
        plan, was = tx.session.get_one(Plan, plan_id), tx.session.get_one(Price, part.price_id)
        try:
            price = prices.of(plan, was.term)
            credits = 0 if in_money else in_credits(price.credit_minor, plan, was.term, part.quantity).minor
        except (NotFound, InvalidInput) as error:
            raise Conflict(f"subscription {subscription.id} can't be renewed there: {error.message}") from error
        part.price_id = price.id
        costs += price.amount_minor * part.quantity if in_money else credits
    return costs


def _close(tx: Tx, subscription: Subscription, until: date | None) -> None:
    """Nothing is written any more about the time until then (None: for as long as credits pay)."""
    mine = FreeTime.subscription_id == subscription.id, FreeTime.why == CLOSED
    row = tx.session.scalar(select(FreeTime).where(*mine))
    if row is None:
        free_time(tx, subscription, CLOSED, min(subscription.started_on, until or subscription.started_on), until)
    else:
        row.ends_on = until
    tx.session.flush()


def _moved(tx: Tx, subscription: Subscription, costs: Money, withdrawn: int, *, renews: bool) -> MovedLine:
    subscription.version += 1
    today, payer = clock.today_in(subscription.zone), subscription.payer_reseller_id
    record(tx, subscription, "payer_changed", today, settlement=subscription.settlement, reseller_id=payer)
    ends = subscription.service_ends_on
    return MovedLine(
        subscription.id,
        tx.session.get_one(Plan, subscription.plan_id).name,
        subscription.term,
        _paid(subscription).isoformat(),
        ends.isoformat() if ends else "",
        costs.minor,
        costs.currency,
        withdrawn,
        renews,
    )
