"""A line is brought in step with what is paid, on both panels, over a real socket."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from two_panels import BOX, NEW_YEAR, NOW

BOTH = pytest.mark.parametrize("on", ["stalker", "xtream"])


@BOTH
def test_a_paid_line_is_made_as_it_was_ordered_and_the_customer_is_told_once(operator, on):
    line = operator.line(on, bouquets=["sport", "kids"])
    operator.work()

    held, service = operator.only(on), operator.service(line)
    assert (held.ref, held.login) == ("line1", "viewer1")
    assert (held.ends, held.blocked) == (NEW_YEAR, False)
    assert held.bouquets == ({"PKG_SPORT", "PKG_KIDS"} if on == "stalker" else {"3", "5"})
    assert held.plan == ("BASIC" if on == "stalker" else "")
    assert (service.sync, service.converged_version) == ("ok", service.desired_version)
    assert service.observed["blocked"] is False
    assert "password" not in service.observed

    operator.want(line, desired_connections=3)
    operator.work()
    assert len(operator.events("service.active")) == 1


@BOTH
def test_a_box_is_made_with_its_mac(operator, on):
    operator.line(on, kind="mag", mac=BOX)
    operator.work()

    held = operator.only(on)
    assert (held.mac, held.ends, held.blocked) == (BOX, NEW_YEAR, False)


@BOTH
def test_whatever_changes_is_brought_to_the_panel_and_nothing_else_moves(operator, on):
    line = operator.line(on, bouquets=["sport"])
    operator.work()
    before = operator.only(on)
    sport, kids = ("PKG_SPORT", "PKG_KIDS") if on == "stalker" else ("3", "5")

    later = datetime(2027, 2, 1, tzinfo=UTC)
    operator.want(line, desired_expires_at=later)
    operator.work()
    assert operator.only(on) == replace(before, ends=later)

    operator.want(line, bouquets=["sport", "kids"])
    operator.work()
    assert operator.only(on) == replace(before, ends=later, bouquets={sport, kids})

    operator.want(line, desired_blocked=True)
    operator.work()
    assert operator.only(on) == replace(before, ends=later, bouquets={sport, kids}, blocked=True)

    operator.want(line, desired_blocked=False)
    operator.work()
    assert operator.only(on) == replace(before, ends=later, bouquets={sport, kids})
    assert operator.service(line).sync == "ok"


@BOTH
def test_a_new_password_replaces_the_old_one(operator, on):
    line = operator.line(on)
    operator.work()
    assert operator.lets_in(on, "viewer1", "correct-horse")

    operator.want(line, password="battery-staple")
    operator.work()
    assert operator.lets_in(on, "viewer1", "battery-staple")
    assert not operator.lets_in(on, "viewer1", "correct-horse")


def test_connections_reach_a_panel_that_counts_them(operator):
    line = operator.line("xtream", desired_connections=2)
    operator.work()
    assert operator.only("xtream").connections == 2

    operator.want(line, desired_connections=4)
    operator.work()
    assert operator.only("xtream").connections == 4


@BOTH
def test_a_box_is_exchanged_for_another(operator, on):
    line = operator.line(on, kind="mag", mac=BOX)
    operator.work()

    operator.want(line, mac="00:1A:79:00:00:02")
    operator.work()
    assert operator.only(on).mac == "00:1A:79:00:00:02"
    assert operator.service(line).sync == "ok"


@BOTH
def test_an_ended_line_is_removed_and_stays_gone(operator, on):
    line = operator.line(on)
    operator.work()

    operator.want(line, lifecycle="unwanted")
    operator.work()
    assert operator.on(on) == []
    assert operator.service(line).lifecycle == "gone"

    operator.calls()
    assert operator.converge(line) is None
    assert operator.calls() == {}


@BOTH
def test_a_line_that_is_not_ours_is_never_removed(operator, on):
    line = operator.line(on)
    operator.work()
    held = operator.only(on)
    from billhead.models.subscriptions import Service

    operator.change(Service, line, created_by_us=False)
    operator.calls()
    operator.want(line, lifecycle="unwanted")
    operator.work()
    assert operator.only(on) == held
    assert operator.service(line).lifecycle == "gone"
    assert operator.calls() == {}


@BOTH
def test_a_line_that_was_never_paid_for_is_not_on_the_panel(operator, on):
    line = operator.line(on, paid_until=None)
    operator.want(line, bouquets=["sport"])  # the order is changed before it is paid
    operator.work()
    report = operator.reconcile(on)
    operator.work()
    assert operator.on(on) == []
    assert (report.differences, report.services) == (0, 0)
    assert (operator.service(line).sync, operator.service(line).told_at) == ("pending", None)

    operator.want(line, desired_expires_at=NEW_YEAR)
    operator.work()
    assert operator.only(on).ends == NEW_YEAR


def test_an_order_that_is_given_up_unpaid_ends_without_a_call(operator):
    line = operator.line(paid_until=None)
    operator.want(line, lifecycle="unwanted")
    operator.work()
    assert operator.service(line).lifecycle == "gone"
    assert operator.calls() == {}


@BOTH
def test_a_line_in_step_costs_one_call(operator, on):
    line = operator.line(on, bouquets=["sport"])
    operator.work()
    operator.calls()

    assert operator.converge(line).sync == "ok"
    assert sum(operator.calls().values()) == 1


@BOTH
def test_what_somebody_changed_on_the_panel_is_put_right(operator, on):
    line = operator.line(on)
    operator.work()
    before = operator.only(on)

    operator.tamper(on, "viewer1", **({"blocked": 1} if on == "stalker" else {"enabled": 0}))
    assert operator.only(on) != before
    operator.converge(line)
    assert operator.only(on) == before


@BOTH
def test_a_field_that_the_operator_leaves_to_the_panels_staff_is_not_touched(operator, on):
    from billhead.models.panels import Panel

    operator.change(Panel, operator.panels[on], managed={"blocked": "accept", "bouquets": "report"})
    line = operator.line(on, bouquets=["sport"])
    operator.work()
    assert operator.only(on).bouquets  # a new line is made whole

    operator.tamper(on, "viewer1", **({"blocked": 1} if on == "stalker" else {"enabled": 0}))
    operator.want(line, desired_expires_at=NEW_YEAR + timedelta(days=31), bouquets=["kids"])
    operator.work()
    held = operator.only(on)
    assert operator.service(line).sync == "ok"
    assert held.ends == NEW_YEAR + timedelta(days=31)
    assert held.bouquets == ({"PKG_SPORT"} if on == "stalker" else {"3"})


def test_a_line_that_the_portal_has_ended_is_in_step_and_a_renewal_lifts_its_block(operator):
    line = operator.line("stalker", paid_until=NOW + timedelta(days=2))
    operator.work()
    operator.wait(days=4)
    operator.converge(line)
    assert operator.only("stalker").blocked  # by the portal's own job
    assert operator.service(line).sync == "ok"
    assert operator.reconcile("stalker").differences == 0

    operator.want(line, desired_expires_at=NEW_YEAR)
    operator.work()
    held = operator.only("stalker")
    assert (held.blocked, held.ends) == (False, NEW_YEAR)


def test_a_portal_that_ends_no_line_is_told_to_when_the_time_comes(operator):
    _portal_leaves_ending_to_us(operator)
    line = operator.line("stalker", paid_until=NOW + timedelta(days=2))
    operator.work()
    assert operator.only("stalker").blocked is False

    operator.wait(days=2, minutes=1)
    operator.work()
    assert operator.only("stalker").blocked is True

    operator.want(line, desired_expires_at=NEW_YEAR)
    operator.work()
    assert operator.only("stalker").blocked is False


def test_a_line_renewed_in_time_is_not_ended_by_a_portal_that_leaves_that_to_us(operator):
    _portal_leaves_ending_to_us(operator)
    line = operator.line("stalker", paid_until=NOW + timedelta(days=2))
    operator.work()
    operator.want(line, desired_expires_at=NOW + timedelta(days=32))
    operator.work()

    operator.wait(days=3)
    operator.work()
    assert operator.only("stalker").blocked is False

    operator.wait(days=30)
    operator.work()
    assert operator.only("stalker").blocked is True


def _portal_leaves_ending_to_us(operator):
    from billhead.models.panels import Panel

    panel = operator.panel("stalker")
    operator.change(Panel, panel.id, settings={**panel.settings, "portal_ends_lines": False})
    operator.sandbox.state.change_settings({"stalker": {"enable_internal_billing": False}})
