"""The Xtream admin API as a billing system meets it: lines, devices, users, and answers that mislead."""

from concurrent.futures import ThreadPoolExecutor

import pytest

KEY = "0123456789abcdef0123456789abcdef"
GOOD = {"username": "alice", "password": "pw1", "bouquets_selected": "[2,1,99]", "exp_date": "@1893456000"}


def test_a_line_is_created_and_its_numbers_are_text_except_zero(wire):
    line = wire.done("create_line", [("access_output[]", "1"), ("access_output[]", "2")], **GOOD, max_connections="2")
    assert (line["id"], line["exp_date"], line["max_connections"]) == ("1", "1893456000", "2")
    assert line["is_trial"] == 0
    assert isinstance(line["is_trial"], int)
    assert (line["bouquet"], line["allowed_outputs"]) == ("[1,2]", "[1,2]")
    assert line["pair_id"] is None


def test_the_transport_answers_200_and_html_for_everything(wire):
    assert wire.xui("no_such_action") == {"status": "STATUS_FAILURE", "error": "Invalid action."}
    bad_key = wire.http.post("/sandbox/", data={"api_key": "x", "action": "user_info"})
    assert bad_key.json() == {"status": "STATUS_FAILURE", "error": "Invalid API key."}
    as_json = wire.http.post("/sandbox/", json={"api_key": KEY, "action": "user_info"})
    assert as_json.json()["error"] == "Invalid API key."
    assert "PHPSESSID" in as_json.headers["set-cookie"]
    reseller_key = {"api_key": "fedcba9876543210fedcba9876543210", "action": "user_info"}
    assert wire.http.post("/sandbox/", data=reseller_key).json()["error"] == "Invalid API key."
    assert wire.http.put("/sandbox/").content == b""
    assert wire.http.post("/sandbox").status_code == 301
    assert wire.http.post("/wrong/").status_code == 404
    in_query = wire.http.get("/sandbox/", params={"api_key": KEY, "action": "user_info"})
    assert in_query.json()["data"]["username"] == "admin"
    body_wins = wire.http.post("/sandbox/?action=nothing", data={"api_key": KEY, "action": "user_info"})
    assert body_wins.json()["status"] == "STATUS_SUCCESS"


@pytest.mark.parametrize("pairs", [[], [("bouquets_selected[]", "1")], [("bouquets_selected", "1,2")]])
def test_wrong_bouquets_give_an_empty_body_and_save_nothing(wire, pairs):
    assert wire.xui_raw("create_line", pairs, username="a", password="b") == b""
    assert wire.xui("get_lines") == {"status": "STATUS_SUCCESS", "data": []}


def test_an_edit_resets_what_it_omits(wire):
    wire.done("create_line", [("access_output[]", "1")], **GOOD, max_connections="3", admin_notes="svc 7")
    wire.done("disable_line", id="1")
    edited = wire.done("edit_line", id="1", bouquets_selected="[1]")
    assert edited["username"] != "alice"
    assert len(edited["username"]) == 10
    assert edited["exp_date"] is None
    assert (edited["max_connections"], edited["enabled"], edited["allowed_outputs"]) == ("1", "1", "[]")
    assert edited["admin_notes"] == "svc 7"
    assert wire.xui_raw("edit_line", id="1", username="alice", password="pw1") == b""
    assert wire.xui("edit_line", id="9", bouquets_selected="[1]") == {"status": "STATUS_FAILURE"}


def test_presence_is_one_and_text_is_escaped(wire):
    line = wire.done("create_line", **GOOD, is_trial="0", admin_notes="<b>", is_mag="1")
    assert (line["is_trial"], line["admin_notes"]) == ("1", "&lt;b&gt;")
    # any column name is taken: this line is now hidden from the list
    assert wire.xui("get_lines")["data"] == []


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("@1798761600", "1798761600"),
        ("2027-06-01", "1811804400"),  # midnight in London is 2027-05-31 23:00 UTC
        ("2027-01-01 15:30:00", "1798817400"),
        ("+30 days", "1797940800"),  # 2026-11-22 12:00 UTC + 30 x 86400
        ("@99999999999", "2147483647"),
        ("", 0),
    ],
)
def test_expiry_dates(wire, sent, stored):
    wire.control("POST", "clock", {"now": "2026-11-22T12:00:00+00:00", "frozen": True})
    line = wire.done("create_line", username="a", password="b", bouquets_selected="[1]", exp_date=sent)
    assert line["exp_date"] == stored


def test_a_bare_unix_number_is_no_date_and_the_input_comes_back(wire):
    answer = wire.xui("create_line", username="a", bouquets_selected="[1]", exp_date="1798761600")
    assert answer["status"] == "STATUS_INVALID_DATE"
    assert answer["data"] == {"username": "a", "bouquets_selected": "[1]", "exp_date": "1798761600"}
    never = wire.done("create_line", username="a", bouquets_selected="[1]", exp_date="@1", no_expire="0")
    assert never["exp_date"] is None


