"""How much something touches, in figures: said before it is done."""

from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing.next_document import next_document
from billhead.bulk import how_many
from billhead.domain.money import Money
from billhead.domain.subscription import STANDING, State
from billhead.models.catalogue import Plan
from billhead.models.operations import Job
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount, PaymentMethod
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent
from billhead.plugin_host import Plugin
from billhead.plugin_host.discovery import code_of
from billhead.web.own_words import own_word
from billhead.web.speaking import say

__all__ = ["Renewed", "by_method", "of_panel", "of_plan", "of_plugin"]

_MOST = 10
_RUNS = Subscription.state.in_([one.value for one in STANDING])


class Renewed(NamedTuple):
    """A subscription that a saved method renews; `owed`: what is charged next, where that is known."""

    subscription: Subscription
    plan: str
    owed: Money | None


def of_plan(session: Session, plan_id: int) -> str:
    """Who has a plan or add-on, and orders of it."""
    today = clock.business_now().date()
    part = select(SubscriptionComponent.subscription_id).where(
        SubscriptionComponent.plan_id == plan_id,
        SubscriptionComponent.ends_on.is_(None) | (SubscriptionComponent.ends_on > today),
    )
    theirs = or_(Subscription.plan_id == plan_id, Subscription.id.in_(part))
    running, ordered = (
        how_many(session, theirs, _RUNS),
        how_many(session, theirs, Subscription.state == State.PENDING.value),
    )
    return say(
        "Subscriptions that have it, and renew as before: %(running)s. Orders of it that wait to be paid: %(ordered)s.",
        running=running,
        ordered=ordered,
    )


def of_panel(session: Session, panel_id: int) -> str:
    lines = how_many(session, Service.panel_id == panel_id, Service.lifecycle != "gone")
    waiting = how_many(session, Job.lane == f"panel:{panel_id}", Job.state == "queued")
    return say("Lines on it: %(lines)s. Changes that wait in its queue: %(waiting)s.", lines=lines, waiting=waiting)


def of_plugin(session: Session, plugin: Plugin) -> str:
    """The panels and gateway accounts that need it; "" for one that has neither."""
    modules = [code_of(one) for one in plugin.offers.get("provisioning_modules", ())]
    gateways = [code_of(one) for one in plugin.offers.get("payment_gateways", ())]
    told = []
    if modules:
        mine = Panel.module.in_(modules)
        lines = how_many(session, Service.panel_id.in_(select(Panel.id).where(mine)), Service.lifecycle != "gone")
        told.append(
            say("Panels of it: %(panels)s, lines on them: %(lines)s.", panels=how_many(session, mine), lines=lines)
        )
    if gateways:
        active = GatewayAccount.gateway.in_(gateways) & GatewayAccount.enabled
        saved = select(PaymentMethod.id).where(
            PaymentMethod.account_id.in_(select(GatewayAccount.id).where(active)), PaymentMethod.usable
        )
        number, charged = (
            how_many(session, active),
            how_many(session, _RUNS, Subscription.payment_method_id.in_(saved)),
        )
        told.append(
            say(
                "Gateway accounts of it: %(number)s. Subscriptions that are charged there by themselves: %(charged)s.",
                number=number,
                charged=charged,
            )
        )
    return " ".join(told)


def by_method(session: Session, method_id: int) -> tuple[int, list[Renewed]]:
    """How many a saved method renews, and the soonest of them, up to ten."""
    renewed = Subscription.payment_method_id == method_id, _RUNS, Subscription.service_ends_on.is_(None)
    rows = session.execute(
        select(Subscription, Plan.name)
        .join(Plan, Plan.id == Subscription.plan_id)
        .where(*renewed)
        .order_by(Subscription.next_bill_on, Subscription.id)
        .limit(_MOST)
    ).all()
    return how_many(session, *renewed), [Renewed(one, own_word(plan), _owed(session, one)) for one, plan in rows]


def _owed(session: Session, subscription: Subscription) -> Money | None:
    document = next_document(session, subscription.id).document
    return Money(document.owed, document.currency) if document is not None else None
