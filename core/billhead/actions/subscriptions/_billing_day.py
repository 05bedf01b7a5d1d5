"""An account's billing day, as its subscriptions follow it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._calendars import move_anchor
from billhead.actions.billing._draft import renewed_next
from billhead.actions.billing.next_document import NextDocument, next_document
from billhead.actions.subscriptions._offers import withdraw_offers
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.db import Tx
from billhead.domain.periods import Period, Term, anchor_for_day, anchor_from
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.wording import marked

__all__ = ["Bridged", "bridge_to_day", "keeps_its_day", "offers_a_bridge", "onto_day"]


@dataclass(frozen=True, slots=True)
class Bridged:
    """The days (`ends_on` is the first one after) until the account's day, and what they cost with tax, in minor units.

    `starts_on` None: it stays as it is, or nothing can be said of what is billed next; `why` says which.
    """

    subscription_id: int
    plan: str
    currency: str
    starts_on: date | None = None
    ends_on: date | None = None
    total_minor: int = 0
    why: str = ""


def keeps_its_day(subscription: Subscription) -> str:
    """Why an account's day is nothing to it; empty where it follows."""
    if subscription.settlement != "invoice":
        return marked("a reseller pays for it with credits")
    if not Term.parse(subscription.term).months:
        return marked("its term is counted in days or weeks")
    if subscription.state == State.PENDING and subscription.collection == "manual":
        return marked("its order waits to be paid as it was offered")
    return ""


def onto_day(tx: Tx, subscription: Subscription, day: int) -> bool:
    """From what is billed already its cycles are counted from the account's day; says whether that is new.

    A renewal that was offered is void: what is offered next is the part until that day. The caller holds it locked.
    """
    if keeps_its_day(subscription) or subscription.anchor.day == day:
        return False
    today, before = clock.today_in(subscription.zone), subscription.anchor
    from_day = subscription.billed_through or subscription.phase_ends_on or today
    if subscription.state != State.PENDING:
        withdraw_offers(tx, subscription.id)
    move_anchor(tx.session, subscription, anchor_for_day(day, from_day), from_day)
    look_again(tx, subscription, today)
    record(
        tx, subscription, "billing_day_set", today, before=before.isoformat(), anchor=subscription.anchor.isoformat()
    )
    return True


def offers_a_bridge(subscription: Subscription) -> bool:
    """Whether what is renewed next is a part until the account's day."""
    through = subscription.paid_through
    if through is None or keeps_its_day(subscription):
        return False
    return anchor_from(subscription.anchor, Term.parse(subscription.term), through) != subscription.anchor


def bridge_to_day(tx: Tx, subscription_id: int) -> Bridged:
    """What the part until the account's day will cost, as the next document has it."""
    subscription = tx.session.get_one(Subscription, subscription_id)
    name = tx.session.get_one(Plan, subscription.plan_id).name
    told = Bridged(subscription_id, name, subscription.currency, why=keeps_its_day(subscription))
    if told.why:
        return told
    upcoming = next_document(tx.session, subscription_id)
    if upcoming.document is None:
        return Bridged(subscription_id, name, subscription.currency, why=upcoming.why)
    days = _days(tx, subscription)
    if days is None:
        return Bridged(subscription_id, name, subscription.currency, why=marked("it is billed on that day already"))
    total = _costs(tx, subscription, upcoming.document, days)
    return Bridged(subscription_id, name, subscription.currency, days.start, days.end, total)


def _days(tx: Tx, subscription: Subscription) -> Period | None:
    today, term = clock.today_in(subscription.zone), Term.parse(subscription.term)
    start = subscription.billed_through or subscription.phase_ends_on or today
    by_hand = subscription.collection == "manual"
    renewal_from = tx.session.get_one(Plan, subscription.plan_id).renewal_from if by_hand else "expiry"
    whole, start = renewed_next(subscription.anchor, term, start, today, renewal_from)
    return None if whole.start == start else Period(start, whole.end)


def _costs(tx: Tx, subscription: Subscription, document: NextDocument, days: Period) -> int:
    """Lines of an offer have no days yet: all of them are of the part."""
    of = SubscriptionComponent.subscription_id == subscription.id
    parts = set(tx.session.scalars(select(SubscriptionComponent.id).where(of)))
    return sum(
        line.net_minor + line.tax_minor
        for line in document.lines
        if line.component_id in parts and (line.period_start is None or line.period_start < days.end)
    )
