"""Change what a subscription has: plan, term, add-ons, quantities. Now, at the end of the term, or from a past day."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._difference import History
from billhead.actions.billing._draft import next_period_minor
from billhead.actions.billing._extended import extended, lost_days
from billhead.actions.billing._rated import Rated, RatedLine
from billhead.actions.billing.rebill import Desk, preview_rebill
from billhead.actions.documents._subscriptions import owed_of
from billhead.actions.shops._changing import has_price
from billhead.actions.shops._may_come import refuse_while_supplied
from billhead.actions.shops._supplying import is_supplied
from billhead.actions.subscriptions._making import Changed, make_change
from billhead.actions.subscriptions._offers import offer_change, subscription_to_end, withdraw_offers
from billhead.actions.subscriptions._own_ends import change_ends, with_own_end
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.actions.subscriptions._scheduled import last_cancel, schedule, wished_of
from billhead.actions.subscriptions._state import handed_over_on, record, visible_subscription
from billhead.actions.subscriptions._steps import Steps, given_ahead, history_after, steps_of
from billhead.actions.subscriptions._taking_steps import look_again, take_steps
from billhead.actions.subscriptions._wish import ChangeWish, Resolved, resolved
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.changes import When
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.domain.periods import merged, without
from billhead.domain.subscription import RUNNING
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["AddOnOrder", "ChangePreview", "ChangeWish", "Changed", "change", "preview_change"]


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """`lines` and totals are those of the document; `total_minor` is below zero where something comes back as credit.

    `renewal_minor` is what the next whole period costs, less what coupons still give, before tax is added where prices
    are without. `must_pay`: the
    change is made when the difference is paid. `days`: so many more come at the end of what is paid, below zero: fewer;
    `renews_on` is the day after them. `free_until`: the change comes within days that were given, which cost nothing
    whatever is had on them; the first day after these. `ends_on`: the first day after what is had then, where nothing
    follows; if that is paid for already nothing is renewed.
    """

    when: str
    effective_on: date
    currency: str
    lines: tuple[RatedLine, ...]
    net_minor: int
    tax_minor: int
    total_minor: int
    renewal_minor: int
    renews_on: date | None
    must_pay: bool
    days: int = 0
    free_until: date | None = None
    ends_on: date | None = None

    @property
    def seen(self) -> str:
        """What is agreed to: another one, and it costs something else, or comes at another time."""
        return f"{self.when}|{self.effective_on}|{self.currency}|{self.total_minor}|{self.renewal_minor}|{self.days}"


@dataclass(frozen=True, slots=True)
class _Planned:
    history: History
    wish: Resolved
    steps: Steps
    on: date
    when: When
    rated: Rated | None
    must_pay: bool
    renews_on: date | None
    catalogue: Catalogue
    days: int = 0


def preview_change(tx: Tx, wish: ChangeWish) -> ChangePreview:
    """What `change` would do and cost, to the cent, without doing it. Raises what `change` raises."""
    subscription = visible_subscription(tx, wish.subscription_id)
    return _shown(tx, subscription, _planned(tx, subscription, wish))


def _shown(tx: Tx, subscription: Subscription, plan: _Planned) -> ChangePreview:
    rated = plan.rated
    sign = -1 if rated is not None and rated.kind == "credit_note" else 1
    return ChangePreview(
        plan.when.value,
        plan.on,
        subscription.currency,
        rated.lines if rated else (),
        sign * rated.net_minor if rated else 0,
        sign * rated.tax_minor if rated else 0,
        sign * rated.total_minor if rated else 0,
        _renewal(plan),
        None if _is_last(plan) else plan.renews_on,
        plan.must_pay,
        plan.days,
        _free_until(plan),
        None if plan.days else plan.steps.item.billing_ends_on,
    )


def _is_last(plan: _Planned) -> bool:
    ends = plan.steps.item.billing_ends_on
    return ends is not None and plan.renews_on is not None and ends <= plan.renews_on


def _free_until(plan: _Planned) -> date | None:
    given = merged(without(plan.history.free, plan.history.extended)) if plan.when is When.IMMEDIATE else []
    return next((one.end for one in given if plan.on in one), None)


def _billed_to(steps: Steps, rated: Rated | None) -> date | None:
    """After what is billed now: a term that begins today has its first period on the document."""
    ends = [line.period_end for line in (rated.lines if rated else ()) if line.kind == "recurring"]
    return max([day for day in (*ends, steps.item.billed_through) if day is not None], default=None)


def _longer(
    history: History, desk: Desk, steps: Steps, on: date, billed_to: date | None, *, paid_now: bool
) -> tuple[int, date | None]:
    """How many days the change adds behind what is billed then, and the first day after these and given ones."""
    given = given_ahead(history, steps, on)
    history = history_after(history, steps, on)._replace(item=steps.item._replace(billed_through=billed_to))
    found = extended(history, desk.catalogue, paid_now=paid_now)
    days = found.due - found.there
    return days, billed_to and billed_to + timedelta(days=days + given)


@verb("subscriptions.change")
def change(tx: Tx, wish: ChangeWish, seen: str = "") -> Changed:
    """Make the change at once, schedule it for the end of the term, or offer it as a proforma that makes it when paid.

    More money a day comes at once, less at the end of the term, unless the operator's rules or staff say otherwise. In
    a reseller's shop the lines have it with the reseller's credits: with those of the next term where none of its days
    was billed, or it has no price in credits for the term that these were bought for. `seen` is that of the preview
    that was shown, if any was.
    Raises NotAllowed (forbidden by the rules), Conflict (an unpaid invoice, a subscription that does not run; with
    `seen` "price_changed") and what the price list refuses.
    """
    subscription = subscription_to_end(tx, wish.subscription_id, wish.on)
    plan = _planned(tx, subscription, wish)
    if seen and _shown(tx, subscription, plan).seen != seen:
        raise Conflict("the price has changed since it was shown", code="price_changed")
    withdraw_offers(tx, subscription.id)
    if plan.when is When.END_OF_TERM:
        return _schedule(tx, subscription, plan)
    if plan.must_pay and plan.rated is not None:
        document_id = offer_change(tx, subscription, plan.rated, _stored(wish), plan.on)
        total = plan.rated.total_minor
        return Changed(subscription.id, "offered", plan.on.isoformat(), document_id, total)
    return make_change(tx, subscription, plan.steps, plan.on)


def _planned(tx: Tx, subscription: Subscription, wish: ChangeWish) -> _Planned:
    staff = tx.ctx.may("subscriptions.write")
    _refuse_impossible(tx, subscription, wish, staff)
    desk = Desk()
    history = desk.history(tx.session, subscription.id)
    today = history.item.target
    on = wish.on or today
    earliest = handed_over_on(tx, subscription.id) or subscription.started_on
    if wish.restart:  # no whole period begins in a trial
        earliest = max(earliest, subscription.phase_ends_on or earliest)
    if on > today or on < earliest:
        raise InvalidInput("on", f"must be from {earliest} to today, {today}, got {on}")
    asked = resolved(tx, subscription, history, wish, on)
    when = _moment(asked, wish, staff)
    if not wish.when and not staff and _paid_elsewhere(history):
        when = When.END_OF_TERM
    wanted = {"plans": {one.plan_id for one in asked.parts}, "prices": {one.price_id for one in asked.parts}}
    desk.catalogue.need(tx.session, **wanted)
    if when is not When.END_OF_TERM:
        may_begin = not is_supplied(subscription)
        steps = _steps(history, asked, on, desk.catalogue, restart=wish.restart, may_begin=may_begin)
        steps = with_own_end(tx, subscription, steps, on)
        found = preview_rebill(tx.session, desk, history_after(history, steps, on), credit=False)
        lost = lost_days(history, steps.item, on, desk.catalogue)
        if lost and (wish.when or wish.on):
            raise InvalidInput(
                "on" if wish.on else "when",
                "a part of a period costs its full price here, and no day can be added for the rest of it",
                hint="make the change at the end of the term",
            )
        if not lost and (not is_supplied(subscription) or (found.kind and has_price(tx, subscription, asked.parts))):
            owes = found.kind == "invoice" and found.total_minor > 0
            must_pay = owes and subscription.collection == "manual" and not staff
            rated = found if found.kind else None
            paid_now = owes and (must_pay or not _stays_open(tx, desk, history_after(history, steps, on)))
            days, renews_on = _longer(history, desk, steps, on, _billed_to(steps, rated), paid_now=paid_now)
            return _Planned(history, asked, steps, on, when, rated, must_pay, renews_on, desk.catalogue, days)
    end = subscription.next_bill_on if subscription.timing == "arrears" else subscription.billed_through
    on = max(end or today, today)
    steps = with_own_end(tx, subscription, _steps(history, asked, on, desk.catalogue), on)
    return _Planned(history, asked, steps, on, When.END_OF_TERM, None, False, _billed_to(steps, None), desk.catalogue)


def _stays_open(tx: Tx, desk: Desk, after: History) -> bool:
    """Whether what staff change waits for money that is not here as credit."""
    return after.item.collection == "manual" and preview_rebill(tx.session, desk, after).owed_minor > 0


def _steps(history: History, asked: Resolved, on: date, catalogue: Catalogue, **begins: bool) -> Steps:
    to = asked.plan.id, asked.term
    steps = steps_of(history.item, asked.parts, on, plan_id=to[0], term=to[1], catalogue=catalogue, **begins)
    if not steps.ends and not steps.adds:
        raise InvalidInput("plan", "this is what the subscription has already")
    return steps


def _paid_elsewhere(history: History) -> bool:
    """What an import brought was billed by another system: nothing here tells what its unused days are worth."""
    item = history.item
    billed = [line.billed.period for lines in history.standing.values() for line in lines]
    running = item.billed_through is not None and item.billed_through > item.target and item.phase != "trial"
    return running and not any(item.target in period for period in billed)


def _refuse_impossible(tx: Tx, subscription: Subscription, wish: ChangeWish, staff: bool) -> None:
    if not staff and (wish.on is not None or wish.when or wish.restart):
        raise NotAllowed("only staff may choose the day of a change")
    by_hand = subscription.collection == "manual" or is_supplied(subscription)
    if wish.restart and (by_hand or subscription.timing == "arrears" or subscription.phase == "trial"):
        raise InvalidInput("restart", "only what is billed in advance by the calendar can begin anew today")
    if subscription.timing == "arrears" and wish.term and wish.term != subscription.term:
        raise InvalidInput("term", "what is billed afterwards keeps its term", hint="order it as a new subscription")
    if subscription.settlement == "credits":
        raise Conflict("a reseller pays for this subscription with credits", hint="change it in the reseller's area")
    if subscription.state not in RUNNING:
        raise Conflict(
            f"a subscription that is {subscription.state} can't be changed", hint="renew or restore it first"
        )
    if is_supplied(subscription):
        refuse_while_supplied(tx, subscription)
    if last_cancel(tx, subscription.id) is not None:
        raise Conflict("this subscription is about to end", hint="take the cancellation back first")
    if wished_of(tx, subscription.id, "change"):
        raise Conflict("another change is planned already", code="change_planned", hint="take it back first")
    if not staff and owed_of(tx.session, subscription.id):
        raise Conflict("an invoice of this subscription is not paid yet", code="unpaid_renewal", hint="pay it first")


def _moment(asked: Resolved, wish: ChangeWish, staff: bool) -> When:
    if asked.when is When.FORBIDDEN and not staff:
        raise NotAllowed(f"{asked.plan.name} can't be changed to from here", hint="order it as a new subscription")
    if wish.when:
        try:
            return When(wish.when)
        except ValueError:
            raise InvalidInput("when", f"{wish.when!r} is not immediate or end_of_term") from None
    if wish.on is not None or wish.restart:
        return When.IMMEDIATE
    return When.IMMEDIATE if asked.when is When.FORBIDDEN else asked.when


def _schedule(tx: Tx, subscription: Subscription, plan: _Planned) -> Changed:
    """The parts change by their dates, so billing goes on in the new way by itself; the lines follow on the day."""
    before: dict[str, Any] = {
        "term": subscription.term,
        "anchor": subscription.anchor.isoformat(),
        "then": plan.steps.item.anchor.isoformat(),
        "ended": list(plan.steps.ends),
    }
    ending = {one: tx.session.get_one(SubscriptionComponent, one).ends_on for one in plan.steps.ends}
    before["ends_on"] = {str(key): ends_on.isoformat() for key, ends_on in ending.items() if ends_on is not None}
    later = plan.steps._replace(item=plan.steps.item._replace(plan_id=subscription.plan_id))
    term = subscription.term
    before["added"] = take_steps(tx, subscription, later, plan.on)
    if (plan.wish.plan.id, plan.wish.term) != (subscription.plan_id, term):
        before["ends"] = change_ends(tx, subscription, subscription.plan_id, plan.wish.plan.id, plan.on)
        look_again(tx, subscription, plan.history.item.target)
    wish = {"plan_id": plan.wish.plan.id, "plan": plan.wish.plan.code, "term": plan.wish.term}
    schedule(tx, subscription, "change", plan.on, wish, before)
    record(tx, subscription, "change_scheduled", plan.on, plan_id=plan.wish.plan.id)
    return Changed(subscription.id, "scheduled", plan.on.isoformat())


def _renewal(plan: _Planned) -> int:
    """By the run's own code, with what coupons have left after the document of the change."""
    after = {one.redemption_id: one.after for one in (plan.rated.used if plan.rated else ())}
    left = tuple(after.get(one.redemption_id, one) for one in plan.steps.item.redeemed)
    return next_period_minor(plan.steps.item._replace(redeemed=left), plan.catalogue, plan.renews_on or plan.on)


def _stored(wish: ChangeWish) -> dict[str, Any]:
    return {"plan": wish.plan, "term": wish.term, "quantity": wish.quantity,
            "addons": None if wish.addons is None else [asdict(one) for one in wish.addons]}  # fmt: skip
