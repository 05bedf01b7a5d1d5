"""Two clocks for unpaid invoices: when to try the card again, and how far the consequences have come.

Retries count from the failure and stop at what a repeat cannot mend. Stages count from the due date of the oldest
unpaid final invoice, so they clear at once when it is paid, and begin anew with the next oldest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from billhead.domain.errors import InvalidInput
from billhead.domain.money import LARGEST_MINOR, Money, Rounding, exponent
from billhead.domain.payment import DeclineClass

LONGEST_LEAD_DAYS = 60
LONGEST_WAIT_DAYS = 400
MOST_STAGES = 20


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Days after the first failure on which a soft decline is tried again."""

    days: tuple[int, ...] = (1, 3, 5, 7)

    def __post_init__(self) -> None:
        if any(type(day) is not int or day < 1 for day in self.days) or list(self.days) != sorted(set(self.days)):
            raise InvalidInput("retry days", f"must be whole and rise from 1 up, got {self.days}")


def next_retry(schedule: RetrySchedule, failed_on: date, tries_done: int, decline_class: DeclineClass) -> date | None:
    """The day of the next try, or None. `failed_on` is the first failure; `tries_done` counts the retries since."""
    if decline_class != DeclineClass.SOFT or tries_done >= len(schedule.days):
        return None
    return failed_on + timedelta(days=schedule.days[tries_done])


_PAYDAYS = (1, 15)
_FURTHEST_PAYDAY = 2


def on_payday(day: date, before: date | None) -> date:
    """A card without money is tried when there is some: the 1st or the 15th, if that is at most two days later.

    The schedule stays the rule: `before` is the day of the try after this one, and is never reached.
    """
    for later in range(_FURTHEST_PAYDAY + 1):
        candidate = day + timedelta(days=later)
        if before is not None and candidate >= before:
            break
        if candidate.day in _PAYDAYS:
            return candidate
    return day


class StageAction(StrEnum):
    REMIND = "remind"
    WARN = "warn"
    THROTTLE = "throttle"
    SUSPEND = "suspend"
    TERMINATE = "terminate"


TELLS = frozenset({StageAction.REMIND, StageAction.WARN})
"""What only says something; the others take something away."""


@dataclass(frozen=True, slots=True)
class LateFee:
    """Fixed amounts by currency, and a share of what is open in parts per million; `most` caps their sum."""

    fixed: Mapping[str, int] = field(default_factory=dict)
    ppm: int = 0
    most: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if type(self.ppm) is not int or not 0 <= self.ppm <= 1_000_000:
            raise InvalidInput("late fee", f"the share must be from 0 to 100 percent, got {self.ppm} parts per million")
        for currency, minor in (*self.fixed.items(), *self.most.items()):
            exponent(currency)
            if type(minor) is not int or not 0 < minor <= LARGEST_MINOR:
                raise InvalidInput("late fee", f"amounts must be above zero, got {minor!r} {currency}")

    def on(self, owed: Money) -> Money:
        """What it comes to for a debt of this size; zero where it has no amount in that currency and no share."""
        share = owed.times(Fraction(self.ppm, 1_000_000), Rounding.HALF_UP)
        fee = share + Money(self.fixed.get(owed.currency, 0), owed.currency)
        cap = self.most.get(owed.currency)
        return fee if cap is None else min(fee, Money(cap, owed.currency))


NO_FEE = LateFee()


@dataclass(frozen=True, slots=True)
class Stage:
    """What happens when the oldest debt is that many days past its due date; below zero before it.

    A throttled line keeps `connections` streams at a time (0: as many as sold) and of its bouquets only those in
    `bouquets` (None: all). A stage with a fee charges it once per debt.
    """

    after_days: int
    action: StageAction
    fee: LateFee = NO_FEE
    connections: int = 1
    bouquets: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if type(self.after_days) is not int or not -LONGEST_LEAD_DAYS <= self.after_days <= LONGEST_WAIT_DAYS:
            why = f"days must be from {-LONGEST_LEAD_DAYS} to {LONGEST_WAIT_DAYS}, got {self.after_days!r}"
            raise InvalidInput("stages", why)
        if self.after_days < 0 and self.action is not StageAction.REMIND:
            raise InvalidInput("stages", f"before the due date one may only remind, not {self.action}")
        if self.after_days <= 0 and self.fee != NO_FEE:
            raise InvalidInput("stages", "a late fee can be charged from the first day after the due date on")
        if type(self.connections) is not int or not 0 <= self.connections <= 100:
            raise InvalidInput("stages", f"connections must be from 0 to 100, got {self.connections!r}")

    @property
    def key(self) -> tuple[str, int]:
        return self.action.value, self.after_days


DEFAULT_STAGES = (
    Stage(-3, StageAction.REMIND),
    Stage(0, StageAction.REMIND),
    Stage(3, StageAction.WARN),
    Stage(5, StageAction.SUSPEND),
    Stage(30, StageAction.TERMINATE),
)


