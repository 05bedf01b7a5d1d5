"""What a classic panel, or what stands in its place, does to whoever believes it."""

import json
from dataclasses import replace

import httpx
import pytest

from billhead.plugin import (
    Absent,
    CannotTell,
    Found,
    InvalidInput,
    NotAuthorised,
    PanelOutcomeUnknown,
    PanelRejected,
    PanelUnreachable,
    load_settings,
)
from billhead_xtream.settings import XtreamSettings


@pytest.fixture
def panel(classic):
    return classic()


def creating(module, panel, wanted):
    (step,) = module.plan(panel, wanted, None)
    return module.apply(panel, step)


# --- may we? ---------------------------------------------------------------------------------------------------------


def test_an_empty_answer_means_that_we_are_not_on_the_list(module, panel, desired, sandbox, stored):
    sandbox.state.change_settings({"classic": {"api_ips": "192.0.2.1"}})
    for ask in (module.check, module.catalogue, module.owners, lambda on: module.look_up(on, desired())):
        with pytest.raises(NotAuthorised, match="answers nothing"):
            ask(panel)
    with pytest.raises(NotAuthorised):
        creating(module, panel, desired())
    assert stored() == []
    sandbox.state.change_settings({"classic": {"api_ips": "192.0.2.1, 127.0.0.1"}})
    assert "takes calls from this server" in module.check(panel)


def test_a_panel_with_a_password_wants_it(module, classic, sandbox):
    sandbox.state.change_settings({"classic": {"api_pass": "open-sesame"}})
    with pytest.raises(NotAuthorised):
        module.check(classic())
    assert module.check(classic(api_pass="open-sesame"))


def test_an_empty_answer_to_a_change_is_a_crash_if_we_are_known(module, panel, desired, sandbox, stored):
    sandbox.state.faults.add(kind="empty", match="classic.user.create", count=1)
    with pytest.raises(PanelOutcomeUnknown, match="though it knows this server"):
        creating(module, panel, desired())
    assert isinstance(module.look_up(panel, desired()), Found)
    assert len(stored()) == 1


# --- is it one? ------------------------------------------------------------------------------------------------------


def test_the_internal_api_of_another_panel_is_no_classic_panel(module, classic, desired, sandbox, stored):
    """XC_VM has an api.php too. It says `{"result": false}` to everything, which proves no absence."""
    xc_vm = classic(lambda form: form.update(password=["sandbox-servers"]), url=f"{sandbox.url}/")
    assert isinstance(module.look_up(xc_vm, desired()), CannotTell)
    with pytest.raises(PanelRejected, match="not as a classic panel does"):
        module.check(xc_vm)
    with pytest.raises(PanelRejected):
        creating(module, xc_vm, desired())
    with pytest.raises(PanelRejected):
        module.remove(xc_vm, desired())
    with pytest.raises(NotAuthorised, match="nothing at this address"):
        module.look_up(classic(url=f"{sandbox.url}/"), desired())
    assert stored() == []


def test_a_build_that_gives_no_reasons_is_proven_by_its_resellers(module, panel, desired, converge, sandbox, stored):
    sandbox.state.change_settings({"classic": {"error_texts": False, "odd_types": True}})
    assert module.check(panel)
    assert module.look_up(panel, desired()) == Absent()
    observed = converge(desired())
    assert observed.bouquets == {"1", "2"}
    assert module.look_up(panel, desired()) == Found(observed)


def test_resellers_may_come_as_an_object_by_id(module, classic):
    def by_id(form):
        return httpx.Response(200, json={"7": {"id": "7", "username": "rita", "credits": "3.10"}})

    (owner,) = module.owners(classic(by_id))
    assert (owner.remote_id, owner.name, owner.credits_minor) == ("7", "rita", 310)


def test_credits_that_are_no_number_are_none(module, classic):
    (owner,) = module.owners(classic(lambda form: httpx.Response(200, json=[{"id": 7, "username": "rita"}])))
    assert owner.credits_minor is None


@pytest.mark.parametrize(
    "said",
    ["exists", "Exists already", "EXISTS (username)"],
)
def test_texts_are_known_by_their_beginning_in_any_case(module, classic, desired, said):
    def taken(form):
        if "user_data[username]" in form:
            return httpx.Response(200, json={"result": False, "error": said})
        return httpx.Response(200, json={"result": False, "error": "not exists."})

    with pytest.raises(PanelRejected) as caught:
        creating(module, classic(taken), desired())
    assert "taken by another account" in caught.value.hint


def test_another_text_is_shown_to_staff_without_what_is_secret(module, classic, desired):
    def odd(form):
        text = f"SQL error near '{form['password'][0]}'"
        return httpx.Response(200, json={"result": False, "error": text})

    with pytest.raises(PanelRejected, match="SQL error near '…'") as caught:
        module.look_up(classic(odd), desired(password="hunter-2"))
    assert "hunter-2" not in repr(caught.value) + str(caught.value.as_dict())


