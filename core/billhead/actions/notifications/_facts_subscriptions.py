"""What notices about a subscription tell: its state, its price, what is used of it.

kind                                         ids in `data`
suspended, restored, canceled, trial_ending  subscription_id
throttled                                    subscription_id
order_held, order_refused                    subscription_id
promised                                     subscription_id, promise_id
price_change, price_stays                    subscription_id, reprice_id
allowance                                    subscription_id, metric_id, percent
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.catalogue._billed_at import billed_at
from billhead.actions.documents._subscriptions import about
from billhead.actions.notifications._facts_billing import told_of
from billhead.actions.notifications._logins import home_of
from billhead.actions.notifications._rows import Parts, found_row, must_be_theirs, named
from billhead.actions.notifications._values import Debt, Debts, Own, TermOf
from billhead.actions.usage.current_usage import current_usage
from billhead.domain.errors import NoticeRejected
from billhead.domain.money import Money
from billhead.domain.periods import Term, cycle_index, cycle_start
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.catalogue import Plan, Reprice
from billhead.models.documents import Document, DocumentLine
from billhead.models.dunning import PaymentPromise
from billhead.models.operations import Notice
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["PARTS"]


def _subscription(session: Session, notice: Notice) -> Mapping[str, Any]:
    subscription = found_row(session, Subscription, int(named(notice, "subscription_id")), "subscription")
    must_be_theirs(notice, subscription.customer_id, "subscription")
    unpaid = select(Document).where(about(subscription.id), Document.owed()).order_by(Document.due_on, Document.id)
    home = home_of(session, notice)
    told = {
        "plan": Own(found_row(session, Plan, subscription.plan_id, "plan").name),
        "suspended": subscription.state == State.SUSPENDED,
        "for_debt": subscription.suspended_for == SuspendedBy.DEBT,
        "ends_on": _last_day(subscription.service_ends_on),
        "trial_ends_on": _last_day(subscription.phase_ends_on),
        "by_hand": subscription.collection == "manual",
        "unpaid": Debts([_debt(document, home) for document in session.scalars(unpaid)]),
    }
    return {"subscription": told}


def _last_day(ends_on: date | None) -> date | None:
    """As pages say it: the last day with service, not the first one without."""
    return ends_on - timedelta(days=1) if ends_on else None


def _cancellation(session: Session, notice: Notice) -> Mapping[str, Any]:
    """Without a day where it has ended already."""
    told = dict(_subscription(session, notice)["subscription"])
    subscription = found_row(session, Subscription, int(named(notice, "subscription_id")), "subscription")
    return {"subscription": {**told, "ends_on": None if subscription.state == State.CANCELED else told["ends_on"]}}


def _debt(document: Document, home: str) -> Debt:
    facts = told_of(document, home)
    return Debt(facts["title"], facts["owed"], facts["pay_url"])


def _price_change(session: Session, notice: Notice) -> Mapping[str, Any]:
    facts = _subscription(session, notice)
    row = found_row(session, Reprice, int(named(notice, "reprice_id")), "price change")
    subscription = found_row(session, Subscription, int(notice.data["subscription_id"]), "subscription")
    if notice.kind == "price_stays":
        return {**facts, "change": {"from": row.existing_from, **_billed_already(session, subscription, row.id)}}
    if row.state in ("recalling", "withdrawn"):
        raise NoticeRejected("the price change was withdrawn, so nobody is told of it")
    return {**facts, "change": _dearer(session, subscription, row.existing_from)}


def _dearer(session: Session, subscription: Subscription, day: date) -> dict[str, Any]:
    part, catalogue = SubscriptionComponent, Catalogue()
    parts = session.execute(
        select(part.price_id, part.quantity).where(part.subscription_id == subscription.id, part.ends_on.is_(None))
    ).all()
    catalogue.need(session, prices=[price_id for price_id, _ in parts])
    eve = day - timedelta(days=1)
    first = _first_dearer(session, subscription, day, [catalogue.price_at(price_id, eve) for price_id, _ in parts])
    before, after = (
        sum(catalogue.prices[catalogue.price_at(price_id, on)].amount_minor * quantity for price_id, quantity in parts)
        for on in (eve, first)
    )
    if before == after:
        raise NoticeRejected("what they pay does not change any more")
    costs = {"before": Money(before, subscription.currency), "after": Money(after, subscription.currency)}
    return {"from": first, **costs, "term": TermOf(str(Term.parse(subscription.term)))}


def _billed_already(session: Session, subscription: Subscription, reprice_id: int) -> dict[str, Any]:
    """What was billed at the price that was taken back, and what is paid afterwards; nothing where nothing was."""
    term = TermOf(str(Term.parse(subscription.term)))
    found = list(billed_at(session, reprice_id, subscription.id))
    if not found:
        return {"billed_from": None, "next": None, "before": None, "after": None, "term": term}
    part, catalogue = SubscriptionComponent, Catalogue()
    parts = session.execute(
        select(part.id, part.price_id, part.quantity).where(
            part.subscription_id == subscription.id, part.ends_on.is_(None)
        )
    ).all()
    start, end = min(one.starts_on for one in found), max(one.ends_on for one in found)
    at = {one.component_id: one.price_id for one in found}
    catalogue.need(session, prices={price_id for _, price_id, _ in parts} | set(at.values()))

    def costs(prices: Iterable[tuple[int, int]]) -> Money:
        return Money(sum(catalogue.prices[one].amount_minor * units for one, units in prices), subscription.currency)

    ends = subscription.billing_ends_on is not None and subscription.billing_ends_on <= end
    return {
        "billed_from": start,
        "next": None if ends else end,
        "before": costs((catalogue.price_at(price_id, end), units) for _, price_id, units in parts),
        "after": costs((at.get(key) or catalogue.price_at(price_id, start), units) for key, price_id, units in parts),
        "term": term,
    }


def _first_dearer(session: Session, subscription: Subscription, day: date, old: list[int]) -> date:
    """The first day of the first period from `day` on that is not billed by the `old` prices already: who has paid
    ahead pays the new one later."""
    line = DocumentLine
    billed = (
        select(func.min(line.period_start))
        .join(Document, Document.id == line.document_id)
        .where(line.subscription_id == subscription.id, line.kind == "recurring", line.period_start >= day)
        .where(line.price_id.not_in(old), Document.kind == "invoice", Document.state != "void")
    )
    found = session.scalar(billed)
    if found is not None:
        return found
    anchor, term = subscription.anchor, Term.parse(subscription.term)
    begins = max(day, subscription.billed_through or day)
    number = cycle_index(anchor, term, begins)
    return begins if cycle_start(anchor, term, number) >= day else cycle_start(anchor, term, number + 1)


def _suspension(session: Session, notice: Notice) -> Mapping[str, Any]:
    facts = _subscription(session, notice)
    if not facts["subscription"]["suspended"]:
        raise NoticeRejected(f"{facts['subscription']['plan']} is not suspended any more, so nobody is told that it is")
    return facts


def _trial(session: Session, notice: Notice) -> Mapping[str, Any]:
    facts = _subscription(session, notice)
    told = facts["subscription"]
    if told["ends_on"] and told["trial_ends_on"] and told["ends_on"] <= told["trial_ends_on"]:
        raise NoticeRejected(f"{told['plan']} was canceled meanwhile, so nobody is told that its trial ends")
    return facts


def _throttled(session: Session, notice: Notice) -> Mapping[str, Any]:
    facts = _subscription(session, notice)
    if not facts["subscription"]["unpaid"]:
        raise NoticeRejected("it was paid meanwhile, so nobody is told that less can be watched")
    return facts


def _promise(session: Session, notice: Notice) -> Mapping[str, Any]:
    promise = found_row(session, PaymentPromise, int(named(notice, "promise_id")), "promise")
    must_be_theirs(notice, promise.customer_id, "promise")
    return {"promise": {"day": promise.day, "owed": Money(promise.owed_minor, promise.currency)}}


def _allowance(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told; gone with the period, or when staff have taken events out again."""
    facts = _subscription(session, notice)
    subscription_id, metric_id = int(named(notice, "subscription_id")), int(named(notice, "metric_id"))
    found = current_usage(session, [subscription_id]).get(subscription_id, [])
    one = next((now for now in found if now.metric_id == metric_id), None)
    percent = int(named(notice, "percent"))
    if one is None or one.percent is None or one.percent < percent:
        raise NoticeRejected("that much of the allowance is not used any more, so nobody is told that it is")
    told = {"name": Own(one.name), "unit": one.unit, "percent": one.percent}
    amounts = {name: Decimal(getattr(one, name)) for name in ("used", "allowance")}
    until = one.ends_on - timedelta(days=1)
    return {**facts, "usage": {**told, **amounts, "until": until, "all": one.percent >= 100}}


PARTS: Parts = {
    "allowance": (_allowance,),
    "canceled": (_cancellation,),
    "order_held": (_subscription,),
    "order_refused": (_subscription,),
    "price_change": (_price_change,),
    "price_stays": (_price_change,),
    "promised": (_subscription, _promise),
    "restored": (_subscription,),
    "suspended": (_suspension,),
    "throttled": (_throttled,),
    "trial_ending": (_trial,),
}
