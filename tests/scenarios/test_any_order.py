"""One subscription and its money through anything that people do to them, in any order, checked after each step.

The machine only says what may happen; `any_order.Life` does it and tells it to a ledger of days, which knows nothing of
how Billhead bills; `any_order_checks.check` holds the two against each other.
"""

import pytest
from any_order import Life
from any_order_checks import check
from any_order_machine import Deeds, play, staged
from any_order_shop import PLANS, Begins
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

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


class AnyOrder(Deeds):
    life: Life
    proof = staticmethod(check)

    @initialize(begins=BEGINNINGS)
    def begin(self, begins: Begins) -> None:
        self.life = self.stage.begin(begins)

    @rule(days=st.integers(1, 45))
    def wait(self, days: int) -> None:
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

    @rule()
    def hold(self) -> None:
        self.life.holds()

    @rule(ahead=st.integers(-3, 60), money=st.sampled_from(["credit", "nothing"]))
    def cancel(self, ahead: int, money: str) -> None:
        self.life.cancels(ahead, money)

    @rule()
    def hand_over(self) -> None:
        self.life.is_handed_over("settled")


@pytest.fixture
def machine(sqlite_url, tmp_path):
    with staged(AnyOrder, Life, sqlite_url, tmp_path) as found:
        yield found


def test_whatever_happens_in_whatever_order_the_days_decide(machine):
    play(machine, stories=8, steps=10)


@pytest.mark.full
def test_the_same_for_longer(machine):
    play(machine, stories=400, steps=40)
