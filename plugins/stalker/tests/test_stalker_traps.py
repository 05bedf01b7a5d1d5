"""The checklist of the protocol reference, trap by trap: what a portal does that a careless client would fall for."""

from dataclasses import replace

import pytest

from billhead.plugin import (
    Ambiguous,
    Foreign,
    Found,
    Free,
    Handle,
    NotAuthorised,
    PanelOutcomeUnknown,
    PanelRejected,
    PanelUnreachable,
)
from billhead_stalker.client import Portal

OTHER = "00:1A:79:AA:BB:02"


def test_numbers_of_twelve_characters_are_never_sent_because_they_would_be_taken_for_macs(bench, alice):
    long = replace(alice, handle=Handle("a2b3c4d5e6f7"))
    assert [step.field for step in bench.module.plan(bench.connection(), long, None)] == ["handle"]


@pytest.mark.parametrize("identifier", ["", "0", "1001,1002", "a/b", "a b", "..", "tab\t", "?x", "ä"])
def test_no_url_can_mean_everybody_or_somebody_else(bench, alice, identifier):
    bench.converge(alice)
    bench.stands(login="bystander", account_number="77")
    before, portal = bench.accounts(), Portal(bench.connection())
    bench.calls()
    for act in (
        lambda: portal.accounts(identifier),
        lambda: portal.user(identifier),
        lambda: portal.update("accounts", identifier, {"status": "0"}),
        lambda: portal.delete("accounts", identifier),
        lambda: portal.subscribe(identifier, ["PKG_SPORT"], []),
        lambda: portal.end_sessions(identifier),
    ):
        with pytest.raises(PanelRejected, match="can't be asked for"):
            act()
    assert (bench.calls(), bench.accounts()) == ({}, before)


def test_accounts_that_share_a_number_are_for_a_person_to_decide(bench, alice):
    _, alice = bench.converge(alice)
    bench.stands(login="bob", account_number=alice.handle.ref.upper(), stb_mac=OTHER)
    answer = bench.module.look_up(bench.connection(), alice)
    assert isinstance(answer, Ambiguous)
    assert [("alice" in one, "bob" in one) for one in answer.candidates] == [(True, False), (False, True)]
    with pytest.raises(PanelRejected, match="several accounts"):
        bench.module.remove(bench.connection(), alice)
    assert len(bench.accounts()) == 2


def test_a_create_is_never_repeated_into_a_second_account(bench, alice):
    panel = bench.connection()
    (create,) = bench.module.plan(panel, alice, None)
    bench.module.apply(panel, create)
    bench.module.apply(panel, create)
    assert len(bench.accounts()) == 1


def test_a_create_that_meets_an_older_try_brings_it_in_step(bench, alice):
    panel = bench.connection()
    (create,) = bench.module.plan(panel, alice, None)
    bench.module.apply(panel, create)
    (again,) = bench.module.plan(panel, replace(alice, plan="FAMILY", blocked=True), None)
    seen = bench.module.apply(panel, again)
    assert (seen.plan, seen.blocked, len(bench.accounts())) == ("FAMILY", True, 1)


@pytest.mark.parametrize("status", [0, 1])
def test_status_is_active_as_1_here_although_boxes_and_the_database_say_the_reverse(bench, alice, status):
    seen, _ = bench.converge(replace(alice, blocked=status == 0))
    assert bench.account()["blocked"] == 1 - status
    assert seen.blocked is (status == 0)


def test_an_unknown_plan_is_refused_before_the_portal_falls_back_to_its_default(bench, alice):
    with pytest.raises(PanelRejected, match=r"'GOLD'; it has: BASIC, FAMILY, PREMIUM, TRIAL"):
        bench.converge(replace(alice, plan="GOLD"))
    assert bench.accounts() == []
    _, alice = bench.converge(alice)
    with pytest.raises(PanelRejected, match="'gold'"):
        bench.converge(replace(alice, plan="gold"))
    assert bench.account()["tariff_plan_id"] == 1


def test_a_plan_that_vanished_a_moment_ago_shows_on_reading_back(bench, alice):
    bench.converge(alice)  # the plans are remembered for a minute now
    bench.sandbox.state.catalogue._plans_by_id.pop(2)
    bench.sandbox.state.catalogue.plans[:] = [p for p in bench.sandbox.state.catalogue.plans if p["id"] != 2]
    with pytest.raises(PanelRejected, match="shows plan BASIC instead of FAMILY"):
        bench.converge(replace(alice, plan="FAMILY"))


def test_a_plan_without_a_wish_is_left_alone(bench, alice):
    _, alice = bench.converge(replace(alice, plan=""))
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET tariff_plan_id = 3")
    bench.calls()
    bench.converge(alice)
    assert bench.calls() == {"accounts.GET": 1}


