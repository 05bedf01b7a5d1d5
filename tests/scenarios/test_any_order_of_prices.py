"""A street of customers in far zones, while prices come and go: new versions for new customers or for all, many at
once, taken back; bundles, seasons and fixed terms; coupons in mid-life; credit notes of staff; add-ons that come and
go; bills that are written days ahead. In any order, checked after each step.

The machine only says what may happen; `any_order_prices.Street` does it and tells it to a `PriceLedger` of each
customer, which knows nothing of how Billhead bills; `any_order_prices_checks.check_prices` holds the two against each
other.
"""

import pytest
from any_order_machine import play, staged
from any_order_prices import COUPONS, PLANS, PRICES, ZONES, BeginsPriced, Neighbour, Street
from any_order_prices_checks import all_is_earned, check_prices
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

BEGINNINGS = st.builds(
    BeginsPriced,
    day=st.integers(1, 31),
    ahead=st.sampled_from([0, 0, 5, 20]),
    inclusive=st.booleans(),
    season=st.integers(20, 130),
)
PLAN = st.sampled_from(PLANS)
SOME = st.sampled_from([(), ("basic", "screen"), ("duo",)])
WHO = st.integers(0, 3)
AHEAD = st.sampled_from([None, None, 1, 10, 40])  # days until a price holds for those who are there


class AnyPrice(RuleBasedStateMachine):
    stage: object

    def __init__(self) -> None:
        super().__init__()
        self.street: Street | None = None

    @initialize(begins=BEGINNINGS, plan=PLAN)
    def begin(self, begins: BeginsPriced, plan: str) -> None:
        self.street = self.stage.begin(begins)
        self.street.arrives(ZONES[0], plan, 1, "")
        self.street.arrives(ZONES[1], "duo", 0, "")

    def who(self, number: int) -> Neighbour:
        return self.street.neighbours[number % len(self.street.neighbours)]

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.street.waits(days)

    @rule(days=st.integers(1, 9))
    def wait_a_little(self, days: int) -> None:
        self.street.waits(days)

    @rule(zone=st.sampled_from(ZONES), plan=PLAN, screens=st.integers(0, 2), coupon=st.sampled_from(["", *COUPONS]))
    def arrive(self, zone: str, plan: str, screens: int, coupon: str) -> None:
        if len(self.street.neighbours) < 4:
            self.street.arrives(zone, plan, screens, coupon)

    @rule(what=st.sampled_from([*PRICES]), minor=st.sampled_from([1, 700, 1000, 1555, 4000]), ahead=AHEAD)
    def price_comes(self, what: str, minor: int, ahead: int | None) -> None:
        self.street.costs(what, minor, ahead)

    @rule(percent=st.sampled_from([-30, 5, 17]), plans=SOME, ahead=AHEAD)
    def many_prices_come(self, percent: int, plans: tuple[str, ...], ahead: int | None) -> None:
        self.street.all_cost(percent, plans, ahead)

    @rule()
    def prices_are_taken_back(self) -> None:
        self.street.takes_prices_back()

    @rule(number=WHO, plan=PLAN)
    def change_plan(self, number: int, plan: str) -> None:
        one = self.who(number)
        _, screens, sport = self.street.now(one)
        self.street.changes(one, plan, screens, sport)

    @rule(number=WHO, screens=st.integers(0, 3), sport=st.integers(0, 1))
    def change_addons(self, number: int, screens: int, sport: int) -> None:
        one = self.who(number)
        self.street.changes(one, self.street.now(one)[0], screens, sport)

    @rule(number=WHO, code=st.sampled_from([*COUPONS]))
    def give_coupon(self, number: int, code: str) -> None:
        self.street.is_given(self.who(number), code)

    @rule(number=WHO, back=st.integers(0, 3), percent=st.sampled_from([1, 40, 100]))
    def give_back(self, number: int, back: int, percent: int) -> None:
        self.street.credits(self.who(number), back, percent)

    @rule(number=WHO)
    def hold(self, number: int) -> None:
        self.street.holds(self.who(number))

    @rule(number=WHO)
    def resume(self, number: int) -> None:
        self.street.resumes(self.who(number))

    @rule(number=WHO, ahead=st.integers(0, 60))
    def cancel(self, number: int, ahead: int) -> None:
        if ahead or number:  # at once is the end of it
            self.street.cancels(self.who(number), ahead)

    @rule(number=WHO)
    def keep(self, number: int) -> None:
        self.street.keeps(self.who(number))

    @invariant()
    def all_is_in_order(self) -> None:
        if self.street is not None:
            self.street.settle_down()
            check_prices(self.street)

    def teardown(self) -> None:
        if self.street is not None:
            all_is_earned(self.street)


@pytest.fixture
def machine(sqlite_url, tmp_path):
    with staged(AnyPrice, Street, sqlite_url, tmp_path) as found:
        yield found


def test_whatever_prices_do_everybody_pays_their_own(machine):
    play(machine, stories=6, steps=10)


@pytest.mark.full
def test_the_same_for_longer(machine):
    play(machine, stories=300, steps=40)
