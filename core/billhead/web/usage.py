"""Metered use and what was bought once, as the pages of customers and staff show it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.usage.current_usage import UsageNow, current_usage
from billhead.db import reading
from billhead.domain.money import Money
from billhead.domain.usage import Pricing, UsageTerms, shown_quantity, terms_from
from billhead.models.catalogue import Plan
from billhead.models.entitlements import Entitlement
from billhead.models.subscriptions import Subscription
from billhead.models.usage import UsageBilled, UsageEvent, UsageMetric, UsagePrice, UsageSource
from billhead.web.own_words import own_word
from billhead.web.speaking import marked, say

__all__ = ["EVENT_COLUMNS", "UsageShown", "event_rows", "priced_usage", "purchases_of", "usage_shown"]

_PERIODS = 24
_DAYS = 31
_EPOCH = date(1970, 1, 1)

EVENT_COLUMNS = ("at", "metric", "quantity", "unit", "item", "source", "id")


class Purchase(NamedTuple):
    """`left` says what of a pass is there still, "" for what is none."""

    bought: Entitlement
    name: str
    left: str


@dataclass(frozen=True, slots=True)
class UsedThen:
    """A period that was billed, with what came late. `amount` is as the price book has it."""

    starts_on: date
    ends_on: date
    name: str
    unit: str
    used: str
    allowance: str
    amount: Money


@dataclass(frozen=True, slots=True)
class UsageShown:
    now: Sequence[UsageNow]
    then: Sequence[UsedThen]


def usage_shown(session: Session, subscription_id: int) -> UsageShown:
    """Of one subscription; empty where nothing is metered."""
    now = current_usage(session, [subscription_id]).get(subscription_id, ())
    return UsageShown([replace(one, name=own_word(one.name)) for one in now], _then(session, subscription_id))


def _then(session: Session, subscription_id: int) -> list[UsedThen]:
    one = UsageBilled
    rows = session.execute(
        select(one, UsageMetric, Subscription.currency)
        .join(UsageMetric, UsageMetric.id == one.metric_id)
        .join(Subscription, Subscription.id == one.subscription_id)
        .where(one.subscription_id == subscription_id)
        .order_by(one.period_start.desc(), one.metric_id, one.component_id, one.revision)
        .limit(_PERIODS * 4)
    )
    found: dict[tuple[date, int, int], UsedThen] = {}
    for row, metric, currency in rows:
        key = (row.period_start, row.metric_id, row.component_id)
        before = found[key].amount.minor if key in found else 0
        found[key] = UsedThen(
            row.period_start,
            row.period_end,
            own_word(metric.name),
            metric.unit,
            shown_quantity(row.used, metric.decimals),
            shown_quantity(row.allowance, metric.decimals),
            Money(before + row.amount_minor, currency),
        )
    return list(found.values())[:_PERIODS]


def event_rows(subscription_id: int) -> Iterator[tuple[object, ...]]:
    """All events, the oldest first, a month at a time: they are clustered by day, so each month is some short reads."""
    one = UsageEvent
    query = (
        select(one, UsageMetric.code, UsageMetric.unit, UsageMetric.decimals, UsageSource.code)
        .join(UsageMetric, UsageMetric.id == one.metric_id)
        .join(UsageSource, UsageSource.id == one.source_id)
        .where(one.subscription_id == subscription_id)
        .order_by(one.at, one.metric_id, one.source_id, one.event_id)
    )
    with reading() as session:
        began = session.get_one(Subscription, subscription_id).started_on
    first, last = (began - _EPOCH).days - 1, (clock.business_now().date() - _EPOCH).days + 1
    for begin in range(first, last + 1, _DAYS):
        with reading() as session:
            rows = session.execute(query.where(one.day.in_(range(begin, begin + _DAYS)))).all()
        for event, metric, unit, decimals, source in rows:
            at = datetime.fromtimestamp(event.at, UTC).isoformat()
            yield at, metric, shown_quantity(event.quantity, decimals), unit, event.item, source, event.event_id


def priced_usage(session: Session, prices: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """(metric, what it costs in words) by price."""
    rows = session.execute(
        select(UsagePrice.price_id, UsageMetric.name, UsageMetric.unit, UsagePrice.terms)
        .join(UsageMetric, UsageMetric.id == UsagePrice.metric_id)
        .where(UsagePrice.price_id.in_(prices))
        .order_by(UsagePrice.id)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for price_id, name, unit, terms in rows:
        found.setdefault(price_id, []).append((name, _in_words(terms_from(terms), unit or "units")))
    return found


def _in_words(terms: UsageTerms, unit: str) -> str:
    """ "20 hours included; 0.20 each up to 50, then 0.12; at most 15.00 a month"."""
    said = []
    if terms.included:
        told = marked("%(quantity)s %(unit)s included")
        if not terms.shared:
            told = marked("%(quantity)s %(unit)s included for each line")
        said.append(say(told, quantity=_plain(terms.included), unit=unit))
    if terms.pricing is Pricing.PERCENTAGE:
        told = marked("%(percent)s %% and %(fee)s of each") if terms.event_fee else marked("%(percent)s %% of each")
        said.append(say(told, percent=_plain(terms.percent), fee=_plain(terms.event_fee)))
    elif terms.tiers:
        said.append(_tiers(terms, unit))
    if terms.minimum:
        said.append(say("at least %(amount)s a period", amount=_plain(terms.minimum)))
    if terms.cap is not None:
        said.append(say("at most %(amount)s a period", amount=_plain(terms.cap)))
    return "; ".join(said)


def _tiers(terms: UsageTerms, unit: str) -> str:
    of = marked("%(price)s each") if terms.per == 1 else marked("%(price)s for %(per)s %(unit)s")
    if terms.pricing is Pricing.PACKAGE:
        of = marked("%(price)s for every %(per)s %(unit)s begun")
    told = ""
    for tier in terms.tiers:
        part = say(of, price=_plain(tier.unit), per=_plain(terms.per), unit=unit)
        if tier.flat:
            part = say("%(price)s and %(flat)s", price=part, flat=_plain(tier.flat))
        if tier.up_to is not None:
            part = say("%(price)s up to %(most)s", price=part, most=_plain(tier.up_to))
        told = say("%(first)s, then %(next)s", first=told, next=part) if told else part
    return say("all of them: %(prices)s", prices=told) if terms.pricing is Pricing.VOLUME else told


def _plain(number: Decimal) -> str:
    """As it was typed: never with an exponent."""
    return f"{number:f}"


def purchases_of(session: Session, subscription_id: int, *, limit: int = 50) -> list[Purchase]:
    """What was bought once on it, the newest first."""
    rows = session.execute(
        select(Entitlement, Plan.name, Plan.details)
        .join(Plan, Plan.id == Entitlement.plan_id)
        .where(Entitlement.subscription_id == subscription_id)
        .order_by(Entitlement.id.desc())
        .limit(limit)
    )
    return [Purchase(one, own_word(name), _left(one, details)) for one, name, details in rows]


def _left(one: Entitlement, details: Mapping[str, Any]) -> str:
    """ "7 of 10 films left"; the catalogue may count otherwise by now."""
    if one.uses_left is None:
        return ""
    unit, most = details.get("unit") or "", max(int(details.get("uses") or 0), one.uses_left)
    return say("%(count)s of %(all)s %(unit)s left", count=one.uses_left, all=most, unit=unit).replace("  ", " ")
