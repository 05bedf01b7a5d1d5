"""A receiver downloads its channels: the script, the bouquet, and what it is told when there is nothing to have."""

import os
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fault_tables import first_table
from hypothesis import given
from hypothesis import strategies as st
from spoiling import FAULTS, Spoiling

from billhead.plugin import Access, HttpClient, InvalidInput, LineKind, OpenLine, PanelUnreachable
from billhead_enigma2.bouquet import FILE, autoscript, bouquet
from billhead_enigma2.channels import Channel
from billhead_enigma2.delivery import Delivery, Settings
from billhead_enigma2.module import EnigmaModule

KEY = "another key of the tests, longer than 32 characters"
LINE = Access(login="ann", password="p:a/s s", server_url="http://tv.example:8080")
REF = "A2B3C4D5E6F"


def made(module, panel, wanted, host):
    (create,) = module.plan(panel, wanted, None)
    module.apply(panel, create)
    access = module.access(panel, wanted)
    host.lines[wanted.handle.ref] = OpenLine(access, panel.http)
    return access


def test_the_bouquet_has_the_channels_of_the_line(module, connected, desired, receiver, sandbox, host):
    access = made(module, connected, desired(), host)
    script = receiver(access.receiver_url)
    assert script.status_code == 200
    assert script.text.startswith("#!/bin/sh")
    address = next(word.strip("'") for word in script.text.split() if FILE in word and "http" in word)
    answer = receiver(address)
    rows = answer.text.splitlines()
    assert (answer.status_code, rows[0]) == (200, "#NAME Northern TV")
    chosen = {item for one in sandbox.state.catalogue.bouquets if one["id"] in (1, 3) for item in one["streams"]}
    live = [one for one in sandbox.state.catalogue.streams if one["id"] in chosen and one["type"] == 1]
    assert live
    server = sandbox.url.replace(":", "%3a")
    assert [row for row in rows if row.startswith("#SERVICE 4097")] == [
        f"#SERVICE 4097:0:1:0:0:0:0:0:0:0:{server}/live/anna/secret-1/{one['id']}.ts:{one['name']}" for one in live
    ]
    assert rows.count("#DESCRIPTION All") == 1
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_line_that_is_stopped_has_no_channels(module, connected, desired, receiver, delivery, host):
    made(module, connected, desired(blocked=True), host)
    answer = receiver(f"/x/enigma2/{delivery.token(REF, 'secret-1')}/{FILE}")
    assert (answer.status_code, "can't be watched now" in answer.text) == (404, True)


def test_a_panel_that_is_down_is_said_so(module, connected, desired, receiver, delivery, sandbox, host):
    made(module, connected, desired(), host)
    sandbox.state.faults.add(kind="html", match="player.*")
    answer = receiver(f"/x/enigma2/{delivery.token(REF, 'secret-1')}/{FILE}")
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)


def test_a_server_that_is_shut_out_is_no_word_on_the_line(
    module, connected, desired, receiver, delivery, sandbox, host
):
    """The receiver of a paid line keeps its channels while the panel, or what stands before it, refuses this server."""
    made(module, connected, desired(), host)
    sandbox.state.faults.add(kind="status", status=403, match="player.*")
    answer = receiver(f"/x/enigma2/{delivery.token(REF, 'secret-1')}/{FILE}")
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)


def test_the_lines_password_stands_in_no_address(module, connected, desired, receiver, delivery, host):
    made(module, connected, desired(), host)
    asked = []

    def panel(request):
        asked.append((request.method, str(request.url), request.read().decode()))
        return httpx.Response(200, json=[])

    with closing(HttpClient("xtream-one", transport=httpx.MockTransport(panel))) as client:
        host.lines[REF] = replace(host.lines[REF], http=client)
        receiver(f"/x/enigma2/{delivery.token(REF, 'secret-1')}/{FILE}")
    assert [(method, "secret-1" in url, "secret-1" in body) for method, url, body in asked] == [
        ("POST", False, True)
    ] * 2


def test_what_core_does_not_lend_costs_no_call(module, connected, desired, receiver, delivery, sandbox, host):
    """Eleven lines of a year ago, asked for by their receivers each night: ten names that it does not know, and the
    panel shuts this server out. Nor is one asked for under its old password, or while the panel is worked on."""
    sandbox.state.change_settings({"xtream": {"flood_guard": True}})
    wanted = desired()
    access = made(module, connected, wanted, host)
    sandbox.state.clear_calls()
    for number in range(11):
        answer = receiver(f"/x/enigma2/{delivery.token(f'GONE{number}', f'secret-{number}')}/{FILE}")
        assert (answer.status_code, "can't be watched now" in answer.text) == (404, True)
    before = delivery.token(REF, "an earlier one")
    assert receiver(f"/x/enigma2/{before}/{FILE}").status_code == 404
    host.line = lambda ref: (_ for _ in ()).throw(PanelUnreachable("Our servers are being worked on."))
    busy = receiver(access.receiver_url.replace("autoscript.sh", FILE))
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "300")
    assert sandbox.state.calls == {}
    assert "signed in" in module.check(connected)


def test_an_address_follows_the_panel_to_its_new_domain(module, connected, desired, receiver, host):
    address = made(module, connected, desired(), host).receiver_url.replace("autoscript.sh", FILE)
    there = host.lines[REF]
    host.lines[REF] = replace(there, access=replace(there.access, server_url=there.access.server_url + "/."))
    moved = receiver(address)
    assert (moved.status_code, "/./live/anna/secret-1/" in moved.text) == (200, True)


