"""Bring one service in step: look up → plan → apply, as one exchange. A retry is the same again.

never been paid for          → not wanted on the panel yet, nothing is asked
nothing sent, or no answer   → the panel's breaker counts, the job waits for it, the service is `unknown`
an answer that is unclear    → `unknown`, asked again soon, then every five minutes; the breaker stays closed
the panel says no            → `failed`, tried again a few times, then parked for staff
this panel can't do it       → `impossible`, shown to staff with field and reason; no retry. Nothing is half done, but a
                               line that must be blocked is blocked all the same
somebody else's line         → `failed`, shown to staff; no retry
a box whose line is not there → waits for it, where the panel pairs them: it hangs on the line's id there
paid time is to be bought    → what is free first, then one purchase (`_buying`), then all of it again
a watched line is to go      → stopped first, and gone when what was watched on it is read (`_last_watched`)
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.exchange import exchange
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning._buying import buy_upstream
from billhead.actions.provisioning._desired import PanelView, desired_of, lead_of, panel_view, unnamed_bouquets
from billhead.actions.provisioning._earlier_passwords import note_sent
from billhead.actions.provisioning._entitled import Entitled, entitled_of
from billhead.actions.provisioning._health import is_well, must_wait, note_answer, until_clear, until_mended
from billhead.actions.provisioning._keeping import keep_observed
from billhead.actions.provisioning._last_watched import STOPPED, look_again, must_stop_first, unread_until, when_logged
from billhead.actions.provisioning._owners import owner_of
from billhead.actions.provisioning._queue import queue_at_expiry, queue_converge
from billhead.actions.provisioning._stepping import Answer, ask_panel
from billhead.actions.provisioning.want import want
from billhead.actions.resellers._holds import held_for, settle_holds
from billhead.actions.viewings.queue_reading import queue_reading
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError
from billhead.models.catalogue import Bouquet
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Desired, Expiry

__all__ = ["Answer", "converge"]

_PURCHASES = 3
"""So many paid periods are bought in one go; what is left goes on at once, after others on the panel had their turn."""

_WITH_PANEL = (
    select(Service, Panel)
    .join(Panel, Panel.id == Service.panel_id)
    .where(Service.id == bindparam("service_id"), Service.lifecycle != "gone")
    .with_for_update(of=Service)
)


@dataclass(frozen=True, slots=True)
class _Intent:
    service_id: int
    version: int
    remove: bool
    stop_first: bool
    desired: Desired
    view: PanelView
    unnamed: tuple[str, ...]  # bouquets that were sold, but have no name on this panel
    well: bool  # the panel's health is recorded and need not be written again
    entitled: Entitled | None = None  # on a panel that sells time


def converge(ctx: Context, service_id: int) -> Answer | None:
    """Bring a service in step with its panel. None: nothing to ask (gone already, or not paid for yet).

    The answer's `wait_until` says when a job should look again; `retry` that the failure counts as a try.
    """
    answer = _one_talk(ctx, service_id)
    for _ in range(_PURCHASES):
        if answer is None or answer.to_buy is None:
            return answer
        bought = buy_upstream(ctx, answer.to_buy)
        if bought.sync != "ok":
            return bought
        answer = _one_talk(ctx, service_id)
    more = answer is not None and answer.to_buy is not None
    return replace(answer, wait_until=clock.business_now()) if answer is not None and more else answer


def _one_talk(ctx: Context, service_id: int) -> Answer | None:
    waits: list[Answer] = []

    def intend(tx: Tx) -> _Intent | None:
        found = tx.session.execute(_WITH_PANEL, {"service_id": service_id}).one_or_none()
        if found is None:
            return None
        if _settled_here(found[0]):
            settle_holds(tx, held_for(tx, service_id), found[0])
            return None
        service, panel = found
        if (begins := _begins_later(service)) is not None:
            waits.append(Answer(service.sync, error=f"it begins on {begins:%Y-%m-%d}", wait_until=begins))
            return None
        wait = must_wait(tx, panel)
        if wait is not None:
            waits.append(Answer(service.sync, error=wait.why, wait_until=wait.until))
            return None
        return _opened(tx, service, panel, waits)

    answer = exchange(ctx, intend=intend, call=_call, record=_record)
    return waits[0] if waits else answer


def _begins_later(service: Service) -> datetime | None:
    """When a line may be put on its panel that was ordered for a later day."""
    begins = service.desired_from
    return begins if begins is not None and begins > clock.business_now() else None


def _settled_here(service: Service) -> bool:
    """What needs no panel: a line that was never paid for, or ends before it began, is not there, and one that is not
    ours is left alone."""
    never_paid = service.desired_expires_at is None
    if service.lifecycle == "unwanted" and service.observed_at is None and _begins_later(service) is not None:
        never_paid = True
    if service.lifecycle == "unwanted" and (never_paid or not service.created_by_us):
        service.lifecycle, service.sync, service.sync_error, service.stopped_at = "gone", "ok", "", None
        service.converged_version = service.desired_version
        return True
    return never_paid


def _opened(tx: Tx, service: Service, panel: Panel, waits: list[Answer]) -> _Intent | None:
    try:
        view = panel_view(tx.session, panel, bouquets=bool(service.desired_bouquets))
        lead = lead_of(tx.session, service) if view.capabilities.pairs else None
        desired = desired_of(service, view, lead, owner=owner_of(tx.session, service, view))
    except BillheadError as error:
        # its plugin is switched off, or its settings no longer fit: it goes on by itself when that is mended
        service.sync_error = f"panel {panel.code} can't be used: {error}"[:1000]
        waits.append(Answer(service.sync, error=service.sync_error, wait_until=until_mended()))
        return None
    if lead is not None and not lead.handle_data and service.lifecycle in ("wanted", "arriving"):
        service.sync_error = f"waits for its stream line {lead.login}, which is not on panel {panel.code} yet"
        waits.append(Answer(service.sync, error=service.sync_error, wait_until=until_mended()))
        return None
    remove = service.lifecycle == "unwanted"
    if not remove:
        service.stopped_at = None
    elif (unread := unread_until(tx, service)) is not None:
        waits.append(Answer(service.sync, error=STOPPED, wait_until=unread))
        return None
    unnamed = unnamed_bouquets(service.desired_bouquets, view)
    sells = view.capabilities.expiry is Expiry.PURCHASED
    names = tx.session.scalars(select(Bouquet.name).where(Bouquet.id.in_(unnamed))).all() if unnamed else ()
    return _Intent(
        service_id=service.id,
        version=service.desired_version,
        remove=remove,
        stop_first=remove and must_stop_first(tx, service, panel, view),
        desired=desired,
        view=view,
        unnamed=tuple(names),
        well=is_well(panel),
        entitled=entitled_of(tx.session, service, panel) if sells else None,
    )


def _call(intent: _Intent) -> Answer:
    answer = ask_panel(
        intent.view, intent.desired, remove=intent.remove, stop_first=intent.stop_first, entitled=intent.entitled
    )
    if answer.sync != "ok" or intent.remove or not intent.unnamed:
        return answer
    why = f"bouquets: {', '.join(intent.unnamed)} have no name on this panel; enter it on the panel's page"
    return replace(answer, sync="impossible", error=why)


def _record(tx: Tx, intent: _Intent, answer: Answer) -> Answer:
    held = held_for(tx, intent.service_id)
    service = tx.session.get_one(Service, intent.service_id, with_for_update=True)
    if answer.panel_down or not intent.well:
        panel = tx.session.get_one(Panel, service.panel_id, with_for_update=True)
        trouble = (answer.error or "it gave no reason") if answer.panel_down else ""
        answer = replace(answer, wait_until=note_answer(panel, trouble) or answer.wait_until)
    if answer.unclear:
        answer = replace(answer, wait_until=until_clear(doubted=service.sync == "unknown"))
    if answer.observed is not None:
        keep_observed(tx, service, answer.observed, intent.view)
    if service.desired_version != intent.version:
        # wanted something else meanwhile: what was done is recorded, and the newer wish is still to come
        if answer.sync == "ok":
            note_sent(service, intent.desired.password)
        queue_converge(tx, service.id, service.panel_id)
        return answer
    before, service.sync, service.sync_error = service.sync, answer.sync, answer.error[:1000]
    if answer.sync == "ok":
        service.converged_version, service.previous_password = intent.version, ""
        _came_true(tx, service, answer, intent.view)
    elif answer.stopped:
        service.stopped_at = stopped_at = clock.business_now()
        queue_reading(tx, service.panel_id, when_logged(stopped_at))
        answer = replace(answer, wait_until=look_again())
    elif answer.sync in ("failed", "impossible") and before != answer.sync:
        emit(tx, "service.failed", f"service:{service.id}", {"service_id": service.id, "error": answer.error[:300]})
    settle_holds(tx, held, service, answer)
    return answer


def _came_true(tx: Tx, service: Service, answer: Answer, view: PanelView) -> None:
    if service.moved_from_id is not None:
        _close_old_place(tx, service, gone=answer.gone)
    if answer.gone:
        service.lifecycle, service.stopped_at = "gone", None
        return
    if view.capabilities.expiry is Expiry.NOT_ENFORCED:
        queue_at_expiry(tx, service)
    if service.told_at is not None or service.desired_blocked:
        return
    subscription = tx.session.get_one(Subscription, service.subscription_id)
    service.told_at = clock.now()
    data: dict[str, Any] = {"service_id": service.id, "customer_id": subscription.customer_id}
    emit(tx, "service.active", f"service:{service.id}", data)
    queue_notice(tx, subscription.customer_id, "access", f"access:{service.id}", data)


def _close_old_place(tx: Tx, service: Service, *, gone: bool) -> None:
    """Nobody watches on where a line was moved from, once it is blocked, ended or has another password."""
    old = tx.session.get_one(Service, service.moved_from_id, with_for_update=True)
    if old.lifecycle == "leaving" and (gone or service.desired_blocked or service.password != old.password):
        want(tx, old, lifecycle="unwanted")
