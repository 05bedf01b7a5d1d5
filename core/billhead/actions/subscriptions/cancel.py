"""End a subscription. Two dates that need not be the same: when the service ends, and up to when it is billed."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from billhead import clock
from billhead.actions.billing._calendars import calendar_of
from billhead.actions.billing.rebill import NOTHING_WRITTEN, Rebilled, rebill
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning.want import want
from billhead.actions.rehearse import rehearse
from billhead.actions.resellers._telling import tell_payer
from billhead.actions.subscriptions._beginning import begin_changes
from billhead.actions.subscriptions._extending import ends_of, extend
from billhead.actions.subscriptions._given_since import given_since, last_free_time, length_of
from billhead.actions.subscriptions._holding import kept_since, paid_after_hold
from billhead.actions.subscriptions._money_rule import money_rule
from billhead.actions.subscriptions._offers import subscription_to_end, withdraw_offers
from billhead.actions.subscriptions._open_invoices import open_rule, owed_on, settle_drafts, void_open
from billhead.actions.subscriptions._scheduled import last_cancel, take_back, wished_of
from billhead.actions.subscriptions._state import live_services, move, record
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.usage._ending import end_usage
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.domain.periods import refuse_far
from billhead.domain.subscription import Event, State
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription
from billhead.plugin_host import plugins

__all__ = ["MONEY", "POLICIES", "Canceled", "cancel", "preview_cancel"]

POLICIES = ("end_of_term", "immediate", "start_of_term", "on_date")
"""When the service ends: after what is paid, now, now with the running period given back whole, on a day."""

MONEY = ("nothing", "credit", "refund")
"""What becomes of paid days without service."""


@dataclass(frozen=True, slots=True)
class Canceled:
    """`ends_on` is the first day without service, `billed_until` the first that is not charged, ISO. `document_id` is
    the credit note or last invoice, if any, and `total_minor` what it comes to, below zero where something comes back:
    `on_owed_minor` of that lowers what is owed, the rest is the customer's. `voided_minor` of open invoices and drafts
    is not owed any more by the rule for them, and `owed_minor` still is."""

    subscription_id: int
    ends_on: str
    billed_until: str
    currency: str
    document_id: int | None = None
    total_minor: int = 0
    on_owed_minor: int = 0
    voided_minor: int = 0
    owed_minor: int = 0

    @property
    def seen(self) -> str:
        """What is agreed to: another one, and it ends on another day, or something else comes back."""
        money = self.total_minor, self.on_owed_minor, self.voided_minor, self.owed_minor
        return "|".join([self.ends_on, self.currency, *map(str, money)])


class _Dates(NamedTuple):
    service: date
    billing: date


def preview_cancel(
    ctx: Context, subscription_id: int, policy: str, *, on: date | None = None, money: str = ""
) -> Canceled:
    """What `cancel` would do: it is done, and rolled back. Raises what it raises."""
    asked = replace(ctx, idempotency_key=None)
    return rehearse(asked, lambda tx: cancel(tx, subscription_id, policy, on=on, money=money))


@verb("subscriptions.cancel")
def cancel(
    tx: Tx, subscription_id: int, policy: str, *, on: date | None = None, money: str = "", seen: str = ""
) -> Canceled:
    """End it by a policy (`end_of_term` is the default of prepaid plans: what is paid may be watched to its end).

    `money` is the plan's rule if it is not given; only staff may give it, and a day that has passed. `seen` is that of
    the preview that was shown, if any was. Raises NotAllowed when a plugin's guard refuses a customer's wish; staff's
    wish is never refused; Conflict ("price_changed") where it would come to something else than was shown.
    """
    subscription = subscription_to_end(tx, subscription_id, on)
    dates = _within_own_end(tx, subscription, _dates(tx, subscription, policy, on, money))
    if not tx.ctx.may("subscriptions.write"):
        facts = {"plan_id": subscription.plan_id, "policy": policy}
        denied = plugins().guard("before_cancel", subscription_id=subscription_id, facts=facts)
        if denied is not None:
            raise NotAllowed(denied.reason)
    today, ends = clock.today_in(subscription.zone), dates.service.isoformat()
    if (subscription.service_ends_on, subscription.billing_ends_on) == dates and dates.service > today:
        return _agreed(_outcome(tx, subscription, dates), seen)
    withdraw_offers(tx, subscription.id)
    begin_changes(tx, subscription)
    for row in wished_of(tx, subscription.id, "change", "hold"):
        take_back(tx, subscription, row)
    voids = dates.service <= today and open_rule(tx, subscription) == "void"
    voided = settle_drafts(tx, subscription, dates.billing, void=voids)
    record(tx, subscription, "cancel_asked", today, ends_on=ends, policy=policy, **_facts(tx, subscription, dates))
    subscription.service_ends_on, subscription.billing_ends_on = dates
    look_again(tx, subscription, today)
    written = rebill(tx, subscription.id, way="refund" if money_rule(tx, subscription, money) == "refund" else "credit")
    tx.session.refresh(subscription)
    if dates.service <= today:
        extend(tx, subscription, ends_of(tx, subscription))  # what came back whole buys no days
        move(tx, subscription, Event.CANCEL, today)
        if today == dates.service <= dates.billing and policy != "start_of_term":  # else more is given back than a day
            end_usage(tx, subscription)
        for service in live_services(tx, subscription):
            want(tx, service, lifecycle="unwanted")
    if voids:
        voided += void_open(tx, subscription, written.document_id)
    data = {"subscription_id": subscription.id, "ends_on": ends}
    emit(tx, "subscription.canceled", f"subscription:{subscription.id}", data)
    queue_notice(tx, subscription.customer_id, "canceled", f"canceled:{subscription.id}:{ends}", data)
    tell_payer(tx, subscription)
    return _agreed(_outcome(tx, subscription, dates, written, voided), seen)


def _outcome(
    tx: Tx, subscription: Subscription, dates: _Dates, written: Rebilled = NOTHING_WRITTEN, voided: int = 0
) -> Canceled:
    tx.session.flush()
    return Canceled(
        subscription.id,
        dates.service.isoformat(),
        dates.billing.isoformat(),
        subscription.currency,
        written.document_id,
        written.total_minor,
        written.on_owed_minor,
        voided,
        owed_on(tx.session, subscription.id),
    )


def _agreed(done: Canceled, seen: str) -> Canceled:
    if seen and done.seen != seen:
        raise Conflict("the price has changed since it was shown", code="price_changed")
    return done


def _facts(tx: Tx, subscription: Subscription, dates: _Dates) -> dict[str, Any]:
    """What taking it back needs: who canceled, and the ends that the plan had given before."""
    before = last_cancel(tx, subscription.id)
    if before is None:
        service, billing = subscription.service_ends_on, subscription.billing_ends_on
        before = {
            "service_ended_on": service.isoformat() if service else None,
            "billing_ended_on": billing.isoformat() if billing else None,
            "free_time_id": last_free_time(tx, subscription),
        }
    return {
        "billed_until": dates.billing.isoformat(),
        "by_staff": tx.ctx.may("subscriptions.write"),
        "service_ended_on": before.get("service_ended_on"),
        "billing_ended_on": before.get("billing_ended_on"),
        "free_time_id": before["free_time_id"],
    }


def _dates(tx: Tx, subscription: Subscription, policy: str, on: date | None, money: str) -> _Dates:
    if policy not in POLICIES:
        raise InvalidInput("policy", f"{policy!r} is not one of {', '.join(POLICIES)}")
    if money and money not in MONEY:
        raise InvalidInput("money", f"{money!r} is not one of {', '.join(MONEY)}")
    if subscription.settlement == "credits" and tx.ctx.scope.customer_id is not None:
        raise NotAllowed("your reseller looks after this subscription: ask there")
    staff = tx.ctx.may("subscriptions.write")
    plan = tx.session.get_one(Plan, subscription.plan_id)
    if not staff and (money or policy == "start_of_term" != plan.cancel_policy):
        raise NotAllowed("only staff may decide what becomes of paid time")
    if (policy == "on_date") != (on is not None):
        raise InvalidInput("on", "a day is needed for on_date, and for nothing else")
    if subscription.state == State.CANCELED:
        raise Conflict("this subscription is canceled already")
    today = clock.today_in(subscription.zone)
    if on is not None and on < (subscription.started_on if staff else today):
        raise InvalidInput("on", f"must be {subscription.started_on if staff else today} or later, got {on}")
    refuse_far("on", on, today)
    through, paid = subscription.billed_through, subscription.paid_through
    after_hold = paid_after_hold(tx, subscription, today) if policy == "end_of_term" else None
    if after_hold is not None:
        return _Dates(after_hold, min(through, paid) if through and paid else after_hold)
    kept = kept_since(tx, subscription)
    service = _service_end(subscription, policy, on, today)
    if policy == "start_of_term":
        return _Dates(today, _cycle_start(tx, subscription, kept or today))
    used = bool(plan.details.get("cancel_day_counts")) and (policy != "end_of_term" or service == today)
    last = service + timedelta(days=1) if used else service
    if through is None:
        return _Dates(service, service)
    if money_rule(tx, subscription, money) == "nothing":
        charged = min(through, subscription.billing_ends_on or through)  # an earlier one has let go of the rest
        stays = charged if _stays_owed(tx, subscription, policy, service <= today) else paid or service
        return _Dates(service, max(service, min(through, max(last, stays))))
    if kept is not None and service <= today:
        return _Dates(service, min(service, kept))  # none of the days that a hold has kept was watched
    return _Dates(service, last)


def _within_own_end(tx: Tx, subscription: Subscription, dates: _Dates) -> _Dates:
    """A plan that ends by itself is over then, whatever later day somebody names."""
    service, billing = subscription.service_ends_on, subscription.billing_ends_on
    canceled = last_cancel(tx, subscription.id)
    if canceled is not None:
        longer = length_of(given_since(tx, subscription, canceled["free_time_id"]))
        service, billing = (
            date.fromisoformat(day) + longer if day else None
            for day in (canceled["service_ended_on"], canceled["billing_ended_on"])
        )
    return _Dates(min(dates.service, service or date.max), min(dates.billing, billing or date.max))


def _stays_owed(tx: Tx, subscription: Subscription, policy: str, at_once: bool) -> bool:
    """Is what was billed for days without service, and is not paid, still charged? Nobody who leaves when the paid time
    is over pays for the next. What becomes void is left to be voided whole."""
    rule = "credit" if policy == "end_of_term" else open_rule(tx, subscription)
    return rule == "keep" or (rule == "void" and at_once)


def _service_end(subscription: Subscription, policy: str, on: date | None, today: date) -> date:
    if on is not None:
        return on
    standing_still = subscription.state == State.SUSPENDED
    paid = subscription.paid_through
    return max(paid, today) if policy == "end_of_term" and paid and not standing_still else today


def _cycle_start(tx: Tx, subscription: Subscription, today: date) -> date:
    """The first day of the period that runs, or today if none does."""
    if subscription.billed_through is None or subscription.billed_through <= today:
        return today
    return calendar_of(tx.session, subscription).period_at(today).start
