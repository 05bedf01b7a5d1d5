"""Whatever comes between: every paid period that needs a purchase gets exactly one, and none gets two."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billhead import clock
from billhead.actions.provisioning import _buying
from billhead.domain.periods import Term, cycle_start
from billhead.jobs.queue import give_back_all
from billhead.testing import Break

MONTH = Term("month")


class Killed(BaseException):
    """As a kill does: nothing after it runs."""


class Point:
    """Where the process dies next, if anywhere."""

    name = ""

    def __call__(self, name):
        if name == self.name:
            self.name = ""
            raise Killed(name)


STEPS = st.one_of(
    st.sampled_from(["pay", "converge", "work", "wait", "wait long", "block", "free", "no credit"]),
    st.tuples(st.just("break"), st.sampled_from(list(Break)), st.integers(1, 5)),
    st.tuples(st.just("kill"), st.sampled_from(["purchase.committed", "purchase.sent"])),
)


@pytest.fixture
def point(monkeypatch):
    point = Point()
    monkeypatch.setattr(_buying, "crash_point", point)
    return point


LIVES = st.lists(STEPS, min_size=1, max_size=12)
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=6, suppress_health_check=SHARED)
@given(LIVES)
@example([("kill", "purchase.sent"), "work"])
def test_each_paid_period_is_bought_exactly_once(upstream, point, steps):
    _lived_through(upstream, point, steps)


@pytest.mark.full
@settings(max_examples=100, suppress_health_check=SHARED)
@given(LIVES)
def test_each_paid_period_is_bought_exactly_once_many_times_over(upstream, point, steps):
    _lived_through(upstream, point, steps)


def _lived_through(upstream, point, steps):
    first, paid = clock.business_now().date(), 1
    line = upstream.line(paid_until=cycle_start(first, MONTH, 1))
    for step in steps:
        if step == "pay":
            paid += 1
            upstream.pay(line, cycle_start(first, MONTH, paid))
        else:
            _live(upstream, point, line, step)
        _never_two(upstream, line, paid)
    point.name, upstream.panel.credit = "", 10_000
    upstream.want(line, desired_blocked=False)
    for _ in range(2):
        upstream.heal()
        upstream.wait(hours=2)  # whoever found no credit asks again
        upstream.work()
    service = upstream.service(line)
    assert (service.sync, _bought(upstream, line)) == ("ok", paid), service.sync_error


def _live(upstream, point, line, step):
    match step:
        case "converge" | "work":
            try:
                upstream.converge(line) if step == "converge" else upstream.work()
            except Killed:
                give_back_all()  # as the next process does when it starts
        case "wait":
            upstream.wait(minutes=3)
        case "wait long":
            upstream.wait(minutes=40)
        case "block" | "free":
            upstream.want(line, desired_blocked=step == "block")
        case "no credit":
            upstream.panel.credit = 0
        case ("break", at, request):
            upstream.breaks.break_request(request, at)
        case ("kill", where):
            point.name = where


def _bought(upstream, line):
    ref = upstream.service(line).handle
    return sum(1 for bought, _ in upstream.bought() if bought == ref)


def _never_two(upstream, line, paid):
    assert _bought(upstream, line) <= paid
    mine = [row for row in upstream.purchases() if row.service_id == line]
    assert len({row.paid_until for row in mine}) == len(mine)
