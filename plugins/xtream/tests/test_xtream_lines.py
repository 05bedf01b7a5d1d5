"""A stream line from its first day to its last, on a panel that resets whatever an edit does not name."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from billhead.plugin import Absent, Found, Free, Gone, Handle, LineKind

JUNE = datetime(2037, 6, 1, 22, 30, 15, tzinfo=UTC)


def keeping(wanted, observed, **changes):
    """The next wish for a line whose ids are kept."""
    return replace(wanted, handle=Handle(wanted.handle.ref, observed.handle_data), **changes)


def test_a_line_is_created_only_after_a_proven_absence_and_then_is_in_step(
    module, panel, desired, converge, stored, calls
):
    wanted = desired(connections=2, note="Flat 4 & garage")
    assert module.look_up(panel, wanted) == Absent()
    calls()
    observed = converge(wanted)
    assert calls() == {"get_lines": 1, "create_line": 1}

    row = stored("anna")
    assert observed.handle_data == {"line_id": row["id"], "ref": "A2B3C4D5E6F", "login": "anna"}
    assert (row["password"], row["bouquet"], row["max_connections"]) == ("secret-1", "[1,2]", 2)
    assert row["exp_date"] == 2114380800  # 2037-01-01 00:00:00 UTC, whatever the panel's zone
    assert (row["enabled"], row["is_trial"], row["allowed_outputs"]) == (1, 0, "[1,2]")
    assert row["admin_notes"] == "billhead:A2B3C4D5E6F Flat 4 &amp; garage"
    assert module.plan(panel, wanted, observed) == []


def test_a_plan_that_is_a_package_of_the_panel_is_written_down_there(module, panel, desired, converge, stored):
    """It is a note of the panel's: what a line has is its bouquets, connections and expiry."""
    assert set(module.catalogue(panel).plans) == {"1", "2", "3"}
    wanted = desired(plan="2")
    observed = converge(wanted)
    assert stored("anna")["package_id"] == 2
    later = converge(keeping(wanted, observed, plan="3", expires_at=JUNE))
    assert stored("anna")["package_id"] == 3
    converge(keeping(wanted, later, plan="Restreamers", expires_at=JUNE, connections=2))
    assert (stored("anna")["package_id"], stored("anna")["max_connections"]) == (3, 2)


def test_an_unchanged_line_costs_one_call(desired, converge, calls):
    wanted = desired()
    observed = converge(wanted)
    calls()
    converge(keeping(wanted, observed))
    assert calls() == {"get_line": 1}


def test_a_renewal_costs_three_calls_and_keeps_everything_else(desired, converge, stored, calls):
    wanted = desired(connections=3)
    observed = converge(wanted)
    before = stored("anna")
    calls()
    converge(keeping(wanted, observed, expires_at=JUNE))
    assert calls() == {"get_line": 2, "edit_line": 1}
    after = stored("anna")
    assert after["exp_date"] == 2127508215
    assert {k: v for k, v in after.items() if k not in ("exp_date", "updated")} == {
        k: v for k, v in before.items() if k not in ("exp_date", "updated")
    }


def test_what_staff_set_on_the_panel_survives_our_edits(desired, converge, sandbox, stored):
    wanted = desired()
    observed = converge(wanted)
    by_staff = {
        "is_restreamer": 1,
        "is_isplock": 1,
        "bypass_ua": 1,
        "allowed_outputs": "[1,3]",
        "allowed_ips": '["198.51.100.7"]',
        "allowed_ua": '["VLC","Kodi"]',
        "reseller_notes": "pays &amp; smiles",
        "contact": "anna@example.org",
        "forced_country": "FI",
    }
    sandbox.state.store.update("lines", by_staff, "id = ?", (observed.handle_data["line_id"],))
    converge(keeping(wanted, observed, expires_at=JUNE))
    row = stored("anna")
    assert {name: row[name] for name in by_staff} == by_staff
    assert row["exp_date"] == 2127508215


@pytest.mark.parametrize("changes", [{"password": "secret-2"}, {"login": "anna.k"}, {"connections": 4}])
def test_one_changed_field_is_brought_in_step_alone(module, panel, desired, converge, changes):
    wanted = desired()
    observed = converge(wanted)
    wish = keeping(wanted, observed, **changes)
    (step,) = module.plan(panel, wish, observed)
    assert step.changes == frozenset(changes)
    after = module.apply(panel, step)
    seen = {**observed.handle_data, "login": wish.login}
    assert after == replace(observed, **changes, handle_data=seen)


def test_bouquets_change_and_may_all_go(desired, converge, stored):
    wanted = desired()
    observed = converge(wanted)
    observed = converge(keeping(wanted, observed, bouquets=frozenset({"3", "5"})))
    assert stored("anna")["bouquet"] == "[3,5]"
    converge(keeping(wanted, observed, bouquets=frozenset()))
    assert stored("anna")["bouquet"] == "[]"


