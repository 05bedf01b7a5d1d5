"""The portal's database beside its REST: whose an account is, what was watched, and a database that fails."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from billhead.plugin import (
    UNOBSERVABLE,
    Found,
    InvalidInput,
    Owner,
    PanelOutcomeUnknown,
    PanelRejected,
    PanelUnreachable,
    ViewingKind,
    load_settings,
)
from billhead_stalker.settings import StalkerSettings

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def linked(bench, tables):
    """The bench's portal, with its database."""
    bench.settings |= tables.settings
    tables.beside(bench.sandbox.state.store)
    return bench


def test_without_the_connection_the_module_says_what_is_missing(bench):
    able = bench.module.capabilities(bench.connection())
    assert (able.owners, able.viewings) == (False, set())
    assert able.lacks == ("Without the database connection: no reseller on the portal, no viewing history.",)
    assert (able.live, able.kick, able.messages) == (True, True, True)


def test_with_it_resellers_and_viewings_are_there(linked, tables):
    able = linked.module.capabilities(linked.connection())
    assert (able.owners, able.viewings, able.lacks) == (True, {ViewingKind.CATCHUP, ViewingKind.FILM}, ())
    north = tables.reseller("North TV")
    assert linked.module.owners(linked.connection()) == [Owner("0", "(no reseller)"), Owner(north, "North TV")]
    assert linked.module.check(linked.connection()).endswith("Its database knows 1 resellers.")


def test_an_account_is_made_for_its_reseller_moved_and_given_back_to_the_house(linked, tables, alice):
    north, south = tables.reseller("North"), tables.reseller("South")
    seen, kept = linked.converge(replace(alice, owner=north))
    assert (seen.owner, tables.resellers_of()) == (north, {"alice": int(north)})
    linked.calls()
    linked.converge(kept)
    assert linked.calls() == {"accounts.GET": 1}
    linked.converge(replace(kept, owner=south))
    assert linked.calls() == {"accounts.GET": 1}  # nothing else is written for a change of owner
    assert tables.resellers_of() == {"alice": int(south)}
    seen, _ = linked.converge(replace(kept, owner="0"))
    assert (seen.owner, tables.resellers_of()) == ("0", {"alice": None})


def test_without_a_wish_the_database_is_not_asked_and_the_reseller_stays(linked, tables, alice):
    north = tables.reseller("North")
    linked.converge(replace(alice, owner=north))
    with tables.held("LOCK TABLES users WRITE"):
        found = linked.module.look_up(linked.connection(), alice)
    assert found.observed.owner is UNOBSERVABLE
    assert tables.resellers_of() == {"alice": int(north)}


def test_everything_else_changes_together_with_the_owner(linked, tables, alice):
    _, kept = linked.converge(alice)
    north = tables.reseller("North")
    seen, _ = linked.converge(
        replace(kept, owner=north, plan="FAMILY", bouquets=frozenset({"PKG_SPORT"}), blocked=True)
    )
    assert (seen.owner, seen.plan, seen.blocked) == (north, "FAMILY", True)


def test_a_box_that_registered_itself_is_adopted_for_its_reseller(linked, tables, alice):
    linked.stands(stb_mac=alice.mac)
    north = tables.reseller("North")
    linked.converge(replace(alice, owner=north))
    assert tables.resellers_of() == {"alice": int(north)}


def test_the_listing_tells_whose_each_account_is(linked, tables, alice):
    north = tables.reseller("North")
    linked.converge(replace(alice, owner=north))
    linked.stands(login="old", account_number="1001")
    for _ in range(2):  # two that can't be told apart
        linked.stands(account_number="77")
    owners = [line.observed.owner for line in linked.module.list_lines(linked.connection())]
    assert owners == [north, "0", UNOBSERVABLE, UNOBSERVABLE]


def test_a_reseller_that_is_not_there_is_refused_and_nothing_is_written(linked, tables, alice):
    with pytest.raises(PanelRejected, match="no reseller of the id 99"):
        linked.converge(replace(alice, owner="99"))
    assert tables.resellers_of() == {"alice": None}
    assert linked.account()["blocked"] == 0  # the customer watches all the same