def ordered_stages(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    """By day, mildest first. Raises InvalidInput for two of a kind on a day, and for what comes after the end."""
    order = list(StageAction)
    found = sorted(stages, key=lambda stage: (stage.after_days, order.index(stage.action)))
    if len(found) > MOST_STAGES:
        raise InvalidInput("stages", f"there may be {MOST_STAGES}, got {len(found)}")
    keys = [stage.key for stage in found]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise InvalidInput("stages", f"day {twice[0][1]} has {twice[0][0]} twice")
    ends = [n for n, stage in enumerate(found) if stage.action is StageAction.TERMINATE]
    if ends and ends[0] != len(found) - 1:
        late = found[ends[0] + 1]
        raise InvalidInput("stages", f"{late.action} on day {late.after_days} comes after the subscription was ended")
    return tuple(found)


def stage_row(stage: Stage) -> dict[str, Any]:
    """A stage as it is stored: plain JSON."""
    row: dict[str, Any] = {"after_days": stage.after_days, "action": stage.action.value}
    if stage.fee != NO_FEE:
        row["fee"] = {"fixed": dict(stage.fee.fixed), "ppm": stage.fee.ppm, "most": dict(stage.fee.most)}
    if stage.action is StageAction.THROTTLE:
        row["connections"] = stage.connections
        row["bouquets"] = None if stage.bouquets is None else list(stage.bouquets)
    return row


def stage_of_row(row: Mapping[str, Any]) -> Stage:
    """The stage that `stage_row` stored. Raises InvalidInput for an action that does not exist."""
    try:
        action = StageAction(row["action"])
    except ValueError:
        raise InvalidInput("stages", f"{row['action']!r} is none of {', '.join(StageAction)}") from None
    fee, kept = row.get("fee") or {}, row.get("bouquets")
    return Stage(
        row["after_days"],
        action,
        LateFee(fee.get("fixed", {}), fee.get("ppm", 0), fee.get("most", {})) if fee else NO_FEE,
        row.get("connections", 1),
        None if kept is None else tuple(kept),
    )


def stages_reached(stages: Iterable[Stage], oldest_unpaid_due: date | None, today: date) -> list[Stage]:
    """All stages that the debt's age has come to, mildest first, so that a day without a run skips none."""
    if oldest_unpaid_due is None:
        return []
    age = (today - oldest_unpaid_due).days
    reached = [stage for stage in stages if stage.after_days <= age]
    return sorted(reached, key=lambda stage: stage.after_days)


def stage_at(stages: Sequence[Stage], oldest_unpaid_due: date | None, today: date) -> Stage | None:
    """The harshest stage reached, or None without debt."""
    reached = stages_reached(stages, oldest_unpaid_due, today)
    return reached[-1] if reached else None


def stages_to_do(
    stages: Sequence[Stage], due_on: date, today: date, done: Collection[tuple[str, int]]
) -> tuple[list[Stage], list[Stage]]:
    """(what is to be done now, what is passed over) of the stages that were reached and not done yet.

    Who missed several reminders gets the last of them only: two mails at once say no more than one. Nothing that takes
    something away, and no late fee, is passed over.
    """
    waiting = [stage for stage in stages_reached(stages, due_on, today) if stage.key not in done]
    last = {stage.action: stage for stage in waiting}
    passed = [
        stage for stage in waiting if stage.action in TELLS and last[stage.action] is not stage and stage.fee == NO_FEE
    ]
    return [stage for stage in waiting if stage not in passed], passed


def with_last_chances(schedule: RetrySchedule, stages: Iterable[Stage], failed_on: date, due_on: date) -> RetrySchedule:
    """The schedule with one more try on the day before each stage that takes something away.

    The two clocks start on different days: stages count from the due date, retries from the failure.
    """
    begun = (failed_on - due_on).days
    eves = {stage.after_days - 1 - begun for stage in stages if stage.action not in TELLS}
    return RetrySchedule(tuple(sorted({eve for eve in eves if eve > 0}.union(schedule.days))))


@dataclass(frozen=True, slots=True)
class PromiseTerms:
    """What a customer who says "I pay on Friday" may be given. `max_days` 0: nothing is promised here.

    `most` caps what may be owed, by currency; a currency without one is not capped. `every_days` have to pass between
    two promises. `restores`: what debt has stopped runs again until the promised day.
    """

    max_days: int = 0
    most: Mapping[str, int] = field(default_factory=dict)
    every_days: int = 30
    restores: bool = True

    def __post_init__(self) -> None:
        for name, days, highest in (("days of a promise", self.max_days, 60), ("days between", self.every_days, 400)):
            if type(days) is not int or not 0 <= days <= highest:
                raise InvalidInput("promise", f"the {name} must be from 0 to {highest}, got {days!r}")
        for currency, minor in self.most.items():
            exponent(currency)
            if type(minor) is not int or not 0 < minor <= LARGEST_MINOR:
                raise InvalidInput("promise", f"the highest debt must be above zero, got {minor!r} {currency}")

    def latest(self, today: date) -> date:
        return today + timedelta(days=self.max_days)

    def refusal(self, owed: Money, today: date, last_asked_on: date | None, broken: bool) -> str:
        """Why nothing can be promised now; "" where it can. `broken`: the last one was, and its debt is still open."""
        if not self.max_days:
            return "payment can't be put off here"
        if owed.minor <= 0:
            return "nothing is overdue"
        if broken:
            return "the last promise was not kept: pay what is open first"
        cap = self.most.get(owed.currency)
        if cap is not None and owed.minor > cap:
            return f"{owed} is overdue, and at most {Money(cap, owed.currency)} can be put off"
        if last_asked_on is not None and (today - last_asked_on).days < self.every_days:
            return f"the next promise can be made on {last_asked_on + timedelta(days=self.every_days)}"
        return ""
