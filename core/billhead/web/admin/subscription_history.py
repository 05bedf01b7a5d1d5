"""What happened to a subscription, in words: an event keeps ids, codes and ISO dates, for programs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead.domain.typed_day import typed_day
from billhead.models.catalogue import Plan
from billhead.models.panels import Panel
from billhead.models.people import Customer
from billhead.models.subscriptions import SubscriptionEvent
from billhead.web.formatting import day, last_day, lasting
from billhead.web.movements import bought_by_credits
from billhead.web.speaking import marked, say, say_word

__all__ = ["History"]

_CALLED = {
    "account_id": marked("account"),
    "billed_until": marked("billed until"),
    "billing_ended_on": marked("billing ended on"),
    "by_staff": marked("by staff"),
    "case_id": marked("order screening"),
    "customer_id": marked("customer"),
    "document_id": marked("document"),
    "ends_on": marked("ends on"),
    "free_time_id": marked("free time"),
    "hold_id": marked("held credits"),
    "other_customer_id": marked("the same card at customer"),
    "paid_through": marked("paid until"),
    "plan_id": marked("plan"),
    "proforma_id": marked("proforma"),
    "service_ended_on": marked("service ended on"),
    "supply_id": marked("shop order"),
}
_PLANS, _CUSTOMERS, _PANEL = ("plan_id", "plan"), ("customer_id", "other_customer_id", "giver"), ("panel",)
_WORDS = ("because", "fields", "money", "policy", "way")
_ENDS = ("billed_until", "ends_on", "paid_through", "until")
_AS_WRITTEN = ("code", "codes", "line", "why")


class History:
    """Their details, with the names of what they are about: of what the page does not know, a statement a kind."""

    def __init__(self, session: Session, events: Sequence[SubscriptionEvent], plan: Plan, customer: Customer) -> None:
        plans = {plan.id: plan.name, plan.code: plan.name}
        if more := _kept(events, *_PLANS) - set(plans):
            found = or_(Plan.id.in_(_numbers(more)), (Plan.seller_id == plan.seller_id) & Plan.code.in_(_codes(more)))
            named = session.execute(select(Plan.id, Plan.code, Plan.name).where(found))
            plans |= {key: name for id_, code, name in named for key in (id_, code)}
        people = {customer.id: customer.name}
        if others := _numbers(_kept(events, *_CUSTOMERS)):
            whose = select(Customer.id, Customer.name).where(Customer.id.in_(others))
            people |= dict(session.execute(whose).all())
        panels: dict[str, str] = {}
        if codes := _codes(_kept(events, *_PANEL)):
            panels = dict(session.execute(select(Panel.code, Panel.name).where(Panel.code.in_(codes))).all())
        self._bought = bought_by_credits(session, events)
        self._names: dict[str, Mapping[Any, str]] = {
            **dict.fromkeys(_PLANS, plans), **dict.fromkeys(_CUSTOMERS, people), **dict.fromkeys(_PANEL, panels)
        }  # fmt: skip

    def told(self, event: SubscriptionEvent) -> Markup:
        """ "paid through: 17 Dec 2026, panel: Main portal"; what is empty is not said."""
        if event.id in self._bought:
            return Markup("<bdi>{}</bdi>").format(self._bought[event.id])
        return Markup(", ").join(self._parts(event.kind, event.details))

    def _parts(self, kind: str, details: Mapping[str, Any]) -> Iterator[Markup]:
        for name, value in details.items():
            if value not in (None, "", [], False):
                yield Markup("{}: <bdi>{}</bdi>").format(_called(kind, name), escape(self._shown(kind, name, value)))

    def _shown(self, kind: str, name: str, value: Any) -> str:
        if isinstance(value, list):
            return ", ".join(self._shown(kind, name, one) for one in value)
        if (meant := _meant(kind, name)) in self._names:
            return self._names[meant].get(value, str(value))
        if value is True:
            return say("yes")
        if name == "term":
            return lasting(str(value))
        return say_word(value) if name in _WORDS else _dated(name, value)


def _kept(events: Sequence[SubscriptionEvent], *names: str) -> set[int | str]:
    """The ids and codes that stand there under these names."""
    return {
        value
        for one in events
        for name, value in one.details.items()
        if _meant(one.kind, name) in names and isinstance(value, int | str)
    }


def _meant(kind: str, name: str) -> str:
    """ "before" is a plan, and a customer where it was handed over."""
    return name if name != "before" else "giver" if kind == "transferred" else "plan_id"


def _numbers(values: set[int | str]) -> set[int]:
    return {one for one in values if isinstance(one, int)}


def _codes(values: set[int | str]) -> set[str]:
    return {one for one in values if isinstance(one, str)}


def _called(kind: str, name: str) -> str:
    if name == "before":
        return say("customer before") if kind == "transferred" else say("plan before")
    return say_word(_CALLED.get(name, name))


def _dated(name: str, value: Any) -> str:
    found: date | None = typed_day(value) if isinstance(value, str) and name not in _AS_WRITTEN else None
    if name in _ENDS:
        found = last_day(found)
    return day(found) if found is not None else str(value)
