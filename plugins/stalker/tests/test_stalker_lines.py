"""A line's life on a portal: made, renewed, blocked, changed, ended; and what that costs in calls."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billhead.plugin import (
    UNOBSERVABLE,
    Absent,
    Access,
    Desired,
    Expiry,
    Foreign,
    Found,
    Gone,
    Handle,
    Impossible,
    LineKind,
    PanelRejected,
    Tombstone,
)

RENEWED = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)


def test_a_box_is_made_as_wanted(bench, alice):
    seen, _ = bench.converge(replace(alice, bouquets=frozenset({"PKG_SPORT"}), note="Order 17"))
    account = bench.account()
    assert (account["login"], account["account_number"], account["stb_mac"]) == ("alice", "a2b3c4d5e6f", alice.mac)
    assert (account["end_date"], account["blocked"], account["comment"]) == ("2027-01-01 00:00:00", 0, "Order 17")
    assert seen.plan == "BASIC"
    assert seen.bouquets == {"PKG_SPORT"}
    assert seen.expires_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert seen.blocked is False
    assert seen.password is UNOBSERVABLE
    assert seen.connections is UNOBSERVABLE


def test_an_unchanged_line_costs_one_call(bench, alice):
    _, alice = bench.converge(alice)
    bench.calls()
    bench.converge(alice)
    assert bench.calls() == {"accounts.GET": 1}


def test_a_renewal_costs_three_calls(bench, alice):
    _, alice = bench.converge(alice)
    bench.calls()
    bench.converge(replace(alice, expires_at=RENEWED))
    assert bench.calls() == {"accounts.GET": 2, "accounts.PUT": 1}


def test_a_bouquet_costs_three_calls(bench, alice):
    _, alice = bench.converge(alice)
    bench.calls()
    bench.converge(replace(alice, bouquets=frozenset({"PKG_KIDS"})))
    assert bench.calls() == {"accounts.GET": 2, "account_subscription.PUT": 1}


def test_plans_are_asked_for_once_a_minute(bench, alice):
    _, alice = bench.converge(alice)
    _, alice = bench.converge(replace(alice, plan="FAMILY"))
    bench.converge(replace(alice, plan="BASIC"))
    assert bench.calls()["tariffs.GET"] == 1


def test_blocking_and_opening(bench, alice):
    _, alice = bench.converge(alice)
    bench.converge(replace(alice, blocked=True))
    assert bench.account()["blocked"] == 1
    bench.converge(alice)
    assert bench.account()["blocked"] == 0


def test_renewal_of_a_line_that_the_portal_blocked_at_its_end(bench, alice):
    _, alice = bench.converge(alice)
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET blocked = 1")  # the job at five past midnight
    bench.converge(replace(alice, expires_at=RENEWED))
    assert (bench.account()["blocked"], bench.account()["end_date"]) == (0, "2027-02-01 00:00:00")


def test_a_renewal_opens_the_line_even_if_the_job_at_midnight_came_in_between(bench, alice):
    _, alice = bench.converge(alice)
    panel, renewed = bench.connection(), replace(alice, expires_at=RENEWED)
    found = bench.module.look_up(panel, renewed).observed
    (step,) = bench.module.plan(panel, renewed, found)
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET blocked = 1")
    assert bench.module.apply(panel, step).blocked is False


def test_a_plan_change_drops_what_the_new_plan_does_not_want(bench, alice):
    _, alice = bench.converge(replace(alice, bouquets=frozenset({"PKG_SPORT", "PKG_KIDS"})))
    seen, alice = bench.converge(replace(alice, plan="FAMILY", bouquets=frozenset({"PKG_CINEMA"})))
    assert (seen.plan, seen.bouquets) == ("FAMILY", {"PKG_CINEMA"})


def test_a_package_that_wakes_with_its_old_plan_is_put_right_in_the_same_step(bench, alice):
    _, alice = bench.converge(replace(alice, bouquets=frozenset({"PKG_KIDS"})))
    _, alice = bench.converge(replace(alice, plan="PREMIUM", bouquets=frozenset()))
    seen, _ = bench.converge(replace(alice, plan="BASIC", bouquets=frozenset()))
    assert seen.bouquets == frozenset()


def test_an_add_on_that_the_plan_does_not_offer_is_named(bench, alice):
    wanted = replace(alice, plan="PREMIUM", bouquets=frozenset({"PKG_SPORT"}))
    with pytest.raises(PanelRejected, match="PKG_SPORT: it is not an optional package of the plan PREMIUM"):
        bench.converge(wanted)


def test_a_new_password_is_sent_once_and_ends_what_is_running(bench, alice):
    _, alice = bench.converge(alice)
    before = bench.account()["password"]
    bench.calls()
    _, alice = bench.converge(replace(alice, password="battery-staple"))
    assert bench.account()["password"] != before
    assert bench.calls() == {"accounts.GET": 2, "accounts.PUT": 1, "stb_auth.PUT": 1}
    bench.converge(alice)
    assert bench.calls() == {"accounts.GET": 1}


def test_the_mark_of_a_password_tells_little_about_it(bench, alice):
    seen, _ = bench.converge(alice)
    assert set(seen.handle_data) == {"password"}
    assert len(seen.handle_data["password"]) == 4  # sixteen bits: of a million guesses some fifteen fit


def test_a_login_without_a_box(bench, alice):
    app = replace(alice, kind=LineKind.STREAM, mac=None)
    seen, app = bench.converge(app)
    assert seen.mac is None
    bench.sandbox.state.store.run(
        "UPDATE stalker_accounts SET stb_mac = '00:1A:79:00:00:09'"
    )  # bound by its login form
    bench.calls()
    bench.converge(app)
    assert bench.calls() == {"accounts.GET": 1}


def test_a_box_is_swapped_and_the_old_token_ends(bench, alice):
    _, alice = bench.converge(alice)
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET token = 'OLD', device_id = 'D'")
    seen, _ = bench.converge(replace(alice, mac="00:1A:79:AA:BB:02"))
    assert seen.mac == "00:1A:79:AA:BB:02"
    assert (bench.account()["token"], bench.account()["device_id"]) == ("", "")


def test_a_box_that_is_given_back_is_forgotten(bench, alice):
    _, alice = bench.converge(alice)
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET token = 'OLD', device_id = 'D'")
    seen, _ = bench.converge(replace(alice, mac=None))
    assert seen.mac is None
    assert bench.account()["device_id"] == ""


def test_a_line_without_an_end_loses_its_date(bench, alice):
    _, alice = bench.converge(alice)
    seen, _ = bench.converge(replace(alice, expires_at=None))
    assert seen.expires_at is None
    assert bench.account()["end_date"] == "0000-00-00 00:00:00"


def test_removing_twice(bench, alice):
    _, alice = bench.converge(alice)
    assert bench.module.remove(bench.connection(), alice) == Gone()
    assert bench.module.remove(bench.connection(), alice) == Gone()
    assert bench.accounts() == []
    assert bench.module.look_up(bench.connection(), alice) == Absent()


def test_where_boxes_register_themselves_an_ended_account_is_kept_blocked_and_can_come_back(bench, alice):
    _, alice = bench.converge(alice)
    keeping = bench.connection(keep_records=True)
    assert isinstance(bench.module.remove(keeping, alice), Tombstone)
    bench.calls()
    assert isinstance(bench.module.remove(keeping, alice), Tombstone)
    assert bench.calls() == {"accounts.GET": 1}
    assert bench.account()["blocked"] == 1
    bench.converge(alice)
    assert bench.account()["blocked"] == 0


def test_who_comes_back_gets_the_account_that_was_kept_and_no_second_one(bench, alice):
    _, alice = bench.converge(alice)
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET comment = 'pays late'")
    keeping = bench.connection(keep_records=True)
    bench.module.remove(keeping, alice)
    assert bench.account()["comment"] == "billhead-ended pays late"

    back = replace(alice, handle=Handle("b2b3c4d5e6f"), login="alice2", password="another-one")
    seen, back = bench.converge(back, keep_records=True)
    account = bench.account()
    assert (account["account_number"], account["login"], account["stb_mac"]) == ("b2b3c4d5e6f", "alice2", alice.mac)
    assert (account["blocked"], account["comment"]) == (0, "pays late")
    assert (seen.blocked, "ended" in seen.handle_data) == (False, False)

    # blocked for debt it is somebody's still: nobody else may take it
    bench.converge(replace(back, blocked=True))
    third = replace(alice, handle=Handle("c2b3c4d5e6f"), login="carol")
    assert isinstance(bench.module.look_up(keeping, third), Foreign)

    # ended and back while it must not be watched: the mark goes, the block stays
    bench.module.remove(keeping, back)
    bench.converge(replace(third, blocked=True), keep_records=True)
    account = bench.account()
    assert (account["login"], account["blocked"], account["comment"]) == ("carol", 1, "pays late")


def test_the_box_of_an_account_that_was_kept_may_go_to_another_line(bench, alice):
    _, alice = bench.converge(alice)
    bench.module.remove(bench.connection(keep_records=True), alice)
    other = replace(alice, handle=Handle("b2b3c4d5e6f"), login="bob", mac="00:1A:79:AA:BB:02")
    _, other = bench.converge(other)
    bench.converge(replace(other, mac=alice.mac))
    macs = {row["login"]: (row["stb_mac"], row["blocked"]) for row in bench.accounts()}
    assert macs == {"alice": ("", 1), "bob": (alice.mac, 0)}


def test_access_for_boxes_and_for_apps(bench, alice):
    panel = bench.connection()
    address = f"{bench.sandbox.url}/stalker_portal/c/"
    assert bench.module.access(panel, alice) == Access(portal_url=address, mac=alice.mac)
    app = bench.module.access(panel, replace(alice, kind=LineKind.STREAM, mac=None))
    assert app == Access(login="alice", password="correct-horse", portal_url=address)
    assert "correct-horse" not in repr(app)
    own = bench.connection(portal_url="https://tv.example/c/")
    assert bench.module.access(own, alice).portal_url == "https://tv.example/c/"


def test_the_catalogue_offers_plans_and_optional_packages_by_external_id(bench):
    catalogue = bench.module.catalogue(bench.connection())
    assert catalogue.plans == {
        "BASIC": "Basic plan",
        "FAMILY": "Family plan",
        "PREMIUM": "Premium plan",
        "TRIAL": "Trial plan",
    }
    assert catalogue.bouquets == {"PKG_SPORT": "Sport", "PKG_KIDS": "Kids", "PKG_CINEMA": "Cinema"}


def test_check_says_what_is_there_on_both_sides(bench):
    sentence = bench.module.check(bench.connection())
    assert sentence == "The portal answers: 4 plans, 3 optional packages."
    assert bench.calls() == {"tariffs.GET": 1, "device.handshake": 1}
    assert bench.accounts() == []  # a handshake registers nobody, even where boxes register themselves


def test_the_listing_shows_ours_strangers_and_boxes_that_registered_themselves(bench, alice):
    bench.converge(alice)
    bench.stands(login="old", account_number="a-number-of-their-own", stb_mac="00:1A:79:00:00:07", blocked=1)
    bench.stands(stb_mac="00:1A:79:00:00:08")
    bench.calls()
    ours, old, box = bench.module.list_lines(bench.connection())
    assert (ours.ref, ours.remote_id, ours.kind) == ("a2b3c4d5e6f", "alice", LineKind.MAG)
    assert bench.module.plan(bench.connection(), bench.converge(alice)[1], ours.observed) == []
    assert (old.ref, old.remote_id, old.observed.blocked) == ("", "old", True)
    assert (box.ref, box.remote_id) == ("", "00:1A:79:00:00:08")
    assert dict(box.observed.handle_data) == {"mac": "00:1A:79:00:00:08"}


def test_an_adopted_account_keeps_its_own_number(bench, alice):
    bench.stands(login="old", account_number="1001", stb_mac=alice.mac)
    (listed,) = bench.module.list_lines(bench.connection())
    adopted = replace(alice, login="old", handle=Handle(alice.handle.ref, listed.observed.handle_data))
    seen, adopted = bench.converge(adopted)
    assert bench.account()["account_number"] == "1001"
    assert seen.handle_data["number"] == "1001"
    bench.converge(replace(adopted, bouquets=frozenset({"PKG_SPORT"})))
    assert bench.module.remove(bench.connection(), adopted) == Gone()


@pytest.mark.parametrize("columns", [{"login": "old"}, {"login": "old", "account_number": "longer-than-eleven"}])
def test_an_adopted_account_without_a_usable_number_gets_ours(bench, alice, columns):
    bench.stands(**columns)
    (listed,) = bench.module.list_lines(bench.connection())
    adopted = replace(alice, login="old", handle=Handle(alice.handle.ref, listed.observed.handle_data))
    _, adopted = bench.converge(replace(adopted, bouquets=frozenset({"PKG_KIDS"})))
    assert bench.account()["account_number"] == alice.handle.ref
    assert set(adopted.handle.data) == {"password"}


def test_what_a_portal_can_not_say_is_impossible_before_anything_is_sent(bench, alice):
    def refused(desired: Desired) -> list[str]:
        steps = bench.module.plan(bench.connection(), desired, None)
        assert all(isinstance(step, Impossible) for step in steps)
        return [step.field for step in steps]

    assert refused(replace(alice, kind=LineKind.ENIGMA2)) == ["kind"]
    assert refused(replace(alice, handle=Handle("twelve-chars"))) == ["handle"]
    assert refused(replace(alice, handle=Handle("0"))) == ["handle"]
    for login in ("", "0", "a,b", "a/b", "a b", "..", "alice:mobile1"):
        assert refused(replace(alice, login=login)) == ["login"]
    for mac in ("garbage", "001a79aabb01", "00-1A-79-AA-BB-01"):
        assert refused(replace(alice, mac=mac)) == ["mac"]


def test_a_second_screen_is_impossible_once_all_else_is_in_step(bench, alice):
    _, alice = bench.converge(alice)
    panel, wanted = bench.connection(), replace(alice, connections=3, blocked=True)
    (free,) = bench.module.plan(panel, wanted, bench.module.look_up(panel, wanted).observed)
    seen = bench.module.apply(panel, free)
    assert seen.blocked is True
    (impossible,) = bench.module.plan(panel, wanted, seen)
    assert (impossible.field, impossible.why) == (
        "connections",
        "a Stalker portal lets each account watch on one screen",
    )


def test_capabilities_follow_who_ends_lines(bench):
    assert bench.module.capabilities(bench.connection()).expiry is Expiry.SETTABLE
    assert bench.module.capabilities(bench.connection(portal_ends_lines=False)).expiry is Expiry.NOT_ENFORCED


def test_where_billing_ends_lines_the_portal_is_left_without_dates(bench, alice):
    bench.portal_settings(enable_internal_billing=False)
    seen, kept = bench.converge(alice, portal_ends_lines=False)
    assert seen.expires_at is UNOBSERVABLE
    assert bench.account()["end_date"] == "0000-00-00 00:00:00"
    bench.calls()
    bench.converge(replace(kept, expires_at=RENEWED), portal_ends_lines=False)
    assert bench.calls() == {"accounts.GET": 1}


def test_a_date_left_over_is_cleared_where_billing_ends_lines(bench, alice):
    """Else a portal with internal billing on would block an adopted account each night."""
    _, alice = bench.converge(alice)
    bench.converge(alice, portal_ends_lines=False)
    assert bench.account()["end_date"] == "0000-00-00 00:00:00"


def test_a_portal_that_hides_end_dates_although_it_should_end_lines_is_reported_and_still_blocked(bench, alice):
    _, alice = bench.converge(alice)
    bench.portal_settings(enable_internal_billing=False)
    panel, blocked = bench.connection(), replace(alice, blocked=True)
    found = bench.module.look_up(panel, blocked)
    assert isinstance(found, Found)
    (free,) = bench.module.plan(panel, blocked, found.observed)
    seen = bench.module.apply(panel, free)
    assert seen.blocked is True
    (impossible,) = bench.module.plan(panel, blocked, seen)
    assert impossible.field == "expires_at"
    assert "enable_internal_billing" in impossible.why


def test_a_week_of_renewals_never_cuts_a_paying_customer(bench, alice):
    """Each noon the line is renewed until noon tomorrow, and the job of the portal runs at 00:05 of each day."""
    clock, noon = bench.sandbox.state.clock, datetime(2027, 3, 25, 12, 0, tzinfo=UTC)
    for _ in range(7):  # 28 March: clocks go forward in London
        clock.set(noon.timestamp(), frozen=True)
        _, alice = bench.converge(replace(alice, expires_at=noon + timedelta(days=1)))
        clock.set((noon + timedelta(hours=23)).timestamp(), frozen=True)
        found = bench.module.look_up(bench.connection(), alice).observed
        assert found.blocked is False
        noon += timedelta(days=1)
    clock.set((noon + timedelta(days=1)).timestamp(), frozen=True)
    assert bench.module.look_up(bench.connection(), alice).observed.blocked is True