def test_a_mac_that_the_portal_stored_with_dashes_is_mended(bench, alice):
    _, alice = bench.converge(alice)
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET stb_mac = '00-1A-79-AA-BB-01'")
    bench.converge(alice)
    assert bench.account()["stb_mac"] == alice.mac


def test_a_mac_in_lower_case_is_the_same_box(bench, alice):
    _, alice = bench.converge(alice)
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET stb_mac = lower(stb_mac)")
    bench.calls()
    bench.converge(alice)
    assert bench.calls() == {"accounts.GET": 1}


def test_a_box_of_another_make_is_warned_about(bench, alice, caplog):
    bench.converge(replace(alice, mac="02:1A:79:AA:BB:01"))
    assert "will not serve the box 02:1A:79:AA:BB:01" in caplog.text


def test_a_box_that_registered_itself_is_adopted(bench, alice):
    bench.stands(stb_mac=alice.mac, stb_sn="SN1")
    seen, adopted = bench.converge(replace(alice, plan="FAMILY", bouquets=frozenset({"PKG_SPORT"})))
    account = bench.account()
    assert (account["login"], account["account_number"], account["stb_sn"]) == ("alice", alice.handle.ref, "SN1")
    assert (seen.plan, seen.bouquets) == ("FAMILY", {"PKG_SPORT"})
    bench.calls()
    bench.converge(adopted)
    assert bench.calls() == {"accounts.GET": 1}


def test_a_box_that_registered_itself_is_found_again_if_the_adoption_broke_off(bench, alice):
    bench.stands(stb_mac=alice.mac)
    found = bench.module.look_up(bench.connection(), alice).observed
    kept = replace(alice, handle=Handle(alice.handle.ref, found.handle_data))
    assert isinstance(bench.module.look_up(bench.connection(), kept), Found)
    bench.converge(kept)
    assert len(bench.accounts()) == 1


def test_a_new_box_that_registered_itself_gives_way_to_the_line_it_was_bought_for(bench, alice):
    _, alice = bench.converge(alice)
    bench.stands(stb_mac=OTHER)
    _, alice = bench.converge(replace(alice, mac=OTHER))
    ours, aside = bench.accounts()
    assert (ours["login"], ours["stb_mac"], ours["blocked"]) == ("alice", OTHER, 0)
    assert (aside["login"], aside["stb_mac"], aside["blocked"]) == ("001a79aabb02", "", 1)
    assert "registered itself as 00:1A:79:AA:BB:02" in aside["comment"]

    bench.converge(replace(alice, mac="00:1A:79:AA:BB:03"))
    bench.stands(stb_mac=OTHER)
    bench.converge(replace(alice, mac=OTHER))
    assert [account["login"] for account in bench.accounts()] == ["alice", "001a79aabb02", "001a79aabb02-2"]


@pytest.mark.parametrize("call", ["accounts.PUT", "stb_auth.PUT"])
def test_a_box_that_registered_itself_gives_way_also_if_that_breaks_off(bench, alice, call):
    _, alice = bench.converge(alice)
    bench.stands(stb_mac=OTHER)
    bench.sandbox.state.faults.add(kind="crash", match=f"stalker.{call}", count=1)
    with pytest.raises(PanelOutcomeUnknown):
        bench.converge(replace(alice, mac=OTHER))
    bench.converge(replace(alice, mac=OTHER))
    ours, aside = bench.accounts()
    assert (ours["stb_mac"], aside["stb_mac"], aside["blocked"]) == (OTHER, "", 1)


@pytest.mark.parametrize("written", ["login", "account_number", "full_name", "phone", "comment"])
def test_a_box_that_a_person_wrote_down_is_a_strangers(bench, alice, written):
    bench.stands(stb_mac=alice.mac, **{written: "77"})
    answer = bench.module.look_up(bench.connection(), alice)
    assert isinstance(answer, Foreign)
    assert alice.mac in answer.why


def test_a_login_that_someone_else_has_is_foreign(bench, alice):
    bench.stands(login="ALICE", account_number="77")
    answer = bench.module.look_up(bench.connection(), alice)
    assert isinstance(answer, Foreign)
    assert "77" in answer.why


@pytest.mark.parametrize("by", ["login", "mac"])
def test_what_another_worker_makes_while_we_look_is_ours(bench, alice, monkeypatch, by):
    """It is not there yet when we ask for our number, and there when we ask who holds our login or MAC."""
    asked_by = {"login": "user", "mac": "accounts"}[by]
    real, made = getattr(Portal, asked_by), []

    def made_meanwhile(portal, identifier):
        if identifier == getattr(alice, by) and not made:
            made.append(True)
            bench.converge(alice)
        return real(portal, identifier)

    monkeypatch.setattr(Portal, asked_by, made_meanwhile)
    found = bench.module.look_up(bench.connection(), alice)
    assert made
    assert isinstance(found, Found)
    assert (found.observed.login, found.observed.mac) == (alice.login, alice.mac)


