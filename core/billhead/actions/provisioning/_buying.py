"""Buy paid time at a panel that sells it for credits: commit the purchase, send it once, record what came of it.

    committed, then killed      → it is looked for, since it may have been sent
    bought                      → its cost is booked, the line is looked at again
    the panel says no           → proven that nothing was bought: shown to staff, tried again
    no credit left              → the same; the panel is asked again every hour
    no answer, or an odd one    → `unknown`: never sent again, looked for until it is known

Two workers at once: the service is locked while the row is written, and a row that is sent, bought or unknown stands in
the way of another one for the same paid period.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.exchange import exchange
from billhead.actions.notifications.queue_to_staff import queue_to_staff
from billhead.actions.provisioning._balance import note_balance
from billhead.actions.provisioning._desired import PanelView, panel_view
from billhead.actions.provisioning._entitled import ToBuy
from billhead.actions.provisioning._health import must_wait, note_answer
from billhead.actions.provisioning._keeping import keep_observed
from billhead.actions.provisioning._observed import as_json
from billhead.actions.provisioning._settling import Outcome, confirm, lose, refuse, tell_bought_after_all, watch
from billhead.actions.provisioning._stepping import Answer
from billhead.crash import crash_point
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import (
    NotAuthorised,
    PanelError,
    PanelOutcomeUnknown,
    PanelOutOfCredit,
    PanelUnclear,
    PanelUnreachable,
)
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import start_of_day
from billhead.domain.state import next_state
from billhead.domain.upstream import TRANSITIONS, Event, State
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service
from billhead.plugin import Purchase

__all__ = ["buy_upstream"]

log = logging.getLogger(__name__)

_CREDIT_WAIT = timedelta(hours=1)
_SENT_WITHIN = timedelta(minutes=5)
"""A process that was held up longer sends nothing any more: others may soon look for the purchase and not find it."""

_COUNTED = (State.SENT, State.BOUGHT, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Intent:
    purchase_id: int
    tries: int
    committed_at: datetime
    step: Purchase
    view: PanelView


def buy_upstream(ctx: Context, to_buy: ToBuy) -> Answer:
    """Buy what is due, if it still is. The answer is `ok` when it is bought: the line is to be looked at again."""
    waits: list[Answer] = []
    answer = exchange(ctx, intend=lambda tx: _intend(tx, to_buy, waits.append), call=_call, record=_record)
    if answer is not None:
        return answer
    return waits[0] if waits else Answer("pending", error="what is wanted has changed", wait_until=clock.business_now())


def _intend(tx: Tx, to_buy: ToBuy, wait: Callable[[Answer], Any]) -> _Intent | None:
    service = tx.session.get_one(Service, to_buy.service_id, with_for_update=True, populate_existing=True)
    if service.desired_version != to_buy.version or service.lifecycle != "wanted":
        return None
    panel = tx.session.get_one(Panel, service.panel_id, with_for_update=True, populate_existing=True)
    stopped = must_wait(tx, panel)
    if stopped is not None:
        wait(Answer("pending", error=stopped.why, wait_until=stopped.until))
        return None
    if _stands_in_the_way(tx, service, to_buy):
        soon = clock.business_now() + timedelta(minutes=1)
        wait(Answer("pending", error="another worker buys for this line", wait_until=soon))
        return None
    until = _over_the_cap(tx, panel, to_buy)
    if until is not None:
        why = f"today's limit of {Money(panel.spend_cap_minor, CREDITS)} for purchases on {panel.name} is reached"
        service.sync_error = why
        wait(Answer("pending", error=why, wait_until=until))
        return None
    assert to_buy.step is not None, "the module has planned it"
    row = _committed(tx, panel, to_buy, to_buy.step)
    return _Intent(row.id, row.tries, row.sent_at, to_buy.step, panel_view(tx.session, panel, bouquets=False))


def _stands_in_the_way(tx: Tx, service: Service, to_buy: ToBuy) -> bool:
    """Asked with the service locked: a purchase that is open, or this very period bought already."""
    mine = UpstreamPurchase.service_id == service.id, UpstreamPurchase.panel_id == service.panel_id
    is_open = UpstreamPurchase.state.in_([State.SENT, State.UNKNOWN])
    is_this = (UpstreamPurchase.entitlement == to_buy.entitlement) & (UpstreamPurchase.state == State.BOUGHT)
    return tx.session.scalar(select(UpstreamPurchase.id).where(*mine, is_open | is_this).limit(1)) is not None


def _over_the_cap(tx: Tx, panel: Panel, to_buy: ToBuy) -> datetime | None:
    """When to try again if today's purchases on this panel (locked) leave too little; staff are told once a day."""
    if not panel.spend_cap_minor:
        return None
    seller = tx.session.get_one(Seller, panel.seller_id)
    today = clock.today_in(seller.zone)
    spent = tx.session.scalar(
        select(func.sum(func.coalesce(UpstreamPurchase.cost_minor, UpstreamPurchase.max_cost_minor))).where(
            UpstreamPurchase.panel_id == panel.id,
            UpstreamPurchase.sent_on == today,
            UpstreamPurchase.state.in_(_COUNTED),
        )
    )
    if int(spent or 0) + to_buy.max_cost_minor <= panel.spend_cap_minor:
        return None
    if panel.spend_cap_told_on != today:
        panel.spend_cap_told_on = today
        data = {"panel_id": panel.id, "day": today.isoformat(), "cap_minor": panel.spend_cap_minor}
        emit(tx, "panel.spend_cap_reached", f"panel:{panel.id}", data)
        key = f"upstream_cap:{panel.id}:{today}"
        queue_to_staff(tx, panel.seller_id, "panels.write", "upstream_cap", key, {"panel_id": panel.id})
    return start_of_day(today + timedelta(days=1), seller.zone)


