"""The classic `api.php` as billing meets it: an address for a key, `result` for a status, and no delete."""

import httpx
import pytest

MAC = "00:1A:79:AA:BB:01"
ANNA = {"user_data[username]": "anna", "user_data[password]": "secret", "user_data[bouquet]": "[1,2]"}


@pytest.fixture
def running(wire):
    return wire.running


@pytest.fixture
def ask(running):
    """`ask("user", "create", {...})` → the JSON, or None for an empty answer."""

    def call(action, sub, form=None, path="/classic/api.php"):
        answer = httpx.post(f"{running.url}{path}?action={action}&sub={sub}", data=form or {})
        assert answer.status_code == 200
        return answer.json() if answer.content else None

    return call


def test_a_line_is_made_shown_and_changed_by_name_and_password(ask):
    created = ask("user", "create", ANNA | {"user_data[exp_date]": "1798761600", "user_data[member_id]": "2"})
    assert created == {"result": True, "created_id": 1, "username": "anna", "password": "secret"}
    login = {"username": "anna", "password": "secret"}
    info = ask("user", "info", login)["user_info"]
    assert (info["id"], info["exp_date"], info["enabled"], info["bouquet"]) == ("1", "1798761600", "1", "[1,2]")
    assert ask("user", "edit", login | {"user_data[enabled]": "0", "user_data[exp_date]": ""}) == {"result": True}
    info = ask("user", "info", login)["user_info"]
    assert (info["exp_date"], info["enabled"], info["bouquet"], info["member_id"]) == (None, "0", "[1,2]", "2")


def test_what_is_missing_is_generated_or_takes_the_default(ask):
    created = ask("user", "create", {"user_data[username]": ""})
    assert len(created["username"]) == len(created["password"]) == 10
    info = ask("user", "info", created)["user_info"]
    assert (info["max_connections"], info["bouquet"], info["exp_date"]) == ("1", "[]", None)


@pytest.mark.parametrize(
    ("sub", "form", "text"),
    [
        ("create", ANNA, "EXISTS"),
        ("info", {"username": "anna", "password": "wrong"}, "NOT EXISTS"),
        ("edit", {"username": "bert", "password": "secret"}, "NOT EXISTS"),
        ("info", {"username": "anna"}, "PARAMETER ERROR (user/pass)"),
    ],
)
def test_what_it_refuses(ask, sub, form, text):
    ask("user", "create", ANNA)
    assert ask("user", sub, form) == {"result": False, "error": text}


def test_a_password_changes_and_the_old_one_is_worth_nothing(ask):
    ask("user", "create", ANNA)
    old = {"username": "anna", "password": "secret"}
    assert ask("user", "edit", old | {"user_data[password]": "other"}) == {"result": True}
    assert ask("user", "info", old)["error"] == "NOT EXISTS"
    assert ask("user", "info", old | {"password": "other"})["result"] is True


def test_a_box_is_known_by_its_mac(ask, running):
    assert ask("stb", "create", {"user_data[mac]": MAC.lower(), "user_data[bouquet]": "[3]"})["result"] is True
    assert ask("stb", "create", {"user_data[mac]": MAC}) == {"result": False, "error": "EXISTS"}
    assert ask("stb", "create", {"user_data[mac]": "no mac"})["error"].startswith("PARAMETER ERROR")
    assert ask("stb", "edit", {"mac": MAC, "user_data[enabled]": "0"}) == {"result": True}
    info = ask("stb", "info", {"mac": MAC})
    assert (info["user_info"]["enabled"], info["user_info"]["is_mag"], info["mag_device"]["mac"]) == ("0", "1", MAC)
    assert ask("stb", "info", {"mac": MAC.lower()})["error"] == "NOT EXISTS"
    (line,) = [row for row in running.state.lines() if row["panel"] == "xtream"]
    assert line["mac"] == MAC


def test_nothing_can_be_deleted_or_listed(ask):
    ask("user", "create", ANNA)
    assert ask("user", "delete", {"username": "anna", "password": "secret"}) is None
    assert ask("user", "list") is None


def test_strangers_get_nothing(ask, running):
    running.state.change_settings({"classic": {"api_ips": "192.0.2.1"}})
    assert ask("reg_user", "list") is None
    running.state.change_settings({"classic": {"api_ips": "192.0.2.1, 127.0.0.1", "api_pass": "sesame"}})
    assert ask("reg_user", "list") is None
    assert [user["username"] for user in ask("reg_user", "list", {"api_pass": "sesame"})] == ["admin", "reseller"]


def test_credits_are_a_signed_delta(ask):
    assert ask("reg_user", "credits", {"id": "2", "amount": "-30"}) == {"result": True}
    assert ask("reg_user", "credits", {"username": "reseller", "amount": "5"}) == {"result": True}
    assert [user["credits"] for user in ask("reg_user", "list")] == ["0", "75"]
    assert ask("reg_user", "credits", {"id": "99", "amount": "5"})["error"] == "NOT EXISTS"


def test_builds_differ(ask, running):
    assert ask("bouquet", "get")[0] == {"id": "1", "bouquet_name": "Basic"}
    running.state.change_settings({"classic": {"odd_types": True, "error_texts": False, "bouquet_list": False}})
    assert ask("user", "create", ANNA)["result"] == 1
    assert ask("user", "info", {"username": "anna", "password": "secret"})["user_info"]["bouquet"] == [1, 2]
    assert ask("user", "info", {"username": "bert", "password": "secret"}) == {"result": False}
    assert ask("bouquet", "get") is None


def test_the_newer_panels_own_api_says_no_to_everything_and_needs_its_password(running):
    address = f"{running.url}/api.php?action=user&sub=info"
    assert httpx.post(address, data={"username": "a", "password": "b"}).status_code == 404
    assert httpx.post(address, data={"password": "sandbox-servers"}).json() == {"result": False}


def test_its_players_are_told_auth_zero(ask, running):
    ask("user", "create", ANNA)
    login = {"username": "anna", "password": "secret"}
    address = f"{running.url}/classic/player_api.php"
    assert httpx.get(address, params=login).json()["user_info"]["auth"] == 1
    assert httpx.get(address, params=login | {"password": "x"}).json() == {"user_info": {"auth": 0}}
    ask("user", "edit", login | {"user_data[enabled]": "0"})
    assert httpx.get(address, params=login).json() == {"user_info": {"auth": 0}}
    assert httpx.get(f"{running.url}/classic/nothing").status_code == 404


def test_its_calls_are_counted_and_can_fail(ask, running):
    running.state.faults.add(kind="crash", match="classic.user.create", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        ask("user", "create", ANNA)
    assert ask("user", "create", ANNA)["error"] == "EXISTS"  # it had worked
    assert running.state.calls == {"classic.user.create": 2}