def test_a_login_taken_between_looking_and_creating_is_refused(bench, alice):
    panel = bench.connection()
    (create,) = bench.module.plan(panel, alice, None)
    bench.stands(login="alice", account_number="77")
    with pytest.raises(PanelRejected, match="Login already in use"):
        bench.module.apply(panel, create)
    assert len(bench.accounts()) == 1


def test_two_accounts_never_end_up_with_one_mac_and_a_block_is_not_held_up_by_it(bench, alice):
    _, alice = bench.converge(alice)
    bench.stands(login="bob", account_number="77", stb_mac=OTHER)
    with pytest.raises(PanelRejected, match="belongs to another account: number 77, login bob"):
        bench.converge(replace(alice, mac=OTHER, blocked=True))
    ours, bobs = bench.accounts()
    assert (ours["stb_mac"], ours["blocked"]) == (alice.mac, 1)
    assert (bobs["stb_mac"], bobs["blocked"]) == (OTHER, 0)


def test_a_new_login_that_someone_else_has_is_refused_by_name(bench, alice):
    _, alice = bench.converge(alice)
    bench.stands(login="bob", account_number="77")
    with pytest.raises(PanelRejected, match="login bob belongs to another account"):
        bench.converge(replace(alice, login="bob"))


def test_a_subscription_repeated_says_false_and_is_success(bench, alice):
    _, alice = bench.converge(alice)
    panel, wanted = bench.connection(), replace(alice, bouquets=frozenset({"PKG_SPORT"}))
    (step,) = bench.module.plan(panel, wanted, bench.module.look_up(panel, wanted).observed)
    bench.module.apply(panel, step)
    assert bench.module.apply(panel, step).bouquets == {"PKG_SPORT"}


def test_two_creates_at_once_are_noticed_on_reading_back(bench, alice):
    """The portal checks and inserts in two steps and has no unique key."""
    panel = bench.connection()
    (create,) = bench.module.plan(panel, alice, None)
    bench.stands(login="alice2", account_number=alice.handle.ref)
    with pytest.raises(PanelOutcomeUnknown, match="2 accounts"):
        bench.module.apply(panel, create)
    assert isinstance(bench.module.look_up(panel, alice), Ambiguous)


def test_a_line_whose_creation_broke_off_gets_its_password_once_more_without_a_restart_of_the_box(bench, alice):
    bench.converge(alice)  # and the handle's data was lost
    bench.calls()
    _, kept = bench.converge(replace(alice, password="changed-meanwhile"))
    assert bench.calls() == {"accounts.GET": 2, "accounts.PUT": 1}
    bench.converge(kept)
    assert bench.calls() == {"accounts.GET": 1}


def test_an_account_that_went_away_is_looked_up_again(bench, alice):
    _, alice = bench.converge(alice)
    panel, blocked = bench.connection(), replace(alice, blocked=True)
    (step,) = bench.module.plan(panel, blocked, bench.module.look_up(panel, blocked).observed)
    bench.sandbox.state.store.run("DELETE FROM stalker_accounts")
    with pytest.raises(PanelOutcomeUnknown):
        bench.module.apply(panel, step)


def test_wrong_credentials_and_a_closed_api_pause_the_panel_and_say_where_to_look(bench, alice):
    with pytest.raises(NotAuthorised) as refused:
        bench.module.check(bench.connection(password="wrong"))
    assert "api_auth_password" in refused.value.hint
    assert "wrong" not in str(refused.value)
    bench.portal_settings(enable_api=False)
    with pytest.raises(NotAuthorised, match="switched off"):
        bench.module.look_up(bench.connection(), alice)


def test_a_panel_that_only_imitates_the_box_side_is_told_apart(bench):
    with pytest.raises(PanelUnreachable, match="no Stalker REST API") as refused:
        bench.module.check(bench.connection(url=f"{bench.sandbox.url}/elsewhere"))
    assert "/c/" in refused.value.hint


def test_plans_without_an_external_id_of_their_own_are_not_offered(bench):
    plans = bench.sandbox.state.catalogue.plans
    plans[1]["external_id"], plans[2]["external_id"], plans[3]["external_id"] = "", "TWICE", "TWICE"
    assert set(bench.module.catalogue(bench.connection()).plans) == {"BASIC"}
    assert "3 more plans" in bench.module.check(bench.connection())


def test_no_step_ever_spends(bench, alice):
    _, alice = bench.converge(alice)
    changed = replace(alice, plan="FAMILY", blocked=True, password="other")
    panel = bench.connection()
    steps = bench.module.plan(panel, changed, bench.module.look_up(panel, changed).observed)
    assert [type(step) for step in steps] == [Free]
    assert steps[0].changes == {"plan", "blocked", "password"}
