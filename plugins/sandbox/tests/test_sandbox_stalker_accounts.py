"""The Stalker side as a billing system meets it: accounts, their quirks, and the words of its refusals."""

import pytest

ALICE = {
    "login": "alice",
    "password": "pw1",
    "account_number": "1001",
    "tariff_plan": "PREMIUM",
    "status": "1",
    "stb_mac": "001a79aabb01",
    "end_date": "2026-12-31",
}


def test_an_account_is_created_and_read_back_as_strings(wire):
    assert wire.ok("POST", "accounts/", **ALICE) is True
    assert wire.ok("GET", "accounts/1001") == [
        {
            "login": "alice",
            "full_name": "",
            "phone": "",
            "account_number": "1001",
            "tariff_plan": "PREMIUM",
            "stb_sn": "",
            "stb_mac": "00:1A:79:AA:BB:01",
            "stb_type": "",
            "status": 1,
            "online": "0",
            "ip": "",
            "version": "",
            "comment": None,
            "end_date": "2026-12-31 00:00:00",
            "account_balance": "",
            "last_active": "0000-00-00 00:00:00",
            "subscribed": [],
            "subscribed_id": [],
        }
    ]
    assert wire.ok("GET", "users/ALICE")["account_number"] == "1001"
    assert wire.ok("GET", "accounts/00:1a:79:aa:bb:01")[0]["login"] == "alice"


def test_wrong_credentials_are_the_only_401(wire):
    reply = wire.http.get("/stalker_portal/api/tariffs/", auth=("stalker", "wrong"))
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == 'Basic realm="Stalker API"'
    assert reply.json() == {"status": "ERROR", "results": "", "error": "401 Unauthorized request"}


def test_a_switched_off_api_is_a_plain_404(wire):
    wire.control("POST", "settings", {"stalker": {"enable_api": False}})
    reply = wire.http.get("/stalker_portal/api/tariffs/", auth=("stalker", "sandbox"))
    assert (reply.status_code, reply.text) == (404, "API not enabled")


def test_json_bodies_are_not_read(wire, basic):
    headers = {"Authorization": basic}
    url = "/stalker_portal/api/accounts/"
    assert wire.http.post(url, json=ALICE, headers=headers).json()["error"] == "HTTP POST data is empty"
    wire.ok("POST", "accounts/", **ALICE)
    put = wire.http.put(url + "1001", json={"status": 0}, headers=headers)
    assert put.json()["error"] == "Insert data is empty"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "HTTP POST data is empty"),
        ({"colour": "red"}, "Insert data is empty"),
        ({"account_number": "7"}, "Login required"),
        ({"login": "0"}, "Login required"),
        ({"login": "bob", "stb_mac": "00:1A"}, "Not valid mac address"),
        ({"login": "ALICE"}, "Login already in use"),
        ({"login": "bob", "stb_mac": "00:1a:79:aa:bb:01"}, "MAC address already in use"),
    ],
)
def test_refusals_of_create(wire, fields, error):
    wire.ok("POST", "accounts/", **ALICE)
    assert wire.refused("POST", "accounts/", **fields) == error


def test_account_numbers_repeat_and_a_put_changes_all_of_them(wire):
    wire.ok("POST", "accounts/", **ALICE)
    wire.ok("POST", "accounts/", login="alice-bedroom", account_number="1001")
    wire.ok("PUT", "accounts/1001", status="0")
    assert [account["status"] for account in wire.ok("GET", "accounts/1001")] == [0, 0]
    wire.ok("DELETE", "accounts/1001")
    assert wire.refused("GET", "accounts/1001") == "Account not found"
    assert wire.refused("DELETE", "accounts/1001") == "Account not found"


def test_a_number_longer_than_eleven_is_taken_for_a_mac(wire):
    wire.ok("POST", "accounts/", login="long", account_number="CUSTOMER-0001")
    assert wire.ok("GET", "accounts/CUSTOMER-0001")[0]["login"] == "long"
    assert wire.ok("GET", "stb/CUSTOMER-0001") == []
    assert wire.refused("POST", "send_event/CUSTOMER-0001", event="reboot") == "STB not found"


