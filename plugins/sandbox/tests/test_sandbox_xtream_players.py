"""The Xtream side as players meet it: what works, what hides behind a 404, and when a change is seen."""

LINE = {"username": "alice", "password": "pw1", "bouquets_selected": "[1,4]", "exp_date": "@1893456000"}
OUTPUTS = [("access_output[]", "1"), ("access_output[]", "2")]


def works(wire, username="alice", password="pw1"):
    reply = wire.play(username, password)
    return reply.status_code == 200 and reply.json()["user_info"]["status"] == "Active"


def test_a_good_account_says_so(wire):
    wire.done("create_line", OUTPUTS, **LINE, max_connections="2")
    reply = wire.play("alice", "pw1", action="whatever")
    assert reply.headers["content-type"] == "application/json"
    info = reply.json()["user_info"]
    assert (info["auth"], info["status"], info["exp_date"], info["max_connections"]) == (1, "Active", "1893456000", "2")
    assert info["allowed_output_formats"] == ["m3u8", "ts"]
    assert reply.json()["server_info"]["timezone"] == "Europe/London"


def test_every_bad_account_gets_the_same_404_page(wire):
    wire.done("create_line", **LINE)
    assert wire.play("alice", "wrong").status_code == 404
    assert wire.play("ALICE", "pw1").status_code == 404
    assert "nginx" in wire.play("nobody", "x").text
    for off, on in (("disable_line", "enable_line"), ("ban_line", "unban_line")):
        wire.done(off, id="1")
        assert not works(wire)
        wire.done(on, id="1")
        assert works(wire)
    wire.control("POST", "clock", {"now": 1893456000, "frozen": True})
    assert not works(wire)


def test_streams_follow_the_bouquets(wire):
    wire.done("create_line", **LINE)
    live = wire.play("alice", "pw1", action="get_live_streams").json()
    films = wire.play("alice", "pw1", action="get_vod_streams").json()
    assert [item["stream_id"] for item in live] == [1, 2, 3, 5]
    assert [item["name"] for item in films] == ["The Long Winter", "Harbour Lights"]


def test_playlist_guide_and_aliases(wire):
    wire.done("create_line", **LINE)
    params = {"username": "alice", "password": "pw1", "type": "m3u_plus", "output": "ts"}
    playlist = wire.http.get("/get.php", params=params)
    assert playlist.text.startswith("#EXTM3U")
    assert f"{wire.running.url}/live/alice/pw1/1.ts" in playlist.text
    assert wire.http.get("/playlist/alice/pw1/m3u_plus").text == playlist.text
    assert wire.http.get("/xmltv.php", params=params).text.count("<channel") == 4
    assert wire.http.get("/get.php", params=params, headers={"User-Agent": ""}).status_code == 404
    assert wire.http.get("/live/alice/pw1/1.ts").status_code == 302
    wire.done("disable_line", id="1")
    assert wire.http.get("/live/alice/pw1/1.ts").status_code == 200  # a notice clip: proves nothing
    assert wire.http.get("/live/nobody/x/1.ts").status_code == 404


def test_with_the_cache_on_a_suspension_waits_for_the_cache_run(wire):
    wire.control("POST", "settings", {"xtream": {"enable_cache": True}})
    wire.control("POST", "clock", {"now": "2026-11-22T12:00:10+00:00", "frozen": True})
    wire.done("create_line", **LINE)
    assert not works(wire)  # 404 until the queued signal
    wire.control("POST", "clock", {"advance": 1})
    assert works(wire)
    wire.control("POST", "clock", {"advance": 5})
    wire.done("disable_line", id="1")
    wire.control("POST", "clock", {"advance": 60})
    assert works(wire)
    wire.done("reload_cache")
    wire.control("POST", "clock", {"advance": 1})
    assert not works(wire)
    wire.control("POST", "clock", {"advance": 1})
    wire.done("enable_line", id="1")
    assert not works(wire)
    wire.control("POST", "clock", {"advance": 300})
    assert works(wire)


def test_a_change_in_the_second_of_the_last_cache_write_is_missed(wire):
    wire.control("POST", "clock", {"now": "2026-11-22T12:00:10+00:00", "frozen": True})
    wire.done("create_line", **LINE)
    wire.control("POST", "settings", {"xtream": {"enable_cache": True}})
    wire.done("disable_line", id="1")
    wire.done("reload_cache")
    wire.control("POST", "clock", {"advance": 400})
    assert works(wire)
    wire.done("disable_line", id="1")  # the row does not change, so this does not help
    wire.control("POST", "clock", {"advance": 400})
    assert works(wire)
    wire.done("edit_line", id="1", **LINE, enabled="0")
    wire.control("POST", "clock", {"advance": 1})
    assert not works(wire)


def test_the_flood_guard_bans_the_admin_api_too(wire):
    wire.control("POST", "settings", {"xtream": {"flood_guard": True}})
    for number in range(10):
        assert wire.play(f"made-up-{number}", "x").status_code == 404
    assert wire.play("made-up-11", "x").status_code == 403
    assert wire.http.post("/sandbox/", data={"action": "user_info"}).status_code == 403


def test_the_mag_portal_knows_a_box_and_hides_its_suspension(wire):
    mac = "00:1A:79:00:00:01"
    mag = wire.done("create_mag", mac=mac, bouquets_selected="[1]", exp_date="@1893456000")

    def ask(action, token="", **params):
        headers = {"Cookie": f"mac={mac}"} | ({"Authorization": f"Bearer {token}"} if token else {})
        return wire.http.get("/c/portal.php", params={"action": action, **params}, headers=headers).json()["js"]

    token = ask("handshake", type="stb")["token"]
    wire.done("disable_line", id=mag["user_id"])
    profile = ask("get_profile", token, type="stb", sn="1", stb_type="MAG250")
    assert (profile["id"], profile["blocked"]) == (mag["mag_id"], "0")
    assert ask("get_main_info", token)["phone"].startswith("January 01, 2030")
    assert ask("get_profile", "wrong")["id"] is None
    wire.done("delete_mag", id=mag["mag_id"])
    assert ask("handshake")["token"] is None
