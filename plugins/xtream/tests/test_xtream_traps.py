"""What these panels do to whoever believes them: each trap by its name, sprung on a real socket."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from billhead.plugin import (
    Absent,
    Ambiguous,
    CannotTell,
    Foreign,
    Found,
    Free,
    Gone,
    Handle,
    LineKind,
    NotAuthorised,
    PanelOutcomeUnknown,
    PanelRejected,
    PanelUnreachable,
)
from billhead_xtream.accounts import LINE
from billhead_xtream.client import XuiClient
from billhead_xtream.search import ListSearch, SqlSearch

JUNE = datetime(2037, 6, 1, tzinfo=UTC)


def keeping(wanted, observed, **changes):
    return replace(wanted, handle=Handle(wanted.handle.ref, observed.handle_data), **changes)


def creating(module, panel, wanted):
    (step,) = module.plan(panel, wanted, None)
    return module.apply(panel, step)


# --- whose line is it? -----------------------------------------------------------------------------------------------


def test_a_name_held_by_somebody_else_is_foreign(module, panel, desired, converge, stored):
    converge(desired(ref="THEIRS"))
    wanted = desired()
    assert module.look_up(panel, wanted) == Foreign("line 1 has this username and does not carry our reference")
    assert module.remove(panel, wanted) == Gone()
    assert [row["username"] for row in stored()] == ["anna"]


def test_a_line_of_staff_with_our_name_is_foreign_even_without_notes(module, panel, desired, sandbox):
    sandbox.state.store.insert("lines", {"username": "anna", "password": "x", "admin_notes": None})
    assert isinstance(module.look_up(panel, desired()), Foreign)


def test_a_search_finds_more_than_was_asked_for(module, panel, desired, converge):
    converge(desired(ref="R1", login="anna2"))
    converge(desired(ref="R2", login="joanna"))
    converge(desired(ref="R3", login="Anna"))
    converge(desired(ref="R4", login="bert", note="friend of anna"))
    assert module.look_up(panel, desired()) == Absent()


def test_a_search_is_read_to_its_last_page(module, panel, desired, sandbox):
    sandbox.state.store.insert_many("lines", ({"username": f"anna{number}", "password": "x"} for number in range(2100)))
    assert module.look_up(panel, desired()) == Absent()
    sandbox.state.store.insert("lines", {"username": "anna", "password": "x", "admin_notes": "billhead:A2B3C4D5E6F"})
    assert isinstance(module.look_up(panel, desired()), Found)


def test_a_panel_that_caps_its_pages_is_read_to_its_last_page(module, connect, sandbox):
    def at_most_fifty(form):
        if "limit" in form:
            form["limit"] = ["50"]

    sandbox.state.store.insert_many("lines", ({"username": f"u{number}", "password": "x"} for number in range(120)))
    assert len(list(module.list_lines(connect(at_most_fifty)))) == 120


def test_an_id_that_came_back_for_another_line_is_not_ours(module, panel, desired, converge, sandbox, stored):
    wanted = desired()
    observed = converge(wanted)
    stranger = {"username": "stranger", "password": "x", "admin_notes": ""}
    sandbox.state.store.update("lines", stranger, "id = ?", (observed.handle_data["line_id"],))
    wish = keeping(wanted, observed)
    assert module.look_up(panel, wish) == Foreign("line 1 carries neither our reference nor our username")
    with pytest.raises(PanelRejected, match="is called stranger now and has no reference"):
        module.remove(panel, wish)  # somebody else's, or ours under another name: that is for staff
    sandbox.state.store.update("lines", {"admin_notes": "billhead:OTHER"}, "username = ?", ("stranger",))
    assert module.remove(panel, wish) == Gone()
    assert [row["username"] for row in stored()] == ["stranger"]


def test_notes_that_staff_wiped_get_our_reference_back(module, panel, desired, converge, sandbox, stored):
    wanted = desired()
    observed = converge(wanted)
    sandbox.state.store.update("lines", {"admin_notes": "VIP"}, "username = ?", ("anna",))
    wish = keeping(wanted, observed)
    (step,) = module.plan(panel, wish, module.look_up(panel, wish).observed)
    assert step.changes == {"note"}
    assert module.plan(panel, wish, module.apply(panel, step)) == []
    assert stored("anna")["admin_notes"] == "billhead:A2B3C4D5E6F VIP"


def test_notes_of_staff_are_not_escaped_again_at_each_edit(module, panel, desired, converge, sandbox, stored):
    wanted = desired()
    observed = converge(wanted)
    for notes in ("Tom &amp; Ann &lt;3", "billhead:OLDREF Tom &amp; Ann &lt;3"):
        sandbox.state.store.update("lines", {"admin_notes": notes}, "username = ?", ("anna",))
        module.apply(panel, Free("update", keeping(wanted, observed), observed, frozenset({"note"})))
        assert stored("anna")["admin_notes"] == "billhead:A2B3C4D5E6F Tom &amp; Ann &lt;3"


def test_one_name_stored_twice_is_for_a_person_to_decide_and_remove_takes_both(
    module, panel, desired, converge, sandbox, stored
):
    """The panel's check for a taken name is not atomic, so that creates at once leave several rows."""
    wanted = desired()
    converge(wanted)
    row = {name: value for name, value in stored("anna").items() if name in ("username", "password", "admin_notes")}
    sandbox.state.store.insert("lines", row)
    assert module.look_up(panel, wanted) == Ambiguous(("line 1", "line 2"))
    assert module.remove(panel, wanted) == Gone()
    assert stored() == []


