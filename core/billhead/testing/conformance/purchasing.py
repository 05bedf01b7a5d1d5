"""What a module must do whose panel sells time for our credit: a part of `ProvisioningConformance`.

A purchase over a connection that breaks anywhere is made once or not at all, the error says no more than is proven, and
`resolve` finds out which it was, without buying and without a lie. The tests pass where nothing is sold.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from billhead.plugin import (
    Catalogue,
    Desired,
    Due,
    Found,
    Observed,
    PanelError,
    PanelOutcomeUnknown,
    Purchase,
    Resolution,
)
from billhead.testing.breaking_proxy import Break, BreakingProxy
from billhead.testing.driving import Driver, new_line

__all__ = ["PurchasingConformance", "each_request"]

_MOST_REQUESTS = 12


def each_request(proxy: BreakingProxy, at: Break) -> Iterator[int]:
    """1, 2, 3 …: break that request, until a call needs no more requests than have been broken already."""
    for number in range(1, _MOST_REQUESTS + 1):
        proxy.break_request(number, at)
        yield number
        if not proxy.has_broken:
            return


class PurchasingConformance:
    def test_nothing_is_bought_unasked(self, driver: Driver, lines: list[Desired]) -> None:
        for desired in lines if driver.sells else ():
            unasked = replace(desired, due=None)
            assert not _purchases(driver.module.plan(driver.panel, unasked, None)), "a line is bought without `due`"
            kept = driver.bring_in_step(desired)
            steps = driver.module.plan(driver.panel, replace(kept, due=None), driver.found(kept))
            assert not _purchases(steps), "time is bought without `due`"

    def test_what_is_due_is_bought_alone_and_once(
        self, driver: Driver, lines: list[Desired], catalogue: Catalogue
    ) -> None:
        for desired in lines if driver.sells else ():
            kept = driver.bring_in_step(desired)
            before = driver.found(kept)
            step = _due_step(driver, kept, catalogue)
            assert step.found is not None, "a purchase for a line that is there carries it in `found`"
            bought = driver.module.buy(driver.panel, driver.with_credit(step))
            after = driver.found(kept)
            assert bought.expires_at == after.expires_at, "buy() returns the line as it is afterwards"
            assert _until(after) is not None
            assert _until(after) > _until(before), "the line runs longer once it is bought"  # type: ignore[operator]
            assert after.handle_data == before.handle_data

    @pytest.mark.parametrize("at", list(Break))
    def test_a_broken_renewal_is_bought_once_or_not_at_all(
        self,
        driver: Driver,
        broken: Driver,
        proxy: BreakingProxy,
        lines: list[Desired],
        catalogue: Catalogue,
        at: Break,
    ) -> None:
        for desired in lines if driver.sells else ():
            kept = driver.bring_in_step(desired)
            first = _bought_in_peace(driver, kept, catalogue)
            for number in each_request(proxy, at):
                step = driver.with_credit(_due_step(driver, kept, catalogue))
                before = _until(driver.found(kept))
                told = _sent(broken, step)
                after = _until(driver.found(kept))
                assert before is not None
                assert after is not None
                why = f"request {number} broke ({at}), and buy() said {told!r}"
                assert after - before in (first * 0, first), f"{why}: bought more than once"
                _judge(driver, broken, proxy, step, told, bought=after > before, why=why)
                assert _until(driver.found(kept)) == after, f"{why}: resolve() buys"

    @pytest.mark.parametrize("at", list(Break))
    def test_a_broken_first_purchase_is_made_once_or_not_at_all(
        self,
        driver: Driver,
        broken: Driver,
        proxy: BreakingProxy,
        lines: list[Desired],
        catalogue: Catalogue,
        at: Break,
    ) -> None:
        for kind in [desired.kind for desired in lines] if driver.sells else ():
            for number in each_request(proxy, at):
                desired = new_line(kind, catalogue)
                (step,) = _purchases(driver.module.plan(driver.panel, desired, None))
                step = driver.with_credit(step)
                told = _sent(broken, step)
                there = isinstance(driver.module.look_up(driver.panel, desired), Found)
                why = f"request {number} broke ({at}), and buy() said {told!r}"
                _judge(driver, broken, proxy, step, told, bought=there, why=why)
                assert isinstance(driver.module.look_up(driver.panel, desired), Found) is there, (
                    f"{why}: resolve() buys"
                )


def _judge(
    driver: Driver,
    broken: Driver,
    proxy: BreakingProxy,
    step: Purchase,
    told: Observed | PanelError,
    *,
    bought: bool,
    why: str,
) -> None:
    """What was said is no more than was proven, and what is found out is true: also over a connection that breaks."""
    if isinstance(told, Observed):
        assert bought, f"{why}: nothing was bought"
    elif not isinstance(told, PanelOutcomeUnknown):
        assert not bought, f"{why}: that says that nothing was bought, but it was"
    truth = Resolution.BOUGHT if bought else Resolution.NOT_BOUGHT
    found_out = driver.module.resolve(driver.panel, step)
    assert found_out is truth, f"{why}, and resolve() says {found_out}"
    proxy.break_all(Break.BEFORE_ANSWER)
    try:
        guess = broken.module.resolve(broken.panel, step)
    except PanelError:
        return
    assert guess in (truth, Resolution.STILL_UNKNOWN), f"{why}; without an answer resolve() says {guess}"


def _sent(broken: Driver, step: Purchase) -> Observed | PanelError:
    try:
        return broken.module.buy(broken.panel, step)
    except PanelError as error:
        return error


def _bought_in_peace(driver: Driver, kept: Desired, catalogue: Catalogue) -> timedelta:
    """How much longer a line runs after one purchase."""
    before = _until(driver.found(kept))
    driver.module.buy(driver.panel, driver.with_credit(_due_step(driver, kept, catalogue)))
    after = _until(driver.found(kept))
    assert before is not None
    assert after is not None
    return after - before


def _due_step(driver: Driver, kept: Desired, catalogue: Catalogue) -> Purchase:
    code, package = next(iter(catalogue.packages.items()))
    found = driver.found(kept)
    wanted = replace(driver.comparable(kept, found), due=Due(code, package.cost_minor))
    steps = driver.module.plan(driver.panel, wanted, found)
    (step,) = _purchases(steps)
    assert step.package == code
    return step


def _purchases(steps: object) -> list[Purchase]:
    assert isinstance(steps, list | tuple)
    return [step for step in steps if isinstance(step, Purchase)]


def _until(observed: Observed) -> datetime | None:
    return observed.expires_at if isinstance(observed.expires_at, datetime) else None
