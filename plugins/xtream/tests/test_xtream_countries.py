"""A line whose bouquets are licensed in one country alone is held to it, where the operator asks for that."""

from dataclasses import replace

import pytest

from billhead.plugin import Found, Handle, LineKind


@pytest.fixture
def locking(connect):
    return connect(lock_country=True)


def kept(wanted, observed, **changes):
    return replace(wanted, handle=Handle(wanted.handle.ref, observed.handle_data), **changes)


def test_a_line_is_held_to_its_country_and_let_go_again(module, locking, desired, converge, stored):
    wanted = desired(country="FI")
    observed = converge(wanted, locking)
    assert (stored("anna")["forced_country"], observed.country) == ("FI", "FI")
    assert list(module.plan(locking, kept(wanted, observed), observed)) == []
    again = converge(kept(wanted, observed, country="SE"), locking)
    assert (stored("anna")["forced_country"], stored("anna")["exp_date"]) == ("SE", 2114380800)
    free = converge(kept(wanted, again, country=""), locking)
    assert (stored("anna")["forced_country"] or "", free.country) == ("", "")


def test_what_staff_set_is_a_difference_only_where_there_is_a_wish(module, locking, panel, desired, converge, sandbox):
    wanted = desired()
    observed = converge(wanted)
    sandbox.state.store.update("lines", {"forced_country": "TR"}, "id = ?", (observed.handle_data["line_id"],))
    seen = module.look_up(panel, kept(wanted, observed))
    assert isinstance(seen, Found)
    assert list(module.plan(panel, kept(wanted, observed), seen.observed)) == []
    (step,) = module.plan(locking, kept(wanted, observed, country=""), seen.observed)
    assert step.changes == {"country"}


def test_a_box_is_not_held_and_does_not_differ_for_ever(module, locking, desired, converge):
    box = desired(kind=LineKind.MAG, mac="00:1A:79:00:00:01", country="FI")
    observed = converge(box, locking)
    assert list(module.plan(locking, kept(box, observed), observed)) == []


def test_it_is_an_option_of_the_admin_api(module, panel, locking, classic):
    able = [module.capabilities(one).countries for one in (panel, locking, classic(lock_country=True))]
    assert able == [False, True, False]