def test_a_field_that_a_step_does_not_name_stays_as_staff_left_it(module, panel, desired, converge, sandbox, stored):
    """Core leaves a field out of the step where the operator accepts what the panel's staff did."""
    wanted = desired()
    observed = converge(wanted)
    sandbox.state.store.update("lines", {"max_connections": 5}, "username = ?", ("anna",))
    module.apply(panel, Free("update", keeping(wanted, observed, expires_at=JUNE), observed, frozenset({"expires_at"})))
    assert (stored("anna")["max_connections"], stored("anna")["exp_date"]) == (5, 2127508215)


def test_a_block_keeps_the_paid_time_and_a_renewal_does_not_lift_it(desired, converge, stored):
    wanted = desired()
    observed = converge(keeping(wanted, converge(wanted), blocked=True))
    assert observed.blocked is True
    assert (stored("anna")["enabled"], stored("anna")["exp_date"]) == (0, 2114380800)
    converge(keeping(wanted, observed, blocked=True, expires_at=JUNE))
    assert (stored("anna")["enabled"], stored("anna")["exp_date"]) == (0, 2127508215)
    converge(keeping(wanted, observed, expires_at=JUNE))
    assert stored("anna")["enabled"] == 1


def test_a_ban_is_seen_and_never_lifted(module, panel, desired, converge, sandbox, stored):
    wanted = desired()
    observed = converge(wanted)
    sandbox.state.store.update("lines", {"admin_enabled": 0}, "username = ?", ("anna",))
    wish = keeping(wanted, observed)
    found = module.look_up(panel, wish)
    assert found.observed.banned is True
    assert module.plan(panel, wish, found.observed) == []
    assert converge(replace(wish, expires_at=JUNE)).banned is True
    assert stored("anna")["admin_enabled"] == 0


def test_a_line_may_be_blocked_from_its_first_moment(desired, converge, stored):
    assert converge(desired(blocked=True)).blocked is True
    assert stored("anna")["enabled"] == 0


def test_a_trial_that_is_paid_for_is_no_trial_any_more(desired, converge, stored):
    wanted = desired(trial=True)
    observed = converge(wanted)
    observed = converge(keeping(wanted, observed, connections=2))
    assert stored("anna")["is_trial"] == 1
    converge(keeping(wanted, observed, trial=False, expires_at=JUNE))
    assert stored("anna")["is_trial"] == 0


def test_never_is_sent_as_never(desired, converge, stored):
    wanted = desired(expires_at=None)
    observed = converge(wanted)
    assert (observed.expires_at, stored("anna")["exp_date"]) == (None, None)
    converge(keeping(wanted, observed, connections=2))
    assert stored("anna")["exp_date"] is None


def test_an_expiry_beyond_the_panels_numbers_ends_where_they_end(module, panel, desired, converge, stored):
    wanted = desired(expires_at=datetime(2050, 1, 1, tzinfo=UTC))
    observed = converge(wanted)
    assert stored("anna")["exp_date"] == 2147483647
    assert module.plan(panel, wanted, observed) == []


def test_parts_of_a_second_are_no_difference(module, panel, desired, converge):
    wanted = desired(expires_at=datetime(2037, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC))
    assert module.plan(panel, wanted, converge(wanted)) == []


def test_removing_a_line_twice_is_gone_twice(module, panel, desired, converge, stored):
    wanted = desired()
    wish = keeping(wanted, converge(wanted))
    assert module.remove(panel, wish) == Gone()
    assert stored() == []
    assert module.remove(panel, wish) == Gone()
    assert module.look_up(panel, wish) == Absent()


def test_a_line_that_was_deleted_on_the_panel_is_made_again(desired, converge, sandbox, stored):
    wanted = desired()
    observed = converge(wanted)
    sandbox.state.store.run("DELETE FROM lines")
    again = converge(keeping(wanted, observed))
    assert again.handle_data["line_id"] == stored("anna")["id"] != observed.handle_data["line_id"]


def test_an_enigma2_box_without_a_mac_watches_by_an_ordinary_line(module, panel, desired, converge, stored):
    wanted = desired(kind=LineKind.ENIGMA2)
    observed = converge(wanted)
    assert stored("anna")["is_e2"] == 0
    assert module.look_up(panel, keeping(wanted, observed)) == Found(observed)


def test_new_lines_get_the_owner_and_the_formats_of_the_settings(connect, desired, converge, stored):
    converge(desired(), on=connect(member_id=2, outputs="1, 3"))
    assert (stored("anna")["member_id"], stored("anna")["allowed_outputs"]) == (2, "[1,3]")
