"""Bring one service in step: look up → plan → apply, as one exchange. A retry is the same again.

nothing sent, or no answer   → the panel's breaker counts, the job waits for it, the service is `unknown`
the panel says no            → `failed`, tried again a few times, then parked for staff
this panel can't do it       → `impossible`, shown to staff with field and reason; no retry
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.exchange import exchange
from billhead.actions.freeze import is_frozen
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning._desired import PanelView, desired_of, panel_view
from billhead.actions.provisioning._observed import as_json, comparable
from billhead.actions.provisioning._queue import queue_converge
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import PanelError, PanelOutcomeUnknown, PanelUnreachable
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import (
    Absent,
    Ambiguous,
    CannotTell,
    Desired,
    Foreign,
    Found,
    Free,
    Impossible,
    Observed,
    Step,
    Tombstone,
    merge,
)

__all__ = ["Answer", "converge"]

_BREAKER_AFTER = 3
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class _Intent:
    service_id: int
    version: int
    unwanted: bool
    ours: bool
    desired: Desired
    view: PanelView


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call. `sync` is the service's new state; `panel_down` feeds the breaker; `retry` the job."""

    sync: str
    observed: Observed | None = None
    error: str = ""
    gone: bool = False
    panel_down: bool = False
    retry: bool = False
    wait_until: datetime | None = field(default=None)


def converge(ctx: Context, service_id: int) -> Answer | None:
    """Bring a service in step with its panel. None: nothing to do (gone already, or in step with this version).

    The answer's `wait_until` says when a job should look again; `retry` that the failure counts as a try.
    """
    waits: list[Answer] = []

    def intend(tx: Tx) -> _Intent | None:
        service = tx.session.get(Service, service_id, with_for_update=True)
        if service is None or service.lifecycle == "gone":
            return None
        panel = tx.session.get_one(Panel, service.panel_id)
        until = _not_before(tx, panel)
        if until is not None:
            waits.append(Answer(service.sync, wait_until=until, error=panel.last_error or "panel writes are stopped"))
            return None
        view = panel_view(tx.session, panel)
        unwanted = service.lifecycle == "unwanted"
        return _Intent(
            service.id, service.desired_version, unwanted, service.created_by_us, desired_of(service, view), view
        )

    answer = exchange(ctx, intend=intend, call=_call, record=_record)
    return waits[0] if waits else answer


def _not_before(tx: Tx, panel: Panel) -> datetime | None:
    """When this panel may be called again, if not now: freeze switch, maintenance, open breaker."""
    now = clock.business_now()
    if is_frozen(tx.session, "panels") or panel.maintenance:
        return now + timedelta(minutes=5)
    return panel.open_until if panel.open_until and panel.open_until > now else None


def _call(intent: _Intent) -> Answer:
    try:
        if intent.unwanted:
            return _end(intent)
        return _step_until_done(intent.view, intent.desired)
    except (PanelUnreachable, PanelOutcomeUnknown) as error:
        return Answer("unknown", error=str(error), panel_down=True)
    except PanelError as error:
        return Answer("failed", error=str(error), retry=True)


def _end(intent: _Intent) -> Answer:
    if not intent.ours:
        return Answer("ok", gone=True)
    outcome = intent.view.module.remove(intent.view.connection, intent.desired)
    why = outcome.why if isinstance(outcome, Tombstone) else ""
    return Answer("ok", gone=True, error=why)


def _step_until_done(view: PanelView, desired: Desired) -> Answer:
    """Look up, plan and apply until the plan is empty, reading back after each step; bounded by a few rounds."""
    module, panel = view.module, view.connection
    match module.look_up(panel, desired):
        case Found(observed=observed):
            current: Observed | None = observed
        case Absent():
            current = None
        case CannotTell(why=why):
            return Answer("unknown", error=why, panel_down=True)
        case Ambiguous(candidates=candidates):
            return Answer("failed", error=f"several lines answer to {desired.handle.ref}: {', '.join(candidates)}")
        case Foreign(why=why):
            return Answer("failed", error=why)
    for _ in range(_ROUNDS):
        steps = module.plan(panel, comparable(desired, current, view.managed, clock.business_now()), current)
        refused = _refused(steps)
        if refused is not None:
            return Answer("impossible", current, error=f"{refused.field}: {refused.why}")
        if not steps:
            return Answer("ok", current)
        for step in steps:
            seen = module.apply(panel, _as_free(step))
            current = merge(current, seen) if current is not None else seen
            desired = replace(desired, handle=replace(desired.handle, data=current.handle_data))
    return Answer("failed", current, error="the panel accepts the change, but does not show it afterwards", retry=True)


def _refused(steps: Sequence[Step]) -> Impossible | None:
    for step in steps:
        if isinstance(step, Impossible):
            return step
        if not isinstance(step, Free):
            return Impossible("expires_at", f"has to be bought upstream ({step.package}: {step.effect})")
    return None


def _as_free(step: Step) -> Free:
    assert isinstance(step, Free), "_refused has let only free steps through"
    return step


def _record(tx: Tx, intent: _Intent, answer: Answer) -> Answer:
    service = tx.session.get_one(Service, intent.service_id, with_for_update=True)
    panel = tx.session.get_one(Panel, service.panel_id, with_for_update=True)
    answer = _note_health(panel, answer)
    if answer.observed is not None:
        service.observed, service.observed_at = as_json(answer.observed), clock.now()
        service.handle_data = dict(answer.observed.handle_data)
    service.sync_error = answer.error[:1000]
    if service.desired_version != intent.version:
        # wanted something else meanwhile: what was done is recorded, and the newer wish is still to come
        queue_converge(tx, service.id, service.panel_id)
        return answer
    service.sync = answer.sync
    if answer.sync == "ok":
        service.converged_version = intent.version
        _came_true(tx, service, answer)
    elif answer.sync in ("failed", "impossible"):
        emit(tx, "service.failed", f"service:{service.id}", {"service_id": service.id, "error": answer.error[:300]})
    return answer


def _note_health(panel: Panel, answer: Answer) -> Answer:
    now = clock.business_now()
    if not answer.panel_down:
        panel.failures, panel.open_until, panel.last_ok_at = 0, None, now
        return answer
    panel.failures += 1
    panel.last_error = answer.error[:500]
    if panel.failures >= _BREAKER_AFTER:
        panel.open_until = now + timedelta(seconds=min(30 * 2 ** (panel.failures - _BREAKER_AFTER), 600))
    return replace(answer, wait_until=panel.open_until or now + timedelta(seconds=5 * panel.failures))


def _came_true(tx: Tx, service: Service, answer: Answer) -> None:
    if answer.gone:
        service.lifecycle = "gone"
        return
    first = service.told_at is None and not service.desired_blocked
    if not first:
        return
    subscription = tx.session.get_one(Subscription, service.subscription_id)
    service.told_at = clock.now()
    data: dict[str, Any] = {"service_id": service.id, "customer_id": subscription.customer_id}
    emit(tx, "service.active", f"service:{service.id}", data)
    queue_notice(tx, subscription.customer_id, "access", f"access:{service.id}", data)