@pytest.mark.parametrize("token", ["x", "gAAAA", "A" * 5000, "gAAAAA" + "B" * 120])
def test_a_guess_is_answered_without_asking_any_panel(receiver, sandbox, token):
    sandbox.state.clear_calls()
    for file in (FILE, "autoscript.sh"):
        assert receiver(f"/x/enigma2/{token}/{file}").status_code == 404
    assert sandbox.state.calls == {}


def test_another_key_ends_all_addresses(delivery):
    token = delivery.token(REF, "secret-1")
    assert delivery.opened(token) == (REF, "secret-1")
    other = Delivery(replace(delivery.settings, key=KEY + "!"))
    assert other.opened(token) is None
    assert REF not in token


def test_nothing_is_told_where_nothing_is_delivered(module, connected, desired):
    bare = EnigmaModule(lambda: Delivery(Settings()))
    assert bare.access(connected, desired()).receiver_url == ""
    assert bare.access(connected, desired()).m3u_url != ""
    mag = desired(kind=LineKind.MAG, mac="00:1A:79:00:00:01")
    device = desired(mac="00:1A:79:00:00:01")
    assert module.access(connected, mag).receiver_url == module.access(connected, device).receiver_url == ""
    assert module.access(connected, desired(kind=LineKind.STREAM)).receiver_url != ""
    assert "receiver_url" not in repr(module.access(connected, desired()))


@pytest.mark.parametrize(
    ("field", "value"),
    [("address", "billing.example"), ("address", "ftp://x"), ("key", "short"), ("name", ""), ("name", "a\nb")],
)
def test_settings_that_can_not_be(field, value):
    with pytest.raises(InvalidInput) as refused:
        Settings(**{"address": "http://b.example", "key": KEY, field: value})
    assert refused.value.field == field


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_name_breaks_out_of_its_line(name, category):
    text = bouquet("TV", LINE, [Channel(7, name, category or "x")], 4097)
    rows = text.split("\n")
    assert len(rows) == 6
    assert text.splitlines() == rows[:-1]
    service = rows[3].split(":")
    assert (service[0], len(service), service[10]) == (
        "#SERVICE 4097", 12, "http%3a//tv.example%3a8080/live/ann/p%3Aa%2Fs%20s/7.ts",
    )  # fmt: skip


def run(script: str, home: Path, downloads: str, status: int = 0) -> subprocess.CompletedProcess:
    """The script in a shell whose wget writes `downloads`, with /etc/enigma2 in `home`."""
    wget = home / "bin" / "wget"
    wget.parent.mkdir(exist_ok=True)
    (home / "answer").write_text(downloads)
    wget.write_text(f'#!/bin/sh\n[ "$3" = /dev/null ] && exit 0\ncp {home}/answer "$3"\nexit {status}\n')
    wget.chmod(0o755)
    (home / "e2").mkdir(exist_ok=True)
    text = script.replace("/etc/enigma2", str(home / "e2"))
    env = {**os.environ, "PATH": f"{wget.parent}:{os.environ['PATH']}"}
    return subprocess.run(["sh"], input=text, env=env, capture_output=True, text=True, timeout=20)


def test_the_script_puts_the_bouquet_there_once(tmp_path):
    script = autoscript("http://billing.example/x/enigma2/it's/userbouquet.billhead.tv")
    folder = tmp_path / "e2"
    folder.mkdir()
    pushed = '#SERVICE 1:7:1:0:0:0:0:0:0:0:FROM BOUQUET "userbouquet.billhead_new__tv_.tv" ORDER BY bouquet\n'
    (folder / "userbouquet.billhead_new__tv_.tv").write_text("#NAME TV\n0\n")
    (folder / "bouquets.tv").write_text(pushed)
    for downloads in ("#NAME TV\n1\n", "#NAME TV\n2\n"):
        assert run(script, tmp_path, downloads).returncode == 0
    assert (folder / FILE).read_text() == "#NAME TV\n2\n"
    entry = '#SERVICE 1:7:1:0:0:0:0:0:0:0:FROM BOUQUET "userbouquet.billhead.tv" ORDER BY bouquet\n'
    assert (folder / "bouquets.tv").read_text() == entry

    for downloads, status in (("", 1), ("<html>", 0)):
        assert run(script, tmp_path, downloads, status).returncode == 1
        assert (folder / FILE).read_text() == "#NAME TV\n2\n", "what was there stays"
    assert sorted(path.name for path in folder.iterdir()) == ["bouquets.tv", FILE]


CALLS = ("get_live_categories", "get_live_streams")


@pytest.mark.parametrize("call", CALLS)
def test_a_download_that_fails_says_so_and_the_next_has_all(module, connected, desired, receiver, delivery, host, call):
    made(module, connected, desired(), host)
    address = f"/x/enigma2/{delivery.token(REF, 'secret-1')}/{FILE}"
    whole = receiver(address).text
    lent = host.lines[REF]
    for fault in FAULTS:
        spoiling = Spoiling(call, fault)
        with closing(HttpClient("xtream-one", timeout_seconds=5, transport=spoiling)) as client:
            host.lines[REF] = replace(lent, http=client)
            broken = receiver(address)
            assert (broken.status_code, "does not answer" in broken.text, spoiling.struck) == (503, True, True), fault
            assert "secret-1" not in broken.text
            assert receiver(address).text == whole, fault


def test_the_table_in_the_docs_says_so():
    test = "`test_a_download_that_fails_says_so_and_the_next_has_all`"
    assert first_table("### Download by a receiver") == [
        ["call", *FAULTS, "test"],
        *([f"player_api.php {call}", *["unreachable" for _ in FAULTS], test] for call in CALLS),
    ]
