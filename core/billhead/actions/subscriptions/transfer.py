"""Hand a subscription with its lines over to another customer."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.billing._use_until import bill_use
from billhead.actions.billing.rebill import Desk, rebill
from billhead.actions.catalogue._regions import check_licensed
from billhead.actions.documents._subscriptions import owed_of
from billhead.actions.events import emit
from billhead.actions.resellers._tree import is_within
from billhead.actions.subscriptions._beginning import begin_changes
from billhead.actions.subscriptions._billing_day import onto_day
from billhead.actions.subscriptions._free_time import free_time, open_hold
from billhead.actions.subscriptions._offers import subscription_to_end, withdraw_offers
from billhead.actions.subscriptions._scheduled import take_back, wished_of
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._steps import Steps, Wanted
from billhead.actions.subscriptions._taking_steps import look_again, take_steps
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, CurrencyMismatch, InvalidInput, NotFound
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.plugin_host import plugins

__all__ = ["MONEY", "Transferred", "transfer"]

MONEY = ("moves", "settled")


@dataclass(frozen=True, slots=True)
class Transferred:
    """`credited_minor` went to who had it, `charged_minor` to who gets it; zero where the paid time moves along, as is
    `used_minor`: what who had it is billed for metered use."""

    subscription_id: int
    customer_id: int
    credited_minor: int = 0
    charged_minor: int = 0
    used_minor: int = 0


@verb("subscriptions.transfer", permission="subscriptions.write")
def transfer(tx: Tx, subscription_id: int, to_customer_id: int, money: str = "moves") -> Transferred:
    """From today on it is theirs: services, future invoices, history. Documents stay with whom they were written for.

    `moves`: what is paid goes along: it is worth to who gets it what it was to who had it, in a change or an end.
    `settled`: who had it gets the unused days back as credit and is billed for what was used up to today, who gets it
    is charged for them. Both must be customers of one seller with one currency. Where all that who gets it has is
    billed on one day, so is this from what is billed already on.
    Raises NotFound, CurrencyMismatch, InvalidInput (also where its plan may not be sold to who gets it), or Conflict
    (it has ended, is owed for, or a plugin denies it).
    """
    if money not in MONEY:
        raise InvalidInput("money", f"{money!r} is not one of {', '.join(MONEY)}")
    subscription = subscription_to_end(tx, subscription_id)
    before, after = tx.session.get_one(Customer, subscription.customer_id), _recipient(tx, to_customer_id)
    _refuse(tx, subscription, before, after)
    pause = open_hold(tx, subscription) if subscription.suspended_for == SuspendedBy.CUSTOMER else None
    if money == "moves" and pause is not None and pause.why == "hold":
        raise Conflict(
            "it is on hold, and its days were given back to who has it",
            code="on_hold",
            hint="end the hold first, or let both settle",
        )
    denied = plugins().guard(
        "before_transfer", subscription_id=subscription_id, facts={"from": before.id, "to": after.id}
    )
    if denied is not None:
        raise Conflict(denied.reason)
    withdraw_offers(tx, subscription.id)
    begin_changes(tx, subscription)
    for row in wished_of(tx, subscription.id, "change", "hold", "resume"):
        take_back(tx, subscription, row)
    today = clock.today_in(subscription.zone)
    credited = used = 0
    if money == "settled":
        take_steps(tx, subscription, _handed_over(tx, subscription, today), today)
        subscription.billing_ends_on = today
        credited = -rebill(tx, subscription.id).total_minor
        tx.session.refresh(subscription)
        used = bill_use(tx, subscription)
        tx.session.refresh(subscription)
        subscription.billing_ends_on = subscription.service_ends_on
    elif subscription.billed_through is not None and subscription.billed_through > today:
        free_time(tx, subscription, "moved", today, subscription.billed_through)
    subscription.customer_id, subscription.payment_method_id, subscription.zone = after.id, None, after.zone
    look_again(tx, subscription, today)
    if after.billing_day is not None:
        onto_day(tx, subscription, after.billing_day)
    charged = rebill(tx, subscription.id).total_minor if money == "settled" else 0
    tx.session.refresh(subscription)
    record(tx, subscription, "transferred", today, before=before.id, customer_id=after.id, money=money)
    data = {"subscription_id": subscription.id, "from_customer_id": before.id, "customer_id": after.id}
    emit(tx, "subscription.transferred", f"subscription:{subscription.id}", data)
    return Transferred(subscription.id, after.id, credited, charged, used)


def _handed_over(tx: Tx, subscription: Subscription, today: date) -> Steps:
    """Every part ends for who had it and begins for who gets it, at the same price."""
    item = Desk().history(tx.session, subscription.id).item
    if any((part.starts_on or today) > today and part.starts_on != part.ends_on for part in item.parts):
        raise Conflict("another plan follows this one: its paid time can only go along")
    running = [part for part in item.parts if part.ends_on is None or part.ends_on > today]
    running = [part for part in running if (part.starts_on or today) <= today]
    kinds = {part: tx.session.get_one(SubscriptionComponent, part.component_id).kind for part in running}
    ends = {part.component_id or 0: max(today, part.starts_on or today) for part in running}
    adds = [Wanted(part.plan_id, part.price_id, part.quantity, kinds[part]) for part in running]
    return Steps(item, ends, tuple(adds))


def _recipient(tx: Tx, customer_id: int) -> Customer:
    customer, scope = tx.session.get(Customer, customer_id), tx.ctx.scope
    if customer is None or not (scope.everything or is_within(tx.session, customer.reseller_id, scope.reseller_id)):
        raise NotFound("customer", customer_id)
    return customer


def _refuse(tx: Tx, subscription: Subscription, before: Customer, after: Customer) -> None:
    if after.id == before.id:
        raise InvalidInput("customer", "it is theirs already")
    if after.seller_id != before.seller_id:
        raise InvalidInput("customer", "is a customer of another shop")
    if after.currency != before.currency:
        raise CurrencyMismatch(before.currency, after.currency)
    if subscription.state in (State.CANCELED, State.PENDING):
        raise Conflict(f"a subscription that is {subscription.state} can't be handed over")
    if owed_of(tx.session, subscription.id):
        raise Conflict("an invoice of this subscription is not paid yet", code="unpaid_renewal", hint="pay it first")
    if subscription.settlement == "credits":
        raise Conflict("a reseller pays for this subscription with credits: move its customer instead")
    check_licensed(tx.session, after.country, _plans_of(tx, subscription), "customer")


def _plans_of(tx: Tx, subscription: Subscription) -> list[Plan]:
    """What who gets it will have: the plan first. To them it is sold, wherever who had it lives."""
    part, today = SubscriptionComponent, clock.today_in(subscription.zone)
    query = (
        select(Plan)
        .join(part, part.plan_id == Plan.id)
        .where(part.subscription_id == subscription.id, or_(part.ends_on.is_(None), part.ends_on > today))
        .order_by(part.kind != "plan", part.id)
    )
    return list(tx.session.scalars(query))