def _committed(tx: Tx, panel: Panel, to_buy: ToBuy, step: Purchase) -> UpstreamPurchase:
    """The row as it will stand if we die now: sent. What is proven not bought is tried again in it."""
    seller = tx.session.get_one(Seller, panel.seller_id)
    row = tx.session.scalar(
        select(UpstreamPurchase).where(UpstreamPurchase.entitlement == to_buy.entitlement).with_for_update()
    )
    if row is None:
        row = UpstreamPurchase(entitlement=to_buy.entitlement, service_id=to_buy.service_id, panel_id=panel.id,
                               state=State.SENT, tries=0, history=[])  # fmt: skip
        tx.session.add(row)
    else:
        row.state = next_state(TRANSITIONS, State(row.state), Event.TRY_AGAIN)
        row.history = [*row.history, {"sent_at": row.sent_at.isoformat(), "why": row.why, "package": row.package}]
    row.tries += 1
    row.paid_until, row.trial = to_buy.paid_until, to_buy.trial
    row.package, row.package_name, row.package_term = to_buy.package, to_buy.package_name, to_buy.package_term
    row.max_cost_minor, row.before = to_buy.max_cost_minor, as_json(step.found) if step.found is not None else None
    row.balance_before_minor, row.balance_after_minor = step.balance_minor, None
    row.sent_at, row.sent_on = clock.business_now(), clock.today_in(seller.zone)
    row.why, row.looks, row.resolved_at = "", 0, None
    watch(tx, row)
    return row


def _call(intent: _Intent) -> Outcome:
    """The one time that it is sent. Only an error that proves the contrary says that nothing was bought."""
    crash_point("purchase.committed")
    view = intent.view
    if clock.business_now() - intent.committed_at > _SENT_WITHIN:
        return Outcome(State.NOT_BOUGHT, error=PanelError("Nothing was sent: it was held up for too long before that."))
    try:
        outcome = Outcome(State.BOUGHT, view.module.buy(view.connection, intent.step))
    except PanelOutcomeUnknown as error:
        outcome = Outcome(State.UNKNOWN, error=error)
    except PanelError as error:
        outcome = Outcome(State.NOT_BOUGHT, error=error)
    except Exception as error:
        log.exception("the module %s broke at a purchase on panel %s", view.module.code, view.code)
        outcome = Outcome(State.UNKNOWN, error=error)
    crash_point("purchase.sent")
    if view.capabilities.balance and not isinstance(outcome.error, PanelUnreachable | NotAuthorised):
        try:
            outcome = replace(outcome, balance_minor=view.module.balance(view.connection))
        except PanelError:
            return outcome  # it will be read in its turn
    return outcome


def _record(tx: Tx, intent: _Intent, outcome: Outcome) -> Answer:
    row = tx.session.get_one(UpstreamPurchase, intent.purchase_id)
    service = tx.session.get_one(Service, row.service_id, with_for_update=True, populate_existing=True)
    panel = tx.session.get_one(Panel, row.panel_id, with_for_update=True, populate_existing=True)
    tx.session.refresh(row, with_for_update=True)
    if outcome.balance_minor is not None:
        note_balance(tx, panel, outcome.balance_minor)
    if row.tries != intent.tries or row.state not in (State.SENT, State.UNKNOWN):
        if outcome.state is State.BOUGHT and (row.tries != intent.tries or row.state != State.BOUGHT):
            tell_bought_after_all(tx, row, intent.tries)
        return Answer("pending", error="the purchase was decided meanwhile", wait_until=clock.business_now())
    if outcome.state is State.BOUGHT:
        if outcome.observed is not None:
            keep_observed(tx, service, outcome.observed, intent.view)
        note_answer(panel, "")
        confirm(tx, row, panel, outcome)
        return Answer("ok", outcome.observed)
    answer = _unbought(tx, row, panel, outcome)
    service.sync, service.sync_error = answer.sync, answer.error[:1000]
    return answer


def _unbought(tx: Tx, row: UpstreamPurchase, panel: Panel, outcome: Outcome) -> Answer:
    down = isinstance(outcome.error, PanelUnreachable | PanelOutcomeUnknown | NotAuthorised)
    down = down and not isinstance(outcome.error, PanelUnclear)
    until = note_answer(panel, outcome.why) if down else None
    if outcome.state is State.UNKNOWN:
        lose(tx, row, outcome)
        why = f"it is not known whether {row.package_name} was bought: {outcome.why}"
        return Answer("unknown", error=why, panel_down=down, wait_until=row.look_at)
    refuse(tx, row, outcome)
    why = f"{row.package_name} was not bought: {outcome.why}"
    if isinstance(outcome.error, PanelOutOfCredit):
        return Answer("failed", error=why, wait_until=clock.business_now() + _CREDIT_WAIT)
    return Answer("failed", error=why, panel_down=down, retry=not down, wait_until=until)
