"""One subscription through all ways to be billed and everything that people do to it, in any order.

The machine only says what may happen; `any_order_ways.Ways` does it, and holds each time what was shown before against
what came of it; `any_order_checks.check_books` recomputes every bill and the ledger after each step.
"""

from datetime import UTC, datetime

import pytest
from any_order_checks import check_books
from any_order_shop import PLANS, Stage
from any_order_ways import BeginsSomehow, Ways
from billing_shop import open_shop
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from billhead import clock

ZONES = ["UTC", "Pacific/Kiritimati", "America/New_York"]
BEGINNINGS = st.builds(
    BeginsSomehow,
    zone=st.sampled_from(ZONES),
    day=st.integers(1, 31),
    card=st.booleans(),
    inclusive=st.booleans(),
    trial=st.sampled_from([None, None, None, 0, 100]),
    coupon=st.sampled_from([None, None, None, 0, 2]),
    way=st.sampled_from(["by_hand", "by_hand", "calendar", "afterwards"]),
    ahead=st.sampled_from([0, 5, 20]),
    billing_day=st.sampled_from([None, None, 1, 15, 31]),
    adds_days=st.sampled_from([False, False, True]),
    renewal_from=st.sampled_from(["expiry", "now", "later"]),
)
PLAN = st.sampled_from(PLANS)
_FAST = {"suppress_health_check": list(HealthCheck), "deadline": None}


class AnyWay(RuleBasedStateMachine):
    """`stage`: where its stories are told."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.life: Ways | None = None

    @initialize(begins=BEGINNINGS)
    def begin(self, begins: BeginsSomehow) -> None:
        self.life = self.stage.begin(begins)

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.life.wait(days)

    @rule(days=st.integers(1, 9))
    def wait_a_little(self, days: int) -> None:
        self.life.wait(days)

    @rule(plan=PLAN, staff=st.booleans(), when=st.sampled_from(["immediate", "immediate", "end_of_term", ""]))
    def change_plan(self, plan: str, staff: bool, when: str) -> None:
        self.life.changes_plan(plan, staff, when)

    @rule(number=st.integers(0, 3), staff=st.booleans())
    def change_screens(self, number: int, staff: bool) -> None:
        self.life.changes_screens(number, staff)

    @rule(months=st.sampled_from([1, 3]), staff=st.booleans())
    def change_term(self, months: int, staff: bool) -> None:
        self.life.changes_term(months, staff)

    @rule(plan=PLAN, ago=st.integers(1, 20))
    def correct(self, plan: str, ago: int) -> None:
        self.life.corrects(plan, ago)

    @rule(plan=PLAN)
    def begin_anew(self, plan: str) -> None:
        self.life.begins_anew(plan)

    @rule(minutes=st.integers(1, 500))
    def watch(self, minutes: int) -> None:
        self.life.watches(minutes)

    @rule(days=st.sampled_from([None, 3, 20]))
    def hold(self, days: int | None) -> None:
        self.life.holds(days)

    @rule()
    def resume(self) -> None:
        self.life.resumes()

    @rule()
    def stop_by_staff(self) -> None:
        self.life.is_stopped_by_staff()

    @rule()
    def go_on_by_staff(self) -> None:
        self.life.goes_on_by_staff()

    @rule(
        policy=st.sampled_from(["on_date", "on_date", "end_of_term", "start_of_term"]),
        ahead=st.integers(1, 60),
        money=st.sampled_from(["credit", "nothing", "refund"]),
    )
    def cancel(self, policy: str, ahead: int, money: str) -> None:
        if policy != "start_of_term" or ahead > 55:
            self.life.cancels(policy, ahead, money)

    @rule()
    def keep(self) -> None:
        self.life.keeps()

    @rule(days=st.integers(1, 40))
    def give_days(self, days: int) -> None:
        self.life.is_given(days)

    @rule(money=st.sampled_from(["settled", "moves"]))
    def hand_over(self, money: str) -> None:
        self.life.is_handed_over(money)

    @rule(day=st.sampled_from([None, 1, 10, 28, 31]))
    def bill_on(self, day: int | None) -> None:
        self.life.is_billed_on(day)

    @rule(timing=st.sampled_from(["advance", "arrears"]))
    def bill(self, timing: str) -> None:
        self.life.is_billed(timing)

    @rule(on=st.booleans())
    def renew_by_itself(self, on: bool) -> None:
        self.life.renews_by_itself(on)

    @rule()
    def renew_now(self) -> None:
        self.life.renews_now()

    @rule(empty=st.booleans())
    def card_is(self, empty: bool) -> None:
        self.life.card_is(empty)

    @rule()
    def pay_all(self) -> None:
        self.life.pays_all()

    @rule()
    def pay_all_again(self) -> None:
        self.life.pays_all()

    @rule(percent=st.sampled_from([1, 40, 99, 100, 130]))
    def transfer_money(self, percent: int) -> None:
        self.life.transfers(percent)

    @rule(percent=st.sampled_from([1, 50, 100]), to=st.sampled_from(["source", "credit"]))
    def refund(self, percent: int, to: str) -> None:
        self.life.is_refunded(percent, to)

    @invariant()
    def all_is_in_order(self) -> None:
        if self.life is not None:
            self.life.settle_down()
            check_books(self.life)


@pytest.fixture
def machine(sqlite_url, tmp_path):
    """The machine with a stage of its own, on which the clock is put back afterwards."""
    with (
        clock.business_time(datetime(2027, 1, 1, 12, tzinfo=UTC)),
        open_shop(sqlite_url, tmp_path, terms_days=3) as shop,
    ):
        yield type("Staged", (AnyWay,), {"stage": Stage(shop, tmp_path / "billhead.sqlite3", Ways)})


def test_whatever_happens_however_it_is_billed(machine):
    run_state_machine_as_test(machine, settings=settings(max_examples=8, stateful_step_count=10, **_FAST))


@pytest.mark.full
def test_the_same_for_longer(machine):
    run_state_machine_as_test(machine, settings=settings(max_examples=400, stateful_step_count=40, **_FAST))