def test_a_taken_name_is_refused_on_create_and_rename(wire):
    wire.done("create_line", **GOOD)
    assert wire.xui("create_line", **GOOD)["status"] == "STATUS_EXISTS_USERNAME"
    wire.done("create_line", **{**GOOD, "username": "bob"})
    assert wire.xui("edit_line", id="2", **GOOD)["status"] == "STATUS_EXISTS_USERNAME"


def test_the_name_is_checked_before_it_is_written_so_a_race_can_double_it(wire):
    """No lock guards the name: what is stored of eight parallel creates equals the successes that were told."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: wire.xui("create_line", **GOOD)["status"], range(8)))
    assert set(answers) <= {"STATUS_SUCCESS", "STATUS_EXISTS_USERNAME"}
    assert wire.control("GET", "state")["counts"]["lines"] == answers.count("STATUS_SUCCESS") >= 1


def test_switches_are_idempotent_and_delete_is_not(wire):
    wire.done("create_line", **GOOD)
    for action, column, value in (("disable_line", "enabled", 0), ("ban_line", "admin_enabled", 0)):
        wire.done(action, id="1")
        wire.done(action, id="1")
        assert wire.done("get_line", id="1")[column] == value
    wire.done("enable_line", id="1")
    wire.done("unban_line", id="1")
    wire.done("delete_line", id="1")
    assert wire.xui("delete_line", id="1") == {"status": "STATUS_FAILURE"}
    assert wire.xui("get_line", id="1") == {"status": "STATUS_FAILURE"}


def test_a_mag_is_a_hidden_line_and_its_own_switches_do_nothing(wire):
    mag = wire.done("create_mag", mac="00:1A:79:00:00:01", bouquets_selected="[1]", exp_date="@1893456000")
    assert mag["user"]["is_mag"] == "1"
    assert (mag["user"]["max_connections"], mag["user"]["allowed_outputs"]) == ("1", "[1,2]")
    assert len(mag["user"]["username"]) == 32
    assert mag["user"]["allowed_ua"] is None
    wire.done("disable_mag", id=mag["mag_id"])
    assert wire.done("get_mag", id=mag["mag_id"])["user"]["enabled"] == "1"
    wire.done("disable_line", id=mag["user_id"])
    assert wire.done("get_mag", id=mag["mag_id"])["user"]["enabled"] == 0
    # an edit keeps `enabled`, drops the expiry that it does not send
    edited = wire.done("edit_mag", id=mag["mag_id"], mac="00:1A:79:00:00:02", bouquets_selected="[2]")
    assert (edited["mac"], edited["user"]["enabled"], edited["user"]["exp_date"]) == ("00:1A:79:00:00:02", 0, None)
    assert wire.xui("get_lines")["data"] == []
    assert [row["mac"] for row in wire.xui("get_mags")["data"]] == ["00:1A:79:00:00:02"]
    wire.done("delete_mag", id=mag["mag_id"])
    assert wire.xui("get_line", id=mag["user_id"]) == {"status": "STATUS_FAILURE"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "STATUS_INVALID_INPUT"),
        ({"mac": "00:1A"}, "STATUS_INVALID_MAC"),
        ({"mac": "00:1A:79:00:00:01"}, "STATUS_EXISTS_MAC"),
        ({"mac": "00:1A:79:00:00:09", "pair_id": "77"}, "STATUS_INVALID_USER"),
    ],
)
def test_refused_devices(wire, fields, status):
    wire.done("create_mag", mac="00:1A:79:00:00:01", bouquets_selected="[1]")
    assert wire.xui("create_mag", **fields, bouquets_selected="[1]")["status"] == status
    assert wire.control("GET", "state")["counts"]["mag_devices"] == 1


def test_macs_are_compared_as_text(wire):
    wire.done("create_mag", mac="00:1A:79:00:00:01", bouquets_selected="[1]")
    wire.done("create_mag", mac="00-1a-79-00-00-01", bouquets_selected="[1]")
    assert wire.control("GET", "state")["counts"]["mag_devices"] == 2


def test_a_paired_device_follows_edits_but_not_switches(wire):
    wire.done("create_line", **GOOD)
    mag = wire.done("create_mag", mac="00:1A:79:00:00:01", bouquets_selected="[3]", pair_id="1")
    assert (mag["user"]["exp_date"], mag["user"]["bouquet"], mag["paired"]["id"]) == ("1893456000", "[1,2]", "1")
    wire.done("disable_line", id="1")
    assert wire.done("get_mag", id=mag["mag_id"])["user"]["enabled"] == "1"
    wire.done("edit_line", id="1", **{**GOOD, "exp_date": "@1900000000"}, enabled="0")
    device = wire.done("get_mag", id=mag["mag_id"])["user"]
    assert (device["exp_date"], device["enabled"]) == ("1900000000", 0)


def test_enigma_calls_return_the_wrong_object(wire):
    assert wire.xui("create_enigma", mac="00:00:00:00:00:01", bouquets_selected="[1]") == {
        "status": "STATUS_SUCCESS",
        "data": None,
    }
    wire.done("create_mag", mac="00:1A:79:00:00:01", bouquets_selected="[1]")
    assert wire.done("edit_enigma", id="1", mac="00:00:00:00:00:01", bouquets_selected="[1]")["mag_id"] == "1"
    found = wire.xui("get_enigmas", **{"search[value]": "00:00:00:00:00:01"})["data"]
    assert wire.done("get_enigma", id=found[0]["device_id"])["user"]["is_e2"] == "1"


def test_release_2_1_2_loses_lists_and_half_of_edit_mag(wire):
    wire.done("create_mag", mac="00:1A:79:00:00:01", bouquets_selected="[1]")
    wire.control("POST", "settings", {"xtream": {"version": "2.1.2"}})
    assert wire.xui("get_lines") is None
    answer = wire.xui("edit_mag", id="1", mac="00:1A:79:00:00:02", bouquets_selected="[2]")
    assert answer == {"status": "STATUS_FAILURE"}
    device = wire.done("get_mag", id="1")
    assert (device["mac"], device["user"]["bouquet"]) == ("00:1A:79:00:00:01", "[2]")


def test_lists_page_search_and_filter(wire):
    for number in range(5):
        wire.done("create_line", username=f"user{number}", password="p", bouquets_selected="[1]")
    wire.done("disable_line", id="2")
    page = wire.xui("get_lines", start="2", limit="2")
    assert [row["id"] for row in page["data"]] == ["3", "4"]
    assert (page["recordsTotal"], page["recordsFiltered"]) == ("5", "5")
    assert "bouquet" not in page["data"][0]
    found = wire.xui("get_lines", **{"search[value]": "user3"})
    assert [row["username"] for row in found["data"]] == ["user3"]
    assert (found["recordsTotal"], found["recordsFiltered"]) == ("5", "1")
    assert wire.xui("get_lines", search="user3") is None
    assert [row["id"] for row in wire.xui("get_lines", filter="2")["data"]] == ["2"]
    assert wire.xui("get_lines", show_columns="id,username", limit="1")["data"] == [{"id": "1", "username": "user0"}]


def test_offers_are_bare_lists(wire):
    assert [item["bouquet_name"] for item in wire.xui("get_bouquets")][:2] == ["Basic", "Family"]
    assert wire.xui("get_packages")[0]["bouquets"] == "[1,2]"
    assert wire.xui("get_groups")[1] == {
        "group_id": "2",
        "group_name": "Resellers",
        "is_admin": 0,
        "is_reseller": "1",
    }


def test_credits_are_signed_deltas_and_the_log_holds_balances(wire):
    assert wire.xui("create_user", username="shop", password="p")["status"] == "STATUS_INVALID_GROUP"
    user = wire.done("create_user", username="shop", password="p", member_group_id="2", credits="10")
    assert user["credits"] == "10"
    wire.done("adjust_credits", id=user["id"], credits="5.9", reason="top up")
    assert wire.xui("adjust_credits", id=user["id"], credits="-16") == {"status": "STATUS_FAILURE"}
    wire.done("adjust_credits", id=user["id"], credits="-15")
    assert wire.done("get_user", id=user["id"])["credits"] == 0
    log = wire.xui("credit_logs", reseller=user["id"])["data"]
    assert [entry["amount"] for entry in log] == ["15", 0]
    wire.done("delete_user", id=user["id"])
    assert wire.xui("delete_user", id=user["id"]) == {"status": "STATUS_FAILURE"}


def test_sessions_are_listed_killed_and_logged(wire):
    wire.control("POST", "clock", {"now": "2026-11-22T12:00:00+00:00", "frozen": True})
    wire.done("create_line", **GOOD)
    live = wire.control("POST", "watch", {"line": 1, "stream": 1})["activity_id"]
    wire.control("POST", "clock", {"advance": 600})
    assert wire.xui("get_lines")["data"][0]["active_connections"] == "1"
    [session] = wire.xui("live_connections", user_id="1")["data"]
    assert (session["activity_id"], session["stream_display_name"], session["type"]) == (str(live), "North One", "1")
    assert wire.xui("activity_logs") == {"status": "STATUS_SUCCESS", "data": []}
    wire.done("kill_connection", activity_id=session["uuid"])  # a uuid does nothing
    wire.done("kill_connection", activity_id=session["activity_id"])
    [logged] = wire.xui("activity_logs", user="1", range="2026-11-22 - 2026-11-22")["data"]
    assert int(logged["date_end"]) - int(logged["date_start"]) == 600
    assert wire.xui("live_connections")["data"] == []
    wire.done("delete_line", id="1")
    assert wire.xui("activity_logs")["data"][0]["user_id"] == 0


def test_a_session_imported_after_the_delete_recreates_a_ghost(wire):
    wire.control("POST", "settings", {"xtream": {"session_import_seconds": 60}})
    wire.done("create_line", **GOOD)
    live = wire.control("POST", "watch", {"line": 1})["activity_id"]
    wire.done("kill_connection", activity_id=str(live))
    wire.done("delete_line", id="1")
    wire.control("POST", "clock", {"advance": 61})
    wire.xui("activity_logs")
    ghost = wire.done("get_line", id="1")
    assert (ghost["username"], ghost["enabled"], ghost["exp_date"]) == (None, "1", None)
    wire.done("delete_line", id="1")
