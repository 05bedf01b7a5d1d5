"""The talk with a panel about one line: look up → plan → apply until the plan is empty. No session is open here.

Whatever a panel or its module does comes back as an Answer: a line that could not be brought in step is a state of its
service, never an exception.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billhead import clock
from billhead.actions.provisioning._desired import PanelView
from billhead.actions.provisioning._observed import as_observed, comparable, enforced
from billhead.crash import crash_point
from billhead.domain.errors import NotAuthorised, PanelError, PanelOutcomeUnknown, PanelUnreachable
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

__all__ = ["Answer", "ask_panel"]

log = logging.getLogger(__name__)

_ROUNDS = 4
_LEFT_AS_IT_IS = ("login", "password", "mac", "plan", "bouquets", "connections", "expires_at", "owner")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call. `sync` is the service's new state; `panel_down` feeds the breaker; `retry` the job.

    `foreign`: proven that no line is ours, since what ours would be called by is somebody else's.
    """

    sync: str
    observed: Observed | None = None
    error: str = ""
    gone: bool = False
    panel_down: bool = False
    retry: bool = False
    foreign: bool = False
    wait_until: datetime | None = None


def ask_panel(view: PanelView, desired: Desired, *, remove: bool) -> Answer:
    """Bring a line in step, or end it."""
    try:
        return _end(view, desired) if remove else _bring_in_step(view, desired)
    except (PanelUnreachable, PanelOutcomeUnknown) as error:
        return Answer("unknown", error=_said(error), panel_down=True)
    except NotAuthorised as error:
        # no other line would fare better until the operator has put the login right
        return Answer("failed", error=_said(error), panel_down=True)
    except PanelError as error:
        return Answer("failed", error=_said(error), retry=True)
    except Exception as error:
        log.exception("the module %s broke at a line of panel %s", view.module.code, view.code)
        why = f"the module {view.module.code} broke with {type(error).__name__}; what it said is in the log"
        return Answer("failed", error=why, retry=True)


def _said(error: PanelError) -> str:
    return f"{error.message} {error.hint}" if error.hint else error.message


def _end(view: PanelView, desired: Desired) -> Answer:
    outcome = view.module.remove(view.connection, desired)
    return Answer("ok", gone=True, error=outcome.why if isinstance(outcome, Tombstone) else "")


def _bring_in_step(view: PanelView, desired: Desired) -> Answer:
    match view.module.look_up(view.connection, desired):
        case Found(observed=observed):
            return _step_until_done(view, desired, observed)
        case Absent():
            return _step_until_done(view, desired, None)
        case CannotTell(why=why):
            return Answer("unknown", error=why, panel_down=True)
        case Ambiguous(candidates=candidates):
            return Answer("failed", error=f"several lines answer to {desired.handle.ref}: {', '.join(candidates)}")
        case Foreign(why=why):
            return Answer("failed", error=why, foreign=True)


def _step_until_done(view: PanelView, desired: Desired, current: Observed | None) -> Answer:
    """Plan and apply until the plan is empty, reading back after each step; bounded by a few rounds."""
    for _ in range(_ROUNDS):
        wanted = comparable(desired, current, view.managed, clock.business_now())
        steps = enforced(view.module.plan(view.connection, wanted, current), view.managed)
        refused = _refused(steps)
        if refused is not None:
            return Answer("impossible", _at_least_blocked(view, wanted, current), f"{refused.field}: {refused.why}")
        if not steps:
            return _in_step(view, current)
        current = _apply(view, steps, current)
        desired = replace(desired, handle=replace(desired.handle, data=current.handle_data))
    return Answer("failed", current, "the panel accepts the change, but does not show it afterwards", retry=True)


def _in_step(view: PanelView, current: Observed | None) -> Answer:
    if current is None:
        return Answer("failed", error=f"the module {view.module.code} plans nothing for a line that is not there")
    return Answer("ok", current)


def _refused(steps: Sequence[Step]) -> Impossible | None:
    for step in steps:
        if isinstance(step, Impossible):
            return step
        if not isinstance(step, Free):
            return Impossible("expires_at", f"has to be bought upstream ({step.package}: {step.effect})")
    return None


def _apply(view: PanelView, steps: Sequence[Step], current: Observed | None) -> Observed:
    seen = current
    for step in steps:
        assert isinstance(step, Free), "_refused has let only free steps through"
        shown = view.module.apply(view.connection, step)
        crash_point("provisioning.applied")
        seen = merge(seen, shown) if seen is not None else shown
    assert seen is not None, "there is at least one step"
    return seen


def _at_least_blocked(view: PanelView, wanted: Desired, current: Observed | None) -> Observed | None:
    """Where the panel can't give all that is wanted, nothing is half done; yet a line that must stop, stops."""
    if current is None or not wanted.blocked or current.blocked is not False:
        return current
    stopped = as_observed(wanted, current, _LEFT_AS_IT_IS)
    steps = view.module.plan(view.connection, stopped, current)
    return current if not steps or _refused(steps) else _apply(view, steps, current)