def test_nothing_and_zero_mean_everybody(wire):
    for name in ("a", "b", "c"):
        wire.ok("POST", "accounts/", login=name)
    assert len(wire.ok("GET", "accounts/0")) == 3
    assert wire.ok("POST", "send_event/", event="reboot") is True
    assert wire.control("GET", "state")["counts"]["stalker_events"] == 3
    assert wire.refused("PUT", "accounts/0", status="0") == "Identifier required"
    assert wire.refused("DELETE", "stb/") == "Identifier required"
    assert wire.refused("PUT", "accounts/1,2", status="0") == "Only one identifier allowed"


def test_put_stores_a_mac_raw_even_one_that_another_holds(wire):
    wire.ok("POST", "accounts/", **ALICE)
    wire.ok("POST", "accounts/", login="bob", account_number="1002")
    wire.ok("PUT", "accounts/1002", stb_mac="00:1A:79:AA:BB:01")
    assert [a["login"] for a in wire.ok("GET", "accounts/00:1A:79:AA:BB:01")] == ["alice", "bob"]
    wire.ok("PUT", "accounts/1002", stb_mac="garbage")
    assert wire.ok("GET", "accounts/1002")[0]["stb_mac"] == "garbage"


def test_dashes_in_a_mac_pass_on_create_and_no_box_matches(wire):
    wire.ok("POST", "accounts/", login="dash", account_number="9", stb_mac="00-1A-79-AA-BB-02")
    assert wire.ok("GET", "accounts/9")[0]["stb_mac"] == "00-1A-79-AA-BB-02"
    assert wire.ok("GET", "stb/001A79AABB02") == []


def test_an_unknown_plan_silently_becomes_the_default(wire):
    wire.ok("POST", "accounts/", **ALICE)
    wire.ok("PUT", "accounts/1001", tariff_plan="PLATINUM")
    assert wire.ok("GET", "accounts/1001")[0]["tariff_plan"] == "BASIC"
    assert "SQL syntax" in wire.refused("PUT", "accounts/1001", tariff_plan="")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2027-01-31", "2027-01-31 00:00:00"),
        ("2027-01-31 15:30:00", "2027-01-31 15:30:00"),
        ("2027-01-31T15:30:00Z", "2027-01-31 15:30:00"),
        ("31.01.2027", "0000-00-00 00:00:00"),
        ("1798761600", "0000-00-00 00:00:00"),
        ("2027-02-31", "0000-00-00 00:00:00"),
        ("2038-01-20", "0000-00-00 00:00:00"),
        ("", "0000-00-00 00:00:00"),
    ],
)
def test_end_dates_that_are_not_understood_never_expire(wire, sent, stored):
    wire.ok("POST", "accounts/", login="d", account_number="5", end_date=sent)
    assert wire.ok("GET", "accounts/5")[0]["end_date"] == stored


def test_status_is_a_php_truth_test(wire):
    wire.ok("POST", "accounts/", login="s", account_number="5")
    for sent, shown in (("off", 1), ("0", 0), ("false", 1), ("", 0), ("2", 1)):
        wire.ok("PUT", "accounts/5", status=sent)
        assert wire.ok("GET", "accounts/5")[0]["status"] == shown


def test_post_stb_stores_the_status_upside_down_and_put_does_not(wire):
    assert wire.ok("POST", "stb/", mac="001A79000001", ls="7", status="1")["status"] == 0
    assert wire.ok("POST", "stb/", mac="001A79000002", ls="8", status="0")["status"] == 1
    assert wire.ok("PUT", "stb/7", status="1")[0]["status"] == 1
    assert wire.ok("PUT", "stb/99", status="1") is False
    assert wire.refused("POST", "stb/", mac="001A79000001") == "Stb already exists"
    assert wire.refused("POST", "stb/", login="x") == "Login and password required"


