"""The talk with a panel about one line: look up → plan → apply until the plan is empty. No session is open here.

Whatever a panel or its module does comes back as an Answer: a line that could not be brought in step is a state of its
service, never an exception.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from billhead import clock
from billhead.actions.provisioning._desired import PanelView
from billhead.actions.provisioning._entitled import Entitled, ToBuy
from billhead.actions.provisioning._last_watched import STOPPED
from billhead.actions.provisioning._observed import as_observed, comparable, enforced
from billhead.crash import crash_point
from billhead.domain.errors import (
    NotAuthorised,
    PanelError,
    PanelOutcomeUnknown,
    PanelRejected,
    PanelUnclear,
    PanelUnreachable,
)
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
    Purchase,
    Step,
    Tombstone,
    merge,
)
from billhead.plugin.provisioning import COMPARED

__all__ = ["Answer", "ask_panel"]

log = logging.getLogger(__name__)

_ROUNDS = 4
_LEFT_AS_IT_IS = tuple(name for name in COMPARED if name != "blocked")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call. `sync` is the service's new state; `panel_down` feeds the breaker; `retry` the job.

    `unclear`: the panel answered, but whether it did what it was asked is not known; asked again without counting.
    `foreign`: proven that no line is ours, since what ours would be called by is somebody else's. `stopped`: it is to
    go, and serves no longer. `to_buy`: all that is free is done, and this is to be bought next.
    """

    sync: str
    observed: Observed | None = None
    error: str = ""
    gone: bool = False
    panel_down: bool = False
    retry: bool = False
    unclear: bool = False
    foreign: bool = False
    stopped: bool = False
    wait_until: datetime | None = None
    to_buy: ToBuy | None = None


def ask_panel(
    view: PanelView, desired: Desired, *, remove: bool, stop_first: bool = False, entitled: Entitled | None = None
) -> Answer:
    """Bring a line in step, or end it; with `stop_first` one that is there is only stopped. `entitled` only on a panel
    that sells time: nothing is bought here, but told."""
    try:
        if remove and stop_first and (stopped := _stop(view, desired)) is not None:
            return stopped
        return _end(view, desired, entitled) if remove else _bring_in_step(view, desired, entitled)
    except PanelUnclear as error:
        return Answer("unknown", error=_said(error), unclear=True)
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


def _end(view: PanelView, desired: Desired, entitled: Entitled | None) -> Answer:
    if entitled is not None and entitled.open_why:
        return Answer("unknown", error=entitled.open_why, wait_until=entitled.open_until)
    outcome = view.module.remove(view.connection, desired)
    return Answer("ok", gone=True, error=outcome.why if isinstance(outcome, Tombstone) else "")


def _stop(view: PanelView, desired: Desired) -> Answer | None:
    """None for a line that is not there, not plainly ours, or that can't be stopped: it goes now, for it would serve
    on until its panel is read."""
    match view.module.look_up(view.connection, desired):
        case Found(observed=observed):
            with suppress(PanelRejected):
                seen = _at_least_blocked(view, replace(desired, blocked=True), observed)
                if seen is not None and seen.blocked:
                    return Answer("pending", seen, STOPPED, stopped=True)
    return None


def _bring_in_step(view: PanelView, desired: Desired, entitled: Entitled | None) -> Answer:
    match view.module.look_up(view.connection, desired):
        case Found(observed=observed):
            return _step_until_done(view, desired, observed, entitled)
        case Absent():
            return _made(view, desired, entitled)
        case CannotTell(why=why):
            return Answer("unknown", error=why, panel_down=True)
        case Ambiguous(candidates=candidates):
            return Answer("failed", error=_several(desired, candidates))
        case Foreign(why=why):
            return Answer("failed", error=why, foreign=True)


def _several(desired: Desired, candidates: Sequence[str]) -> str:
    return f"several lines answer to {desired.handle.ref}: {', '.join(candidates)}"


