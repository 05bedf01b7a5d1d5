"""One subscription through all ways to be billed and everything that people do to it, in any order.

The machine only says what may happen; `any_order_ways.Ways` does it, and holds each time what was shown before against
what came of it; `any_order_checks.check_books` recomputes every bill and the ledger after each step.
"""

import pytest
from any_order_checks import check_books
from any_order_machine import Deeds, play, staged
from any_order_shop import PLANS
from any_order_ways import BeginsSomehow, Ways
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

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


class AnyWay(Deeds):
    life: Ways
    proof = staticmethod(check_books)

    @initialize(begins=BEGINNINGS)
    def begin(self, begins: BeginsSomehow) -> None:
        self.life = self.stage.begin(begins)

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
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

    @rule(days=st.sampled_from([None, 3, 20]))
    def hold(self, days: int | None) -> None:
        self.life.holds(days)

    @rule(
        policy=st.sampled_from(["on_date", "on_date", "end_of_term", "start_of_term"]),
        ahead=st.integers(1, 60),
        money=st.sampled_from(["credit", "nothing", "refund"]),
    )
    def cancel(self, policy: str, ahead: int, money: str) -> None:
        if policy != "start_of_term" or ahead > 55:
            self.life.cancels(policy, ahead, money)

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

    @rule()
    def pay_all_again(self) -> None:
        self.life.pays_all()


@pytest.fixture
def machine(sqlite_url, tmp_path):
    with staged(AnyWay, Ways, sqlite_url, tmp_path) as found:
        yield found


def test_whatever_happens_however_it_is_billed(machine):
    play(machine, stories=8, steps=10)


@pytest.mark.full
def test_the_same_for_longer(machine):
    play(machine, stories=400, steps=40)