# --- ghosts ----------------------------------------------------------------------------------------------------------


def test_a_ghost_is_no_line_and_is_deleted_again(module, panel, desired, converge, sandbox, stored):
    """A session that is imported after the line was deleted brings the row back, without a name and without an end."""
    wanted = desired()
    wish = keeping(wanted, converge(wanted))
    sandbox.state.store.run("DELETE FROM lines")
    sandbox.state.store.insert("lines", {"id": 1, "username": None, "password": None})
    assert module.look_up(panel, wish) == Absent()
    assert list(module.list_lines(panel)) == []
    assert module.remove(panel, wish) == Gone()
    assert stored() == []


def test_a_ghost_that_rises_behind_the_delete_is_deleted_too(module, connect, desired, converge, sandbox, stored):
    def session_ends_late(form):
        if form["action"] == ["get_line"] and not sandbox.state.lines() and not raised:
            raised.append(sandbox.state.store.insert("lines", {"id": 1, "username": None, "password": None}))

    raised = []
    connection = connect(session_ends_late)
    wanted = desired()
    observed = converge(wanted)
    assert module.remove(connection, keeping(wanted, observed)) == Gone()
    assert raised == [1]
    assert stored() == []


# --- broken lists ----------------------------------------------------------------------------------------------------


def test_lists_that_answer_null_prove_nothing(module, panel, desired, sandbox):
    sandbox.state.change_settings({"xtream": {"version": "2.1.2"}})
    found = module.look_up(panel, desired())
    assert isinstance(found, CannotTell)
    assert 'set "Accounts are found by" to sql' in found.why
    with pytest.raises(PanelUnreachable):
        module.remove(panel, desired())


def test_with_broken_lists_a_line_whose_id_is_known_is_kept_in_step_and_removed(
    module, panel, desired, converge, sandbox, stored
):
    wanted = desired()
    observed = converge(wanted)
    sandbox.state.change_settings({"xtream": {"version": "2.1.2"}})
    wish = keeping(wanted, observed, expires_at=JUNE)
    assert converge(wish).expires_at == JUNE
    assert module.remove(panel, wish) == Gone()
    assert stored() == []
    assert module.remove(panel, wish) == Gone()
    assert isinstance(module.look_up(panel, wish), CannotTell)  # so it would not be made again blindly


@pytest.fixture
def sql_panel(connect, sandbox):
    """A 2.1.2 panel whose lists are broken, and the queries that it was asked."""
    asked = []

    def mysql(form):
        asked.extend(form.get("query", []))

    sandbox.state.change_settings({"xtream": {"version": "2.1.2"}})
    return connect(mysql, find_by="sql"), asked


@pytest.mark.parametrize("kind", list(LineKind))
def test_broken_lists_may_be_replaced_by_selects(module, sql_panel, desired, converge, stored, kind):
    panel, asked = sql_panel
    wanted = desired(kind=kind, mac=None if kind is LineKind.STREAM else "00:1A:79:AA:BB:01")
    observed = converge(wanted, on=panel)
    assert module.look_up(panel, wanted) == Found(observed)
    (listed,) = module.list_lines(panel)
    assert (listed.ref, listed.kind, listed.observed) == ("A2B3C4D5E6F", kind, observed)
    assert module.remove(panel, wanted) == Gone()
    assert stored() == []
    assert all(query.startswith("SELECT ") for query in asked)
    assert not any(name in query for query in asked for name in ("anna", "00:1A"))


ROWS = [{"id": str(number), "username": f"line-{number}", "password": "x"} for number in range(1, 1001)]