@pytest.mark.parametrize(
    "body",
    ["null", "7", '"yes"', "[]", "{}", '{"result": "maybe"}', '{"result": true}', '{"result": true, "user_info": [1]}',
     '{"result": true, "user_info": {"username": "anna"}}'],
)  # fmt: skip
def test_an_answer_of_the_wrong_kind_proves_nothing(module, classic, desired, body):
    with pytest.raises(PanelUnreachable):
        module.look_up(classic(lambda form: httpx.Response(200, text=body)), desired())


def test_what_was_taken_but_not_kept_is_not_called_done(module, classic, desired):
    def forgets_bouquets(form):
        form.pop("user_data[bouquet]", None)

    with pytest.raises(PanelRejected, match="keeps another bouquets"):
        creating(module, classic(forgets_bouquets), desired())


# --- which dialect? --------------------------------------------------------------------------------------------------


def test_without_a_key_it_is_a_classic_panel_and_with_one_it_is_not():
    address = {"url": "http://panel.example:25461/"}
    assert load_settings(XtreamSettings, address).spoken == "classic"
    assert load_settings(XtreamSettings, {"url": "http://p.example/CODE/", "api_key": "k"}).spoken == "xui_admin"
    assert load_settings(XtreamSettings, {"url": "http://p.example/api.php"}).endpoint == "http://p.example/"
    with pytest.raises(InvalidInput, match="the access code is missing"):
        load_settings(XtreamSettings, {**address, "api_key": "k"})
    with pytest.raises(InvalidInput, match="API key is required"):
        load_settings(XtreamSettings, {"url": "http://p.example/CODE/", "dialect": "xui_admin"})


def test_a_check_says_which_dialect_answers_instead(module, connect, classic, sandbox, stored):
    wrong = connect(url=f"{sandbox.url}/classic/", dialect="auto")
    with pytest.raises(PanelRejected, match="with the dialect classic it answers: the classic API") as caught:
        module.check(wrong)
    assert caught.value.hint == f"Set the dialect to classic and the address to {sandbox.url}/classic/."
    other_way = connect(dialect="classic")
    with pytest.raises(PanelRejected, match="with the dialect xui_admin it answers: signed in"):
        module.check(other_way)


@pytest.mark.parametrize("spoken", ["xui_admin", "xui_reseller", "classic"])
def test_a_dialect_that_is_left_open_is_found_by_reads(module, connect, sandbox, stored, spoken):
    path, key = {
        "xui_admin": ("sandbox", "0123456789abcdef0123456789abcdef"),
        "xui_reseller": ("resell", "fedcba9876543210fedcba9876543210"),
        "classic": ("classic", ""),
    }[spoken]
    wrong_key = "a key that is not needed" if spoken == "classic" else key
    for api_key in {key, wrong_key}:
        panel = connect(url=f"{sandbox.url}/{path}/", api_key=api_key, dialect="auto")
        assert module.left_open(panel.settings)
        assert module.find_out(panel) == {"dialect": spoken, "url": panel.settings.url}
    told = replace(panel, settings=replace(panel.settings, dialect=spoken))
    assert not module.left_open(told.settings)
    assert module.check(told)
    assert stored() == []


def test_nothing_is_found_where_nothing_answers(module, connect, sandbox):
    assert module.find_out(connect(url="http://127.0.0.1:1/code/", dialect="auto")) == {}
    assert module.find_out(connect(url=f"{sandbox.url}/nobody/", dialect="auto")) == {}


def test_a_check_of_a_dead_panel_tries_nothing_else(module, connect):
    with pytest.raises(PanelUnreachable) as caught:
        module.check(connect(url="http://127.0.0.1:1/code/"))
    assert "But with" not in caught.value.message


def test_a_wrong_guess_creates_nothing(module, connect, desired, converge, sandbox, stored):
    """A reseller's API answers like an admin's, with lists that are always empty."""

    def resellers_code(form):
        if form.get("action") == ["user_info"]:
            data = {"id": "2", "username": "reseller", "credits": "100", "permissions": {}}
            return httpx.Response(200, text=json.dumps({"status": "STATUS_SUCCESS", "data": data}))
        return None

    guessed = connect(resellers_code, dialect="auto")
    with pytest.raises(PanelRejected, match="as that of the reseller reseller"):
        converge(desired(), on=guessed)
    with pytest.raises(PanelRejected, match="as that of the reseller reseller"):
        module.check(guessed)
    assert stored() == []


def test_a_right_guess_creates(connect, desired, converge, calls, stored):
    converge(desired(), on=connect(dialect="auto"))
    assert calls() == {"get_lines": 1, "user_info": 1, "create_line": 1}
    assert len(stored()) == 1