def _made(view: PanelView, desired: Desired, entitled: Entitled | None) -> Answer:
    """A refusal is no failure where another worker has made the same line meanwhile: its name is taken, and ours. Where
    others made it at once, the panel holds it twice until all but one have taken theirs back: that is looked at again.
    """
    try:
        return _step_until_done(view, desired, None, entitled)
    except PanelRejected:
        match view.module.look_up(view.connection, desired):
            case Found(observed=observed):
                return _step_until_done(view, desired, observed, entitled)
            case Ambiguous(candidates=candidates):
                return Answer("unknown", error=_several(desired, candidates), unclear=True)
        raise


def _step_until_done(view: PanelView, desired: Desired, current: Observed | None, entitled: Entitled | None) -> Answer:
    """Plan and apply until the plan is empty, reading back after each step; bounded by a few rounds."""
    for _ in range(_ROUNDS):
        to_buy = entitled.due(current) if entitled is not None else None
        wanted = comparable(desired, current, view.managed, clock.business_now())
        wanted = replace(wanted, due=to_buy.due if to_buy is not None else None)
        if current is None and entitled is not None and to_buy is None:
            return _not_made(entitled)
        steps = enforced(view.module.plan(view.connection, wanted, current), view.managed)
        refused = _refused(steps, to_buy)
        if refused is not None:
            return Answer("impossible", _at_least_blocked(view, wanted, current), f"{refused.field}: {refused.why}")
        free = [step for step in steps if isinstance(step, Free)]
        if free:
            current = _apply(view, free, current)
            desired = replace(desired, handle=replace(desired.handle, data=current.handle_data))
        elif steps and to_buy is not None:
            return _next_to_buy(view, to_buy, steps[0], current)
        else:
            return _in_step(view, current, entitled)
    return Answer("failed", current, "the panel accepts the change, but does not show it afterwards", retry=True)


def _in_step(view: PanelView, current: Observed | None, entitled: Entitled | None) -> Answer:
    if current is None:
        return Answer("failed", error=f"the module {view.module.code} plans nothing for a line that is not there")
    if entitled is not None and entitled.open_why:
        return Answer("unknown", current, entitled.open_why, wait_until=entitled.open_until)
    lacks = entitled.lacks_package(current) if entitled is not None else ""
    return Answer("impossible", current, f"expires_at: {lacks}") if lacks else Answer("ok", current)


def _not_made(entitled: Entitled) -> Answer:
    """The line is not there, and nothing may be bought for it now."""
    if entitled.open_why:
        return Answer("unknown", error=entitled.open_why, wait_until=entitled.open_until)
    lacks = entitled.lacks_package(None)
    return Answer("impossible", error=f"expires_at: {lacks or entitled.why_not_made()}")


def _next_to_buy(view: PanelView, to_buy: ToBuy, step: Step, current: Observed | None) -> Answer:
    """What will be committed before it is sent holds our credit as it was before."""
    assert isinstance(step, Purchase), "_refused has let only free steps and purchases through"
    balance = view.module.balance(view.connection) if view.capabilities.balance else None
    return Answer("pending", current, to_buy=replace(to_buy, step=replace(step, balance_minor=balance)))


def _refused(steps: Sequence[Step], to_buy: ToBuy | None) -> Impossible | None:
    """What is impossible, and a purchase that nobody has asked for: that is paid and not bought, and nothing else."""
    for step in steps:
        if isinstance(step, Impossible):
            return step
        if isinstance(step, Purchase) and (to_buy is None or step.package != to_buy.package):
            return Impossible("expires_at", f"has to be bought upstream ({step.package}: {step.effect})")
    return None


def _apply(view: PanelView, steps: Sequence[Free], current: Observed | None) -> Observed:
    seen = current
    for step in steps:
        shown = view.module.apply(view.connection, step)
        crash_point("provisioning.applied")
        seen = merge(seen, shown) if seen is not None else shown
    assert seen is not None, "there is at least one step"
    return seen


def _at_least_blocked(view: PanelView, wanted: Desired, current: Observed | None) -> Observed | None:
    """Where the panel can't give all that is wanted, nothing is half done; yet a line that must stop, stops."""
    if current is None or not wanted.blocked or current.blocked is not False:
        return current
    stopped = replace(as_observed(wanted, current, _LEFT_AS_IT_IS), due=None)
    steps = view.module.plan(view.connection, stopped, current)
    free = [step for step in steps if isinstance(step, Free)]
    return current if len(free) < len(steps) or not free else _apply(view, free, current)
