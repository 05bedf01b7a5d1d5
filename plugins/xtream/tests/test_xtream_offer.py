"""What the plugin offers beside keeping lines: settings, plans that are refused, listing, catalogue, access, check."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

import billhead_xtream.plugin
from billhead.plugin import (
    UNOBSERVABLE,
    Access,
    Expiry,
    Impossible,
    InvalidInput,
    LineKind,
    Owner,
    PanelRejected,
    ProvisioningModule,
    Purchase,
    ViewingKind,
    load_settings,
)
from billhead_xtream.dialects.choosing import SPOKEN, dialect_of
from billhead_xtream.settings import DIALECTS, XtreamSettings

MAC = "00:1A:79:AA:BB:01"
NO_LOG = "What was watched would come with the database connection."


def settings(**values):
    return load_settings(XtreamSettings, {"url": "http://panel.example:8080/CODE/", "api_key": "k" * 32, **values})


def test_the_plugin_offers_one_module_under_the_code_that_panels_name():
    (offered,) = billhead_xtream.plugin.provisioning_modules()
    assert billhead_xtream.plugin.API == 1
    assert offered.code == "xtream"
    assert isinstance(offered, ProvisioningModule)


def test_it_sets_expiry_and_knows_all_three_kinds(module, panel):
    able = module.capabilities(panel)
    assert (able.expiry, able.kinds) == (Expiry.SETTABLE, frozenset(LineKind))
    assert (able.bouquets, able.connections, able.listing) == (True, True, True)
    assert (able.pairs, able.owners, able.live, able.kick) == (True,) * 4
    assert able.viewings == set(ViewingKind) - {ViewingKind.CATCHUP}  # a recording is logged as its channel
    assert (able.balance, able.messages, able.lacks) == (False, False, ())


def test_where_lists_are_broken_nothing_is_promised_that_lists_tell(module, connect):
    """Core would ask for viewings every quarter of an hour, for ever, and get null."""
    able = module.capabilities(connect(find_by="sql"))
    assert (able.viewings, able.live, able.live_listing, able.kick, able.listing) == (set(), False, False, False, True)
    assert [text.split(",")[-1].strip() for text in able.lacks] == ["no session is cut.", NO_LOG]
    beside = {"database_host": "127.0.0.1", "database_name": "xui", "database_user": "reader"}
    able = module.capabilities(connect(find_by="sql", **beside))
    assert (ViewingKind.LIVE in able.viewings, able.live, len(able.lacks)) == (True, False, 1)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"url": "panel.example/CODE"}, "url"),
        ({"url": "ftp://panel.example/CODE"}, "url"),
        ({"url": "http://panel.example:8080/"}, "url"),
        ({"url": "http://panel.example/CODE/?api_key=1"}, "url"),
        ({"player_url": "tv.example"}, "player_url"),
        ({"outputs": "1,4"}, "outputs"),
        ({"outputs": " "}, "outputs"),
        ({"bouquet_encoding": "xml"}, "bouquet_encoding"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_field(values, field):
    with pytest.raises(InvalidInput) as caught:
        settings(**values)
    assert caught.value.field == field


def test_the_key_is_not_shown():
    assert "kkkk" not in repr(settings())


@pytest.mark.parametrize("login", ["", "anna k", "anna/k", "änna", "anna'--"])
def test_logins_that_break_stream_addresses_are_impossible(module, panel, desired, login):
    (refused,) = module.plan(panel, desired(login=login), None)
    assert isinstance(refused, Impossible)
    assert refused.field == "login"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"password": "two words"}, "password"),
        ({"kind": LineKind.MAG}, "mac"),
        ({"bouquets": frozenset({"sport"})}, "bouquets"),
        ({"connections": -1}, "connections"),
    ],
)
def test_what_the_panel_would_get_wrong_is_impossible(module, panel, desired, fields, field):
    (refused,) = module.plan(panel, desired(**fields), None)
    assert refused.field == field


def test_no_bouquets_cannot_be_said_as_an_array(module, connect, desired):
    (refused,) = module.plan(connect(bouquet_encoding="array"), desired(bouquets=frozenset()), None)
    assert refused.field == "bouquets"


def test_every_account_is_listed_with_its_reference_and_strangers_without(module, connect, desired, converge, sandbox):
    panel = connect()
    converge(desired(connections=2))
    converge(desired(ref="BOX7", kind=LineKind.MAG, mac=MAC, blocked=True))
    converge(desired(ref="BOX8", kind=LineKind.ENIGMA2, mac="00:1A:79:AA:BB:02", expires_at=None))
    sandbox.state.store.insert("lines", {"username": "old", "password": "p", "admin_enabled": 0, "admin_notes": "VIP"})

    listed = {line.remote_id: line for line in module.list_lines(panel)}
    assert {name: (line.ref, line.kind) for name, line in listed.items()} == {
        "line:1": ("A2B3C4D5E6F", LineKind.STREAM),
        "line:4": ("", LineKind.STREAM),
        "mag:1": ("BOX7", LineKind.MAG),
        "enigma:1": ("BOX8", LineKind.ENIGMA2),
    }
    line, box = listed["line:1"].observed, listed["mag:1"].observed
    assert (line.login, line.connections, line.bouquets) == ("anna", 2, UNOBSERVABLE)  # short rows hold no bouquets
    assert line.expires_at == datetime(2037, 1, 1, tzinfo=UTC)
    assert (box.mac, box.blocked, box.connections) == (MAC, True, UNOBSERVABLE)
    assert listed["enigma:1"].observed.expires_at is None
    assert listed["line:4"].observed.banned is True


def test_a_listed_line_of_ours_is_in_step_with_what_was_wanted(module, panel, desired, converge):
    wanted = desired()
    converge(wanted)
    (line,) = module.list_lines(panel)
    assert module.plan(panel, wanted, line.observed) == []
    (step,) = module.plan(panel, replace(wanted, blocked=True), line.observed)
    assert module.apply(panel, step).blocked is True


def test_listing_thousands_takes_a_call_per_thousand(module, connect, sandbox, calls):
    panel = connect()
    sandbox.state.store.insert_many("lines", ({"username": f"u{number}", "password": "x"} for number in range(2500)))
    assert len({line.remote_id for line in module.list_lines(panel)}) == 2500
    assert calls() == {"get_lines": 3, "get_mags": 1, "get_enigmas": 1}


def test_a_listing_is_paged_in_the_order_of_ids(module, connect):
    """The default is by name, and a line made meanwhile would push another over the edge of a page."""
    seen = []
    panel = connect(lambda form: seen.append((form["order[0][column]"], form["order[0][dir]"])))
    list(module.list_lines(panel))
    assert seen == [(["0"], ["asc"])] * 3


def test_the_catalogue_names_packages_and_bouquets(module, panel):
    catalogue = module.catalogue(panel)
    assert catalogue.bouquets["3"] == "Sport"
    assert catalogue.plans == {"1": "One month", "2": "Three months", "3": "One year"}


def test_the_check_says_who_we_are(module, panel, calls):
    assert module.check(panel) == "signed in to the admin API as admin (user 1)"
    assert calls() == {"user_info": 1, "get_lines": 1}


@pytest.mark.parametrize(
    ("seconds", "said"), [(630, "10 minutes ahead of"), (-630, "10 minutes behind"), (-696_240, "8 days 1 hour behind")]
)
def test_a_check_warns_of_a_clock_that_is_off(module, panel, desired, converge, sandbox, seconds, said):
    converge(desired(expires_at=None))
    assert "clock" not in module.check(panel)
    sandbox.state.clock.advance(seconds)
    assert f"its clock is {said} ours: lines end at its time. Set the clock" in module.check(panel)


def test_owners_are_the_users_of_the_panel_with_their_credits(module, panel):
    assert module.owners(panel) == [Owner("1", "admin", 0), Owner("2", "reseller", 10_000)]


def test_an_owner_that_is_no_number_is_impossible(module, panel, desired):
    (refused,) = module.plan(panel, desired(owner="rita"), None)
    assert (refused.field, type(refused)) == ("owner", Impossible)


def test_a_stream_line_gets_its_playlist_and_guide(module, connect, desired):
    access = module.access(connect(player_url="http://tv.example:8080/"), desired())
    assert access == Access(
        login="anna",
        password="secret-1",
        m3u_url="http://tv.example:8080/get.php?username=anna&password=secret-1&type=m3u_plus&output=ts",
        epg_url="http://tv.example:8080/xmltv.php?username=anna&password=secret-1",
        server_url="http://tv.example:8080",
    )


def test_a_box_gets_the_portal_and_no_login(module, connect, desired):
    panel = connect(url="http://panel.example:8080/CODE/")
    server = "http://panel.example:8080"
    mag = module.access(panel, desired(kind=LineKind.MAG, mac=MAC))
    assert mag == Access(portal_url=f"{server}/c/", server_url=server, mac=MAC)
    assert module.access(panel, desired(kind=LineKind.ENIGMA2, mac=MAC)) == Access(server_url=server, mac=MAC)
    assert module.access(panel, desired(kind=LineKind.ENIGMA2)).m3u_url.startswith(f"{server}/get.php?username=anna")


def test_nothing_is_bought_here(module, panel, desired):
    with pytest.raises(PanelRejected):
        module.buy(panel, Purchase("1", 100, "a month", desired()))


def test_every_dialect_that_can_be_chosen_is_spoken(connect):
    assert tuple(SPOKEN) == DIALECTS
    for name in DIALECTS:
        assert isinstance(dialect_of(connect(dialect=name)), SPOKEN[name])


def test_what_each_bouquet_holds_is_told_as_sessions_name_it(module, panel, classic):
    told = module.catalogue(panel).contents
    assert (told["1"], told["4"]) == ({"1", "2", "3"}, {"5", "101", "102"})
    assert module.catalogue(classic()).contents == {}  # this build names its bouquets alone