def test_an_account_that_the_database_has_twice_is_not_moved(linked, tables, alice):
    _, kept = linked.converge(alice)
    north = tables.reseller("North")
    panel, wanted = linked.connection(), replace(kept, owner=north)
    seen = replace(linked.module.look_up(panel, wanted).observed, owner="0")
    (step,) = linked.module.plan(panel, wanted, seen)
    tables.run("INSERT INTO users (id, ls, login) VALUES (99, %s, 'twin')", alice.handle.ref)
    with pytest.raises(PanelRejected, match="several accounts"):
        linked.module.apply(panel, step)
    assert set(tables.resellers_of().values()) == {None}


# -- a database that fails -------------------------------------------------------------------------------------------


def test_a_database_that_is_down_holds_nothing_up(linked, alice, caplog):
    _, kept = linked.converge(alice)
    panel = linked.connection(database_port=1)
    caplog.set_level(logging.WARNING)
    found = linked.module.look_up(panel, replace(kept, owner="7", blocked=True))
    assert isinstance(found, Found)
    (step,) = linked.module.plan(panel, replace(kept, owner="7", blocked=True), found.observed)
    assert linked.module.apply(panel, step).blocked is True
    assert "could not be read" in caplog.text
    assert len(list(linked.module.list_lines(panel))) == 1
    for ask in (linked.module.owners, linked.module.check):
        with pytest.raises(PanelUnreachable, match="database does not answer"):
            ask(panel)
    with pytest.raises(PanelUnreachable):
        list(linked.module.viewings(panel, NOON, NOON + timedelta(days=1)))


def test_a_new_account_whose_reseller_could_not_be_written_is_there_and_mended_later(linked, tables, alice):
    north = tables.reseller("North")
    wanted = replace(alice, owner=north)
    with pytest.raises(PanelUnreachable):
        linked.converge(wanted, database_port=1)
    assert linked.account()["login"] == "alice"
    linked.converge(wanted)
    assert tables.resellers_of() == {"alice": int(north)}
    assert len(linked.accounts()) == 1


def test_a_write_that_is_not_answered_in_time_may_have_happened(linked, tables, alice):
    _, kept = linked.converge(alice)
    north = tables.reseller("North")
    panel, wanted = linked.connection(timeout_seconds=1), replace(kept, owner=north)
    (step,) = linked.module.plan(panel, wanted, linked.module.look_up(panel, wanted).observed)
    with (
        tables.held("LOCK TABLES users READ"),
        pytest.raises(PanelOutcomeUnknown, match="may have acted"),
    ):
        linked.module.apply(panel, step)
    linked.converge(wanted)
    assert tables.resellers_of() == {"alice": int(north)}


def test_a_read_that_is_not_answered_in_time_is_no_answer(linked, tables):
    with tables.held("LOCK TABLES reseller WRITE"), pytest.raises(PanelUnreachable, match="does not answer"):
        linked.module.owners(linked.connection(timeout_seconds=1))


