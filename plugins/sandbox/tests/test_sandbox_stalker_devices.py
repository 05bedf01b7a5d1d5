"""The Stalker side as boxes and apps meet it: the proof that an account is active or blocked."""

import pytest

MAC = "00:1A:79:AA:BB:01"
MODERN = {"ver": "ImageVersion: 218; Player Engine version: 0x566", "stb_type": "MAG250", "sn": "062014N067770"}


@pytest.fixture
def alice(wire):
    wire.ok("POST", "accounts/", login="alice", password="pw1", account_number="1001", stb_mac=MAC, tariff_plan="BASIC")


def sign_in(wire, mac=MAC, **extra):
    token = wire.box(mac, "stb", "handshake").json()["js"]["token"]
    profile = wire.box(mac, "stb", "get_profile", token, **{**MODERN, **extra}).json()["js"]
    return token, profile


def test_an_active_box_gets_the_channels_of_its_plan(wire, alice):
    token, profile = sign_in(wire)
    assert profile["status"] == "0"
    channels = wire.box(MAC, "itv", "get_all_channels", token).json()["js"]["data"]
    assert [channel["id"] for channel in channels] == ["1", "2", "3"]
    wire.ok("PUT", "account_subscription/1001", [("subscribed[]", "PKG_SPORT")])
    channels = wire.box(MAC, "itv", "get_all_channels", token).json()["js"]["data"]
    assert [channel["id"] for channel in channels] == ["1", "2", "3", "6", "7"]
    wire.ok("PUT", "accounts/1001", tariff_plan="PREMIUM")
    assert wire.box(MAC, "itv", "get_all_channels", token).json()["js"]["total_items"] == 8


def test_suspension_refuses_the_next_call_and_tells_the_box_why(wire, alice):
    token, _ = sign_in(wire)
    wire.ok("PUT", "accounts/1001", status="0")
    wire.ok("PUT", "accounts/1001", status="0")  # repeated: queues nothing
    assert wire.box(MAC, "itv", "get_all_channels", token).text == "Access denied."
    event = wire.box(MAC, "watchdog", "get_events", token).json()["js"]["data"]
    assert (event["msgs"], event["event"]) == (1, "cut_off")
    assert wire.box(MAC, "watchdog", "get_events", token).json()["js"]["data"]["msgs"] == 0
    assert sign_in(wire)[1]["status"] == "1"


def test_the_watchdog_makes_a_box_online_for_two_minutes(wire, alice):
    wire.control("POST", "clock", {"now": "2026-11-22T12:00:00+00:00", "frozen": True})
    token, _ = sign_in(wire)
    wire.box(MAC, "watchdog", "get_events", token)
    account = wire.ok("GET", "accounts/1001")[0]
    assert (account["online"], account["last_active"]) == ("1", "2026-11-22 12:00:00")
    wire.control("POST", "clock", {"advance": 120})
    assert wire.ok("GET", "accounts/1001")[0]["online"] == "0"


def test_a_foreign_or_old_token_is_refused(wire, alice):
    old, _ = sign_in(wire)
    token, _ = sign_in(wire)
    assert wire.box(MAC, "itv", "get_all_channels", old).text == "Authorization failed."
    assert wire.box(MAC, "itv", "get_all_channels", token).text.startswith("{")
    wire.ok("PUT", "stb_auth/1001")
    assert wire.box(MAC, "itv", "get_all_channels", token).text == "Authorization failed."


def test_a_new_mac_ends_the_old_box(wire, alice):
    token, _ = sign_in(wire)
    wire.ok("PUT", "accounts/1001", stb_mac="00:1A:79:AA:BB:02")
    assert wire.box(MAC, "itv", "get_all_channels", token).text == "Access denied."
    assert sign_in(wire, "00:1A:79:AA:BB:02")[1]["status"] == "0"
    wire.ok("PUT", "stb_auth/1001", reset_device_id="1")
    assert wire.ok("GET", "accounts/1001")[0]["stb_mac"] == ""


def test_old_firmware_and_foreign_macs_are_blocked_whatever_the_account_says(wire, alice):
    token, profile = sign_in(wire, ver="Player Engine version: 0x500")
    assert (profile["status"], profile["msg"]) == (1, "old firmware")
    # yet its token was kept: a client that ignores the profile gets its channels
    assert wire.box(MAC, "itv", "get_all_channels", token).json()["js"]["total_items"] == 3
    wire.ok("POST", "accounts/", login="tv", stb_mac="AA:BB:CC:DD:EE:FF")
    assert sign_in(wire, "AA:BB:CC:DD:EE:FF")[1]["status"] == 1


def test_an_unknown_box_registers_itself_only_where_the_operator_lets_it(wire):
    assert sign_in(wire)[1]["block_msg"]
    assert wire.ok("GET", "accounts/") == []
    wire.control("POST", "settings", {"stalker": {"auto_add_stb": True}})
    token, profile = sign_in(wire)
    assert profile["status"] == "0"
    assert wire.box(MAC, "itv", "get_all_channels", token).json()["js"]["total_items"] == 3
    # billing adopts it: no login, no number, so it is nobody's
    wire.ok("PUT", f"accounts/{MAC}", login="alice", account_number="1001")
    assert wire.ok("GET", "users/alice")["stb_mac"] == MAC


def test_account_info_speaks_to_people(wire, alice):
    wire.control("POST", "clock", {"now": "2026-11-22T12:00:00+00:00", "frozen": True})
    wire.ok("PUT", "accounts/1001", end_date="2027-01-31")
    token, _ = sign_in(wire)
    info = wire.box(MAC, "account_info", "get_main_info", token).json()["js"]
    assert (info["tariff_plan"], info["end_date"]) == ("Basic plan", "01.31.2027 (70 days)")


def test_the_token_endpoint_tells_active_suspended_and_wrong(wire, alice):
    def ask(password):
        form = {"grant_type": "password", "username": "alice", "password": password}
        reply = wire.http.post("/stalker_portal/auth/token.php", data=form)
        assert reply.status_code == 200
        return reply.json()

    assert ask("pw1")["token_type"] == "bearer"
    assert ask("wrong")["error"] == "invalid_client"
    wire.ok("PUT", "accounts/1001", password="pw2")
    assert ask("pw1")["error"] == "invalid_client"
    wire.ok("PUT", "accounts/1001", status="0")
    assert ask("pw2") == {"error": "access_denied", "error_description": "Account is disabled"}
