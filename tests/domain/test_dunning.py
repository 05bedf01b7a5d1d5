"""The two clocks of unpaid invoices."""

from datetime import date, timedelta

import pytest

from billhead.domain.dunning import (
    DEFAULT_STAGES,
    RetrySchedule,
    Stage,
    StageAction,
    next_retry,
    stage_at,
    stages_reached,
    with_last_chances,
)
from billhead.domain.errors import InvalidInput
from billhead.domain.payment import DeclineClass

FAILED_ON = date(2026, 11, 22)


def test_a_soft_decline_is_tried_again_on_days_1_3_5_and_7():
    tries = [next_retry(RetrySchedule(), FAILED_ON, done, DeclineClass.SOFT) for done in range(5)]
    assert tries == [date(2026, 11, 23), date(2026, 11, 25), date(2026, 11, 27), date(2026, 11, 29), None]


@pytest.mark.parametrize("decline_class", sorted(set(DeclineClass) - {DeclineClass.SOFT}))
def test_what_a_repeat_cannot_mend_is_not_repeated(decline_class):
    assert next_retry(RetrySchedule(), FAILED_ON, 0, decline_class) is None


@pytest.mark.parametrize("days", [(0, 1), (3, 1), (1, 1), (-1,), (True,), (1.5,)])
def test_a_schedule_rises(days):
    with pytest.raises(InvalidInput, match="retry days"):
        RetrySchedule(days)


def test_a_last_chance_before_each_harsh_stage():
    # Suspend on day 5, terminate on day 30.
    due_on = FAILED_ON
    assert with_last_chances(RetrySchedule(), DEFAULT_STAGES, FAILED_ON, due_on).days == (1, 3, 4, 5, 7, 29)
    assert with_last_chances(RetrySchedule((4,)), [Stage(1, StageAction.SUSPEND)], FAILED_ON, due_on).days == (4,)


def test_the_last_chance_counts_from_the_failure_though_the_stage_counts_from_the_due_day():
    stages = [Stage(5, StageAction.SUSPEND)]
    # charged on the day of issue, due 14 days later: suspended on day 19 after the failure, tried again on day 18
    assert with_last_chances(RetrySchedule((1,)), stages, FAILED_ON, FAILED_ON + timedelta(days=14)).days == (1, 18)
    # a card that fails for the first time after the eve gets no chance in the past
    assert with_last_chances(RetrySchedule((1,)), stages, FAILED_ON, FAILED_ON - timedelta(days=9)).days == (1,)


@pytest.mark.parametrize(
    ("age", "action"),
    [
        (-4, None),
        (-3, "remind"),
        (0, "remind"),
        (2, "remind"),
        (3, "warn"),
        (4, "warn"),
        (5, "suspend"),
        (29, "suspend"),
        (30, "terminate"),
    ],
)
def test_the_stage_is_the_age_of_the_oldest_debt(age, action):
    stage = stage_at(DEFAULT_STAGES, FAILED_ON, FAILED_ON + timedelta(days=age))
    assert (stage and stage.action) == action


def test_without_debt_there_is_no_stage():
    assert stage_at(DEFAULT_STAGES, None, FAILED_ON) is None


def test_pitfall_30_the_clock_starts_again_from_the_next_oldest():
    oldest, newer, today = date(2026, 10, 20), date(2026, 11, 20), date(2026, 11, 22)
    assert stage_at(DEFAULT_STAGES, oldest, today).action is StageAction.TERMINATE
    assert stage_at(DEFAULT_STAGES, newer, today).action is StageAction.REMIND


def test_a_week_without_a_run_skips_no_stage_whatever_their_order():
    reached = stages_reached(DEFAULT_STAGES[::-1], FAILED_ON, FAILED_ON + timedelta(days=7))
    assert [stage.action for stage in reached] == ["remind", "remind", "warn", "suspend"]