@pytest.mark.parametrize("total", [None, "1000", "5000"])
def test_a_panel_that_gives_one_page_again_and_again_is_not_read_for_ever(connect, total):
    """It looks neither at `start` nor, asked by SELECT, at where the page before had ended."""
    asked = []

    def same(form):
        asked.extend(form["action"])
        assert len(asked) < 10
        return httpx.Response(200, json={"status": "STATUS_SUCCESS", "data": ROWS, "recordsFiltered": total})

    client = XuiClient(connect(same))
    with pytest.raises(PanelUnreachable, match="same page"):
        list(ListSearch(client).rows(LINE))
    with pytest.raises(PanelUnreachable, match="order of the ids"):
        list(SqlSearch(client).rows(LINE))
    assert asked == ["get_lines", "get_lines", "mysql_query", "mysql_query"]


# --- was it done? ----------------------------------------------------------------------------------------------------

FAULTS_AFTER_WRITING = [
    {"kind": "empty"},
    {"kind": "crash"},
    {"kind": "truncated"},
    {"kind": "html"},
    {"kind": "status", "status": 504, "perform": True},
]


@pytest.mark.parametrize("fault", FAULTS_AFTER_WRITING, ids=lambda fault: fault["kind"])
def test_a_create_of_unknown_outcome_is_found_and_not_made_twice(
    module, panel, desired, converge, sandbox, stored, fault
):
    sandbox.state.faults.add(**fault, match="xtream.create_line", count=1)
    wanted = desired()
    with pytest.raises(PanelOutcomeUnknown):
        creating(module, panel, wanted)
    assert isinstance(module.look_up(panel, wanted), Found)
    converge(wanted)
    assert len(stored()) == 1


@pytest.mark.parametrize("fault", FAULTS_AFTER_WRITING, ids=lambda fault: fault["kind"])
def test_an_edit_of_unknown_outcome_is_in_step_at_the_next_look(module, panel, desired, converge, sandbox, fault):
    wanted = desired()
    observed = converge(wanted)
    wish = keeping(wanted, observed, expires_at=JUNE)
    sandbox.state.faults.add(**fault, match="xtream.edit_line", count=1)
    with pytest.raises(PanelOutcomeUnknown):
        converge(wish)
    assert module.plan(panel, wish, module.look_up(panel, wish).observed) == []


def test_a_write_whose_read_back_fails_is_unknown_and_not_unreachable(module, panel, desired, converge, sandbox):
    wanted = desired(kind=LineKind.ENIGMA2, mac="00:1A:79:AA:BB:01")
    sandbox.state.faults.add(kind="status", match="xtream.get_enigma*", count=1)
    with pytest.raises(PanelOutcomeUnknown):
        creating(module, panel, wanted)
    assert converge(wanted).mac == "00:1A:79:AA:BB:01"


@pytest.mark.parametrize("kind", ["empty", "html", "truncated", "status", "reset", "crash"])
def test_a_look_that_fails_is_unreachable_and_proves_nothing(module, panel, desired, converge, sandbox, kind):
    wanted = desired()
    wish = keeping(wanted, converge(wanted))
    sandbox.state.faults.add(kind=kind, match="xtream.*")
    with pytest.raises(PanelUnreachable):
        module.look_up(panel, wish)
    with pytest.raises(PanelUnreachable):
        module.look_up(panel, wanted)


def test_a_repeated_create_finds_its_own_line_and_brings_it_in_step(module, panel, desired, stored):
    wanted = desired()
    creating(module, panel, wanted)
    again = creating(module, panel, replace(wanted, password="secret-2"))
    assert again.password == "secret-2"
    assert [row["password"] for row in stored()] == ["secret-2"]


def test_a_name_taken_between_look_and_create_is_refused(module, panel, desired, converge):
    converge(desired(ref="THEIRS"))
    with pytest.raises(PanelRejected, match="STATUS_EXISTS_USERNAME: the name is taken"):
        creating(module, panel, desired())


def test_a_line_that_vanished_between_look_and_edit_is_looked_up_again(module, panel, desired, converge, sandbox):
    wanted = desired()
    observed = converge(wanted)
    sandbox.state.store.run("DELETE FROM lines")
    (step,) = module.plan(panel, keeping(wanted, observed, expires_at=JUNE), observed)
    with pytest.raises(PanelOutcomeUnknown, match="has lost this line"):
        module.apply(panel, step)


def test_bouquets_that_the_panel_drops_silently_are_not_called_done(module, panel, desired):
    with pytest.raises(PanelRejected, match="took the change of line 1 but keeps another bouquets") as caught:
        creating(module, panel, desired(bouquets=frozenset({"1", "99"})))
    assert "dropped silently" in caught.value.hint