def test_subscriptions_answer_false_when_nothing_changed(wire):
    wire.ok("POST", "accounts/", login="a", account_number="5", tariff_plan="BASIC")
    assert wire.ok("PUT", "account_subscription/5", [("subscribed[]", "PKG_SPORT")]) is True
    assert wire.ok("PUT", "account_subscription/5", [("subscribed[]", "PKG_SPORT")]) is False
    assert wire.ok("PUT", "account_subscription/5", [("subscribed[]", "PKG_CINEMA")]) is False
    assert wire.ok("POST", "account_subscription/5", [("subscribed_id[]", "5")]) is True
    assert wire.ok("GET", "account_subscription/5")[0]["subscribed"] == ["PKG_KIDS"]
    # dormant in a plan that does not offer it, awake again on return
    wire.ok("PUT", "accounts/5", tariff_plan="PREMIUM")
    assert wire.ok("GET", "account_subscription/5")[0]["subscribed"] == []
    wire.ok("PUT", "accounts/5", tariff_plan="BASIC")
    assert wire.ok("GET", "account_subscription/5")[0]["subscribed_id"] == ["5"]
    assert wire.ok("DELETE", "account_subscription/5") is True
    assert wire.ok("DELETE", "account_subscription/5") is False


def test_a_plain_value_where_a_list_belongs_is_a_crash_in_html(wire, basic):
    wire.ok("POST", "accounts/", login="a", account_number="5")
    reply = wire.http.put(
        "/stalker_portal/api/account_subscription/5", data={"subscribed": "PKG"}, headers={"Authorization": basic}
    )
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert "Fatal error" in reply.text


def test_tariffs_are_read_by_internal_id_only(wire):
    every = wire.ok("GET", "tariffs/")
    assert [plan["external_id"] for plan in every] == ["BASIC", "FAMILY", "PREMIUM", "TRIAL"]
    assert wire.ok("GET", "tariffs/3")["name"] == "Premium plan"
    assert wire.ok("GET", "tariffs/PREMIUM") == every
    assert wire.ok("GET", "tariffs/99") is None
    assert every[0]["packages"][1] == {
        "id": "4",
        "external_id": "PKG_SPORT",
        "name": "Sport",
        "type": "tv",
        "all_services": "0",
        "service_type": "periodic",
        "rent_duration": "0",
        "price": "3.50",
        "optional": "1",
    }


def test_unknown_resources_methods_and_the_broken_alias(wire, basic):
    assert wire.refused("GET", "reseller/") == 'Resource "reseller" does not exist'
    assert wire.refused("GET", "send_event/1") == 'Resource "send_event" does not support action "get"'
    assert wire.refused("PATCH", "accounts/1") == "Not supported method"
    assert len(wire.ok("GET", "v1/tariffs/")) == 4
    headers = {"Authorization": basic}
    assert wire.http.get("/stalker_portal/api/v1/stb/", headers=headers).text == "Unauthorized request."
    assert wire.http.get("/stalker_portal/api/accounts/a%2Fb", headers=headers).status_code == 404
    assert wire.http.get("/stalker_portal/api/accounts/a%20b", headers=headers).status_code == 403


def test_the_job_at_five_past_midnight_blocks_what_ends_today(wire):
    wire.control("POST", "clock", {"now": "2027-01-30T12:00:00+00:00", "frozen": True})
    wire.ok("POST", "accounts/", login="ends", account_number="1", end_date="2027-01-31")
    wire.ok("POST", "accounts/", login="stays", account_number="2", end_date="2027-02-01")
    wire.ok("POST", "accounts/", login="forever", account_number="3")

    wire.control("POST", "clock", {"now": "2027-01-31T00:04:00+00:00", "frozen": True})
    assert [a["status"] for a in wire.ok("GET", "accounts/")] == [1, 1, 1]
    wire.control("POST", "clock", {"now": "2027-01-31T00:05:00+00:00", "frozen": True})
    assert [a["status"] for a in wire.ok("GET", "accounts/")] == [0, 1, 1]
    # moving the end forward does not unblock: a renewal sends the status too
    wire.ok("PUT", "accounts/1", end_date="2027-03-01")
    assert wire.ok("GET", "accounts/1")[0]["status"] == 0
    wire.ok("PUT", "accounts/1", end_date="2027-03-01", status="1")
    wire.control("POST", "clock", {"advance": 86_400 * 2, "frozen": True})
    assert [a["status"] for a in wire.ok("GET", "accounts/")] == [1, 0, 1]


def test_without_internal_billing_there_is_no_end_date_and_no_expiry(wire):
    wire.control("POST", "settings", {"stalker": {"enable_internal_billing": False}})
    wire.ok("POST", "accounts/", login="a", account_number="1", end_date="2020-01-01")
    assert "end_date" not in wire.ok("GET", "accounts/1")[0]
    assert wire.control("POST", "expiry") == {"blocked": 0}
