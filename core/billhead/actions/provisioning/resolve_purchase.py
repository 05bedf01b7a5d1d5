"""Look whether a purchase of unknown outcome was made. It is never sent again here, whatever comes of the look."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.provisioning._balance import note_balance
from billhead.actions.provisioning._desired import PanelView, desired_of, panel_view
from billhead.actions.provisioning._health import must_wait, note_answer, until_mended
from billhead.actions.provisioning._observed import from_json
from billhead.actions.provisioning._purchase_row import is_open
from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.provisioning._settling import Outcome, confirm, look_later, lose, refuse
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, PanelError
from billhead.domain.upstream import SURE_AFTER, State
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.models.subscriptions import Service
from billhead.plugin import Purchase, Resolution

__all__ = ["Looked", "resolve_purchase"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """`state` of the purchase now; `wait_until` when the panel may be asked, where it could not be."""

    state: str
    wait_until: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Intent:
    purchase_id: int
    tries: int
    step: Purchase
    view: PanelView


@dataclass(frozen=True, slots=True)
class _Answer:
    resolution: Resolution
    balance_minor: int | None = None
    trouble: str = ""


def resolve_purchase(ctx: Context, purchase_id: int) -> Looked | None:
    """None: it is settled already, or still being sent. "Not bought" is believed when the panel had the time to finish
    what it may have been busy with; "bought" at once."""
    waits: list[Looked] = []

    def intend(tx: Tx) -> _Intent | None:
        row = tx.session.get(UpstreamPurchase, purchase_id, with_for_update=True)
        if row is None or not is_open(row):
            return None
        panel = tx.session.get_one(Panel, row.panel_id)
        stopped = must_wait(tx, panel)
        if stopped is not None:
            waits.append(Looked(row.state, stopped.until, stopped.why))
            return None
        try:
            return _Intent(row.id, row.tries, *_asked(tx, row, panel))
        except BillheadError as error:
            waits.append(Looked(row.state, until_mended(), f"panel {panel.code} can't be used: {error}"))
            return None

    looked = exchange(ctx, intend=intend, call=_call, record=_record)
    return waits[0] if waits else looked


def _asked(tx: Tx, row: UpstreamPurchase, panel: Panel) -> tuple[Purchase, PanelView]:
    """The purchase as it was sent, with our credit as it would be if it had not been made."""
    service = tx.session.get_one(Service, row.service_id)
    view = panel_view(tx.session, panel)
    others = tx.session.scalar(
        select(func.sum(UpstreamPurchase.cost_minor)).where(
            UpstreamPurchase.panel_id == panel.id,
            UpstreamPurchase.id != row.id,
            UpstreamPurchase.state == State.BOUGHT,
            UpstreamPurchase.sent_at >= row.sent_at,
        )
    )
    balance = row.balance_before_minor
    found = from_json(row.before, service.handle_data) if row.before is not None else None
    step = Purchase(
        package=row.package,
        max_cost_minor=row.max_cost_minor,
        effect=f"{row.package_term} for {row.service_id}",
        desired=replace(desired_of(service, view), trial=row.trial),
        found=found,
        balance_minor=None if balance is None else balance - int(others or 0),
    )
    return step, view


def _call(intent: _Intent) -> _Answer:
    view = intent.view
    try:
        found = view.module.resolve(view.connection, intent.step)
        balance = view.module.balance(view.connection) if view.capabilities.balance else None
    except PanelError as error:
        return _Answer(Resolution.STILL_UNKNOWN, trouble=f"{error.message} {error.hint}".strip())
    except Exception as error:
        log.exception("the module %s broke when it looked for a purchase on panel %s", view.module.code, view.code)
        return _Answer(Resolution.STILL_UNKNOWN, trouble=f"the module broke with {type(error).__name__}")
    return _Answer(found, balance)


def _record(tx: Tx, intent: _Intent, answer: _Answer) -> Looked:
    row = tx.session.get_one(UpstreamPurchase, intent.purchase_id)
    service = tx.session.get_one(Service, row.service_id, with_for_update=True)
    panel = tx.session.get_one(Panel, row.panel_id, with_for_update=True, populate_existing=True)
    tx.session.refresh(row, with_for_update=True)
    if row.tries != intent.tries or not is_open(row):
        return Looked(row.state)
    until = note_answer(panel, answer.trouble)
    if answer.balance_minor is not None:
        note_balance(tx, panel, answer.balance_minor)
    if row.state == State.SENT:
        lose(tx, row, Outcome(State.UNKNOWN))
        row.why = "whoever sent it never wrote down an answer"
    if answer.trouble:
        return Looked(row.state, until, answer.trouble)
    if answer.resolution is Resolution.BOUGHT:
        confirm(tx, row, panel, Outcome(State.BOUGHT))
    elif answer.resolution is Resolution.STILL_UNKNOWN:
        look_later(tx, row, counts=True)
    elif clock.business_now() - row.sent_at < SURE_AFTER:
        row.look_at = row.sent_at + SURE_AFTER
        return Looked(row.state, row.look_at, "it does not look bought yet")
    else:
        refuse(tx, row, Outcome(State.NOT_BOUGHT, error=PanelError(f"looked for and not found: {row.why}")))
    if row.state != State.UNKNOWN:
        queue_converge(tx, service.id, panel.id)
    return Looked(row.state)
