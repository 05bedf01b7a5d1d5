"""Metered use: events told in batches, and what a subscription has used of a period, with what that comes to."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from billhead.actions.usage._files import event_of
from billhead.actions.usage.record_events import Became, record_events
from billhead.actions.usage.usage_of_period import UsedOfMetric, usage_of_period
from billhead.db import reading
from billhead.domain.errors import InvalidInput
from billhead.models.subscriptions import Subscription
from billhead.plugin import UsageReading, allow
from billhead.web.admin.area import found
from billhead.web.api_staff.asking import amount, api_staff, day, typed
from billhead.web.programs import acting, fields, text

__all__ = ["MOST_EVENTS"]

MOST_EVENTS = 1000

_Read = tuple[object, UsageReading | None, str]
"""(its id as it was told, the event, why it is none)."""


def _events(value: object) -> list[_Read]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_EVENTS:
        raise ValueError(f"must be a list of 1 to {MOST_EVENTS} events")
    return [_read(one) for one in value]


def _read(told: Any) -> _Read:
    try:
        event = event_of(told)
    except ValueError as why:
        return told.get("id") if isinstance(told, dict) else None, None, str(why)
    return event.id, event, ""


@api_staff.post("/usage")
@allow("anyone")
def tell_usage() -> ResponseReturnValue:
    """One that is refused costs no other; what is an event at all is kept for another try, as from a file."""
    told = fields({"source": text(40), "events": _events}, ("source", "events"), exact=True)
    read: list[_Read] = told["events"]
    with acting() as tx:
        done = record_events(tx, told["source"], [event for _, event, _ in read if event is not None], each=True)
    became = iter(done.each)
    return {
        "batch": done.batch_id,
        "accepted": done.accepted,
        "duplicates": done.duplicates,
        "rejected": len(read) - done.accepted - done.duplicates,
        "late": done.late,
        "events": [
            _result(key, next(became) if event else ("rejected", "unreadable", why)) for key, event, why in read
        ],
    }


def _result(key: object, became: Became) -> dict[str, object]:
    outcome, reason, message = became
    return {
        "id": str(key)[:64] if key is not None else None,
        "outcome": outcome,
        "reason": reason or None,
        "message": message or None,
    }


@api_staff.get("/subscriptions/<int:key>/usage")
@allow("anyone")
def usage_of_subscription(key: int) -> ResponseReturnValue:
    """Of the running period, or of the one that `on` lies in."""
    on = None
    for name, value in request.args.items():
        if name != "on":
            raise InvalidInput(name[:60], "is not known here")
        try:
            on = typed(value)
        except ValueError as wrong:
            raise InvalidInput("on", str(wrong)) from wrong
    with reading() as session:
        found(session, Subscription, key, "subscription")
        period = usage_of_period(session, key, on)
    return {
        "id": key,
        "usage": [_used(one) for one in period.found],
        "earlier": day(period.earlier),
        "later": day(period.later),
    }


def _used(one: UsedOfMetric) -> dict[str, object]:
    currency = one.amount.currency
    return {
        "metric": one.metric,
        "name": one.name,
        "unit": one.unit,
        "starts_on": day(one.starts_on),
        "ends_on": day(one.ends_on),
        "events": one.events,
        "used": one.used,
        "included": one.allowance,
        "currency": currency,
        "amount": amount(one.amount.minor, currency),
        "adjusted": amount(one.adjusted.minor, currency),
        "billed": amount(one.billed.minor, currency) if one.billed is not None else None,
        "tiers": [
            {
                "up_to": tier.up_to,
                "price": tier.price,
                "per": tier.per,
                "used": tier.used,
                "amount": amount(tier.amount.minor, currency),
            }
            for tier in one.tiers
        ],
        "days": [{"day": day(of.day), "events": of.events, "used": of.used} for of in one.days],
    }
