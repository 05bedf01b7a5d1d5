"""What the machines of stories in any order have in common: the deeds that are the same however it is billed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from any_order_shop import Stage
from billing_shop import open_shop
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from billhead import clock


class Deeds(RuleBasedStateMachine):
    """`stage`: where its stories are told; `life`: who lives them; `proof`: what must hold after each step."""

    stage: Stage
    proof: ClassVar[Callable[[Any], None]]

    def __init__(self) -> None:
        super().__init__()
        self.life: Any = None

    @rule(days=st.integers(1, 9))
    def wait_a_little(self, days: int) -> None:
        self.life.wait(days)

    @rule(minutes=st.integers(1, 500))
    def watch(self, minutes: int) -> None:
        self.life.watches(minutes)

    @rule()
    def resume(self) -> None:
        self.life.resumes()

    @rule()
    def stop_by_staff(self) -> None:
        self.life.is_stopped_by_staff()

    @rule()
    def go_on_by_staff(self) -> None:
        self.life.goes_on_by_staff()

    @rule()
    def keep(self) -> None:
        self.life.keeps()

    @rule(days=st.integers(1, 40))
    def give_days(self, days: int) -> None:
        self.life.is_given(days)

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
            type(self).proof(self.life)


@contextmanager
def staged(machine: type[Deeds], life: type[Any], url: str, folder: Path) -> Iterator[type[Deeds]]:
    """The machine with a stage of its own, on which the clock is put back afterwards."""
    with clock.business_time(datetime(2027, 1, 1, 12, tzinfo=UTC)), open_shop(url, folder, terms_days=3) as shop:
        yield type("Staged", (machine,), {"stage": Stage(shop, folder / "billhead.sqlite3", life)})


def play(machine: type[Deeds], stories: int, steps: int) -> None:
    told = settings(
        max_examples=stories, stateful_step_count=steps, suppress_health_check=list(HealthCheck), deadline=None
    )
    run_state_machine_as_test(machine, settings=told)
