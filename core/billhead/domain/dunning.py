"""Two clocks for unpaid invoices: when to try the card again, and how far the consequences have come.

Retries count from the failure and stop at what a repeat cannot mend. Stages count from the due date of the oldest
unpaid final invoice, so they clear at once when it is paid, and begin anew with the next oldest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from billhead.domain.errors import InvalidInput
from billhead.domain.payment import DeclineClass


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


class StageAction(StrEnum):
    REMIND = "remind"
    WARN = "warn"
    SUSPEND = "suspend"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class Stage:
    """What happens when the oldest debt is that many days past its due date."""

    after_days: int
    action: StageAction


DEFAULT_STAGES = (
    Stage(0, StageAction.REMIND),
    Stage(3, StageAction.WARN),
    Stage(5, StageAction.SUSPEND),
    Stage(30, StageAction.TERMINATE),
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


def with_last_chances(schedule: RetrySchedule, stages: Iterable[Stage]) -> RetrySchedule:
    """The schedule with one more try on the day before each stage that takes something away."""
    harsh = {StageAction.SUSPEND, StageAction.TERMINATE}
    eves = {stage.after_days - 1 for stage in stages if stage.action in harsh and stage.after_days > 1}
    return RetrySchedule(tuple(sorted(eves.union(schedule.days))))