def test_wrong_credentials_are_said_without_the_password(linked, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(PanelRejected, match="refuses us") as refused:
        linked.module.owners(linked.connection(database_user="nobody", database_password="database-secret"))
    assert "database-secret" not in f"{refused.value!r} {refused.value.hint} {caplog.text}"
    assert "database-secret" not in repr(linked.connection(database_password="database-secret"))


def test_a_user_that_may_only_read_can_list_and_is_told_why_it_can_not_move(linked, tables, alice):
    _, kept = linked.converge(alice)
    north, user = tables.reseller("North"), f"reader_{uuid4().hex[:8]}"
    tables.run(f"CREATE USER '{user}'@'%' IDENTIFIED BY 'p'")
    tables.run(f"GRANT SELECT ON {tables.name}.* TO '{user}'@'%'")
    try:
        reader = {"database_user": user, "database_password": "p"}
        assert len(linked.module.owners(linked.connection(**reader))) == 2
        with pytest.raises(PanelRejected, match="refuses us") as refused:
            linked.converge(replace(kept, owner=north), **reader)
        assert "users.reseller_id" in refused.value.hint
    finally:
        tables.run(f"DROP USER '{user}'@'%'")


def test_a_portal_of_another_make_without_the_table_is_said(linked, tables):
    tables.run("DROP TABLE reseller")
    with pytest.raises(PanelRejected, match="refuses us"):
        linked.module.owners(linked.connection())


def test_only_the_reseller_is_ever_written(linked, tables, alice):
    _, kept = linked.converge(alice)
    tables.run("UPDATE users SET name = 'A', password = 'digest', status = 1")
    before = tables.run("SELECT id, name, ls, mac, login, password, status FROM users")
    linked.converge(replace(kept, owner=tables.reseller("North")))
    assert tables.run("SELECT id, name, ls, mac, login, password, status FROM users") == before


@pytest.mark.parametrize("name", ["x'; DROP TABLE users; --", "%s", "1 OR 1=1", "1x", "-1"])
def test_values_never_become_statements(linked, tables, alice, name):
    tables.reseller("North")  # has the id 1
    with pytest.raises(PanelRejected):
        linked.converge(replace(alice, owner=name))
    assert tables.resellers_of() == {"alice": None}


# -- what was watched ------------------------------------------------------------------------------------------------


def test_recordings_time_shift_and_films_are_told_once_each_in_utc(linked, tables, alice):
    linked.converge(alice)
    uid = linked.account()["id"]
    tables.run("INSERT INTO itv VALUES (3, 'Sport 1')")
    tables.run("INSERT INTO video VALUES (9, 'A film')")
    with tables.connect(init_command="SET time_zone = '+00:00'") as connection, connection.cursor() as cursor:
        played = "INSERT INTO {} ({}, uid, {}playtime) VALUES (%s, %s, {}%s)"
        cursor.execute(
            played.format("played_tv_archive", "ch_id", "length, ", "1800, "), (3, uid, NOON.replace(tzinfo=None))
        )
        cursor.execute(
            played.format("played_tv_archive", "ch_id", "length, ", "0, "), (3, uid, NOON.replace(tzinfo=None))
        )
        cursor.execute(
            played.format("played_timeshift", "ch_id", "length, ", "60, "), (4, uid, NOON.replace(tzinfo=None))
        )
        cursor.execute(played.format("played_video", "video_id", "", ""), (9, uid, NOON.replace(tzinfo=None)))
    panel, ends = linked.connection(), NOON + timedelta(minutes=30)
    told = list(linked.module.viewings(panel, NOON, NOON + timedelta(hours=1)))
    assert [(v.id, v.kind, v.title, v.began_at, v.ended_at) for v in told] == [
        ("archive-1", ViewingKind.CATCHUP, "Sport 1", NOON, ends),
        ("timeshift-1", ViewingKind.CATCHUP, "4", NOON, NOON + timedelta(minutes=1)),
        ("video-1", ViewingKind.FILM, "A film", NOON, NOON),
    ]
    assert {(v.ref, v.login, v.remote_id) for v in told} == {(alice.handle.ref, "alice", "alice")}
    assert [v.id for v in linked.module.viewings(panel, ends, ends + timedelta(hours=1))] == ["archive-1"]
    assert [v.id for v in linked.module.viewings(panel, NOON, ends)] == ["timeshift-1", "video-1"]


# -- settings --------------------------------------------------------------------------------------------------------


def test_a_database_without_a_user_is_refused_when_the_form_is_saved():
    good = {"url": "https://tv.example", "login": "b", "password": "p", "zone": "Europe/London"}
    with pytest.raises(InvalidInput) as refused:
        load_settings(StalkerSettings, {**good, "database_host": "127.0.0.1"})
    assert refused.value.field == "database_user"
    assert load_settings(StalkerSettings, good).has_database is False