def test_a_panel_that_wants_bouquets_as_an_array_gets_them_so(module, connect, desired, converge, stored):
    def build_with_arrays(form):
        if form["action"][0] in ("create_line", "edit_line"):
            form["bouquets_selected"] = [json.dumps([int(item) for item in form.pop("bouquets_selected[]")])]

    panel = connect(build_with_arrays, bouquet_encoding="array")
    wanted = desired()
    observed = converge(wanted, on=panel)
    converge(keeping(wanted, observed, bouquets=frozenset({"3", "4"})), on=panel)
    assert stored("anna")["bouquet"] == "[3,4]"


def test_bouquets_in_the_wrong_form_end_in_an_empty_body_that_says_what_to_try(module, connect, desired, stored):
    with pytest.raises(PanelOutcomeUnknown, match="empty body") as caught:
        creating(module, connect(bouquet_encoding="array"), desired())
    assert '"Bouquets are sent as"' in caught.value.hint
    assert stored() == []


# --- may we? ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, NotAuthorised),
        (404, NotAuthorised),
        (302, PanelUnreachable),
        (429, PanelUnreachable),
        (500, PanelUnreachable),
    ],
)
def test_what_the_web_server_says_to_a_read(module, connect, desired, status, error):
    with pytest.raises(error):
        module.look_up(connect(lambda form: httpx.Response(status, text="<html>")), desired())


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, NotAuthorised),
        (404, NotAuthorised),
        (302, PanelUnreachable),
        (429, PanelUnreachable),
        (502, PanelOutcomeUnknown),
    ],
)
def test_what_the_web_server_says_to_a_write(module, connect, desired, status, error):
    with pytest.raises(error):
        creating(module, connect(lambda form: httpx.Response(status, text="<html>")), desired())


def test_a_panel_whose_database_fails_is_down_and_has_not_refused_the_line(module, connect, desired, converge, stored):
    """Its API says FAILURE then, to a create and to an edit of what is there; an edit may be stored all the same."""

    def failing(form):
        failed = form["action"][0] in ("create_line", "edit_line")
        return httpx.Response(200, text='{"status": "STATUS_FAILURE"}') if failed else None

    broken = connect(failing)
    with pytest.raises(PanelOutcomeUnknown, match="its database does not work"):
        creating(module, broken, desired())
    wanted = keeping(desired(), converge(desired(), on=connect()))
    with pytest.raises(PanelOutcomeUnknown, match="its database does not work"):
        converge(replace(wanted, bouquets=frozenset({"3"})), on=broken)
    assert stored("anna")["bouquet"] == "[1,2]"

    sure = connect()
    stale = module.look_up(sure, wanted)
    (step,) = module.plan(sure, replace(wanted, bouquets=frozenset({"3"})), stale.observed)
    module.apply(sure, step)
    assert module.apply(broken, step).bouquets == {"3"}  # stored, and failure said


def test_a_wrong_key_is_refused_with_http_200(module, connect, desired):
    with pytest.raises(NotAuthorised, match="does not accept the API key"):
        module.look_up(connect(api_key="f" * 32), desired())


def test_a_wrong_access_code_is_told(module, connect, sandbox):
    with pytest.raises(NotAuthorised, match="nothing at this address"):
        module.check(connect(url=f"{sandbox.url}/wrong/"))


def test_an_address_without_its_slash_gets_it(module, connect, sandbox):
    assert "signed in" in module.check(connect(url=f"{sandbox.url}/sandbox"))


def test_an_unknown_action_is_refused_with_http_200(module, connect):
    def reseller_code(form):
        form["action"] = ["no_such_thing"]

    with pytest.raises(PanelRejected, match="does not know the action user_info"):
        module.check(connect(reseller_code))


def test_a_panel_that_does_not_listen_has_done_nothing(module, connect, desired):
    with pytest.raises(PanelUnreachable):
        creating(module, connect(url="http://127.0.0.1:1/code/"), desired())


@pytest.mark.parametrize("fault", [*FAULTS_AFTER_WRITING, {"kind": "reset"}], ids=lambda fault: fault["kind"])
def test_no_error_shows_a_password_or_the_key(module, panel, desired, sandbox, fault):
    sandbox.state.faults.add(**fault, match="xtream.create_line")
    with pytest.raises(PanelOutcomeUnknown) as caught:
        creating(module, panel, desired(password="hunter-2"))
    shown = repr(caught.value) + repr(caught.value.as_dict()) + repr(caught.value.__cause__)
    assert "hunter-2" not in shown
    assert panel.settings.api_key not in shown


def test_keys_and_passwords_stay_out_of_the_address(connect, desired, converge):
    seen = []
    panel = connect(lambda form: seen.append(form))
    converge(desired(), on=panel)
    assert [form["action"] for form in seen] == [["get_lines"], ["create_line"]]
    assert panel.settings.endpoint.endswith("/sandbox/")
    assert "key" not in panel.settings.endpoint
