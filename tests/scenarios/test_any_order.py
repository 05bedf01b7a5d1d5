"""One subscription and its money through anything that people do to them, in any order, checked after each step.

The machine only says what may happen; `any_order.Life` does it and tells it to a ledger of days, which knows nothing of
how Billhead bills; `any_order_checks.check` holds the two against each other.
"""

from datetime import UTC, datetime

import pytest
from any_order import Life
from any_order_checks import check
from any_order_shop import PLANS, Begins, Stage
from billing_shop import open_shop
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from billhead import clock

ZONES = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"]
BEGINNINGS = st.builds(
    Begins,
    zone=st.sampled_from(ZONES),
    day=st.integers(1, 31),
    card=st.booleans(),
    inclusive=st.booleans(),
    trial=st.sampled_from([None, None, 0, 100]),
    coupon=st.sampled_from([None, None, 0, 2]),
)
_FAST = {"suppress_health_check": list(HealthCheck), "deadline": None}


class AnyOrder(RuleBasedStateMachine):
    """`stage`: where its stories are told."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.life: Life | None = None

    @initialize(begins=BEGINNINGS)
    def begin(self, begins: Begins) -> None:
        self.life = self.stage.begin(begins)

    @rule(days=st.integers(1, 45))
    def wait(self, days: int) -> None:
        self.life.wait(days)

    @rule(days=st.integers(1, 9))
    def wait_a_little(self, days: int) -> None:
        self.life.wait(days)

    @rule(plan=st.sampled_from(PLANS))
    def change_plan(self, plan: str) -> None:
        self.life.changes_plan(plan)

    @rule(number=st.integers(0, 3))
    def change_screens(self, number: int) -> None:
        self.life.changes_screens(number)

    @rule(months=st.sampled_from([1, 3]))
    def change_term(self, months: int) -> None:
        self.life.changes_term(months)

    @rule(plan=st.sampled_from(PLANS), ago=st.integers(1, 20))
    def correct(self, plan: str, ago: int) -> None:
        self.life.corrects(plan, ago)

    @rule(plan=st.sampled_from(PLANS))
    def plan_a_change(self, plan: str) -> None:
        self.life.plans(plan)

    @rule(minutes=st.integers(1, 500))
    def watch(self, minutes: int) -> None:
        self.life.watches(minutes)

    @rule()
    def hold(self) -> None:
        self.life.holds()

    @rule()
    def resume(self) -> None:
        self.life.resumes()

    @rule()
    def stop_by_staff(self) -> None:
        self.life.is_stopped_by_staff()

    @rule()
    def go_on_by_staff(self) -> None:
        self.life.goes_on_by_staff()

    @rule(ahead=st.integers(-3, 60), money=st.sampled_from(["credit", "nothing"]))
    def cancel(self, ahead: int, money: str) -> None:
        self.life.cancels(ahead, money)

    @rule()
    def keep(self) -> None:
        self.life.keeps()

    @rule(days=st.integers(1, 40))
    def give_days(self, days: int) -> None:
        self.life.is_given(days)

    @rule()
    def hand_over(self) -> None:
        self.life.is_handed_over("settled")

    @rule(empty=st.booleans())
    def card_is(self, empty: bool) -> None:
        self.life.card_is(empty)

    @rule()
    def pay_all(self) -> None:
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
            check(self.life)


@pytest.fixture
def machine(sqlite_url, tmp_path):
    """The machine with a stage of its own, on which the clock is put back afterwards."""
    with (
        clock.business_time(datetime(2027, 1, 1, 12, tzinfo=UTC)),
        open_shop(sqlite_url, tmp_path, terms_days=3) as shop,
    ):
        yield type("Staged", (AnyOrder,), {"stage": Stage(shop, tmp_path / "billhead.sqlite3", Life)})


def test_whatever_happens_in_whatever_order_the_days_decide(machine):
    run_state_machine_as_test(machine, settings=settings(max_examples=8, stateful_step_count=10, **_FAST))


@pytest.mark.full
def test_the_same_for_longer(machine):
    run_state_machine_as_test(machine, settings=settings(max_examples=400, stateful_step_count=40, **_FAST))
