"""A box on the bench gets the channels of a line: once and again, through refusals and restarts, and nothing else."""

import json
import logging

import pytest
from click.testing import CliRunner
from fake_openwebif import Box, served
from fault_tables import first_table

from billhead.plugin import Access, HttpClient, InvalidInput, OpenLine
from billhead.testing import FakeHost
from billhead_enigma2 import commands
from billhead_enigma2.channels import Channel
from billhead_enigma2.delivery import Settings
from billhead_enigma2.openwebif import address_of

PASSWORD = "the-box's-own"
LISTED = [
    Channel(7, "One", "News"),
    Channel(8, "Two: late", "News"),
    Channel(9, "Goal", "Sport"),
    Channel(7, "One", "News"),
]
OTHERS = ["userbouquet.favourites.tv"]


@pytest.fixture(scope="module")
def server():
    running = served(Box())
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def box(server):
    server.box = Box()
    return server.box


@pytest.fixture
def panel():
    return list(LISTED)


@pytest.fixture
def push(server, panel, monkeypatch):
    host = FakeHost("enigma2", Settings(name="Northern TV"))
    tv = "http://tv.example:8080"
    http = HttpClient("panel tv")
    anna = Access(login="anna", password="line-secret", m3u_url=f"{tv}/get.php", server_url=tv)
    host.lines[17] = OpenLine(anna, http)
    host.lines[18] = OpenLine(Access(mac="00:1A:79:00:00:01", portal_url=f"{tv}/c/"), http)
    monkeypatch.setattr(commands, "current_host", lambda name: host)
    monkeypatch.setattr(commands, "channels_of", lambda line: panel)

    def push(*words, box=f"127.0.0.1:{server.server_port}", line=("--login", "anna"), env=None):
        return CliRunner().invoke(commands.push_, [box, *line, *words], env=env)

    return push


def channels(box):
    """File, name and channels of the one bouquet that is ours."""
    (file,) = [file for file in box.listed if file not in OTHERS]
    name, rows = box.files[file]
    return name, [row[1] for row in rows if row[2] == "0"]


def untouched(box):
    return box.files[OTHERS[0]] == Box().files[OTHERS[0]] and set(box.files) == set(box.listed)


def test_pushed_again_it_is_one_bouquet_with_the_channels_of_now(push, box, panel):
    first = push("--service", "17", line=())
    assert (first.exit_code, "3 channels are on http://127.0.0.1" in first.stdout) == (0, True), first.output
    assert channels(box) == ("Northern TV", ["One", "Two late", "Goal"])
    rows = box.files["userbouquet.billhead_new__tv_.tv"][1]
    assert rows[1][0] == "4097:0:1:0:0:0:0:0:0:0:http%3a//tv.example%3a8080/live/anna/line-secret/7.ts"
    assert [row[1] for row in rows if row[2] == "1"] == ["News", "Sport"]

    box.listed.append("userbouquet.more.tv")
    box.files["userbouquet.more.tv"] = ("More", [])
    panel[:] = [Channel(9, "Goal", "Sport")]
    again = json.loads(push("--json").stdout)
    assert (again["channels"], again["model"], again["replaced"]) == (
        1, "Vu+ duo2", ["userbouquet.billhead_new__tv_.tv"],
    )  # fmt: skip
    assert box.listed == [*OTHERS, "userbouquet.billhead_new__tv__1.tv", "userbouquet.more.tv"], "in its old place"
    assert box.files[box.listed[1]][0] == "Northern TV"
    assert untouched(box)


def test_what_the_script_put_there_gives_way(push, box):
    box.files["userbouquet.billhead.tv"] = ("Northern TV", [])
    box.listed.insert(0, "userbouquet.billhead.tv")
    assert push().exit_code == 0
    assert channels(box)[1] == ["One", "Two late", "Goal"]
    assert (box.listed[1:], untouched(box)) == (OTHERS, True)


def test_a_dry_run_changes_nothing(push, box):
    said = push("--dry-run")
    assert (said.exit_code, "3 channels would be on" in said.stdout) == (0, True)
    assert (box.listed, {method for method, _, _ in box.log}) == (OTHERS, {"GET"})


READS = ["about", "getservices"]
STEPS = ["addbouquet", "addservicetobouquet", "addmarkertobouquet", "renameservice", "movebouquet", "removebouquet"]
WRITES = [*STEPS, "servicelistreload"]
FAULTS = {
    "timeout, done": "slow",
    "no answer, not done": "before",
    "no answer, done": "after",
    "refused": "refused",
    "HTML": "html",
    "truncated": "half",
    "wrong types": "wrong",
}


def outcome(step, fault):
    """The columns of docs/fault-matrix.md, and what the command says there: `panel_` and an error's code."""
    if fault == "HTML":
        return "rejected"  # another server than the box
    if step in READS:
        return "unreachable"
    # the answer to a reload has but one word that is good
    return "rejected" if fault == "refused" or (step, fault) == (WRITES[-1], "wrong types") else "outcome_unknown"


@pytest.mark.parametrize("step", WRITES)
def test_whatever_breaks_off_is_repaired_by_the_next_push(push, server, step):
    for fault, kind in FAULTS.items():
        box = server.box = Box()
        assert push().exit_code == 0
        box.fail(step, kind, after=1 if step in STEPS[1:3] else 0)
        broken = push("--json", "--timeout", "1" if kind == "slow" else "20")
        assert (broken.exit_code, isinstance(broken.exception, SystemExit)) == (1, True), broken.output
        assert json.loads(broken.stdout)["error"]["code"] == f"panel_{outcome(step, fault)}", fault
        assert "line-secret" not in broken.output
        assert any(name == "Northern TV" and len(rows) == 5 for name, rows in box.files.values()), "some channels stay"
        assert push().exit_code == 0
        assert channels(box) == ("Northern TV", ["One", "Two late", "Goal"])
        assert untouched(box)


@pytest.mark.parametrize("step", READS)
def test_what_can_not_be_read_changes_nothing(push, server, step):
    for fault, kind in FAULTS.items():
        box = server.box = Box()
        box.fail(step, kind)
        said = push("--json", "--timeout", "1" if kind == "slow" else "20")
        assert (said.exit_code, box.listed) == (1, OTHERS)
        assert json.loads(said.stdout)["error"]["code"] == f"panel_{outcome(step, fault)}", fault


def test_the_table_in_the_docs_is_this_matrix():
    tests = {
        **dict.fromkeys(READS, "test_what_can_not_be_read_changes_nothing"),
        **dict.fromkeys(WRITES, "test_whatever_breaks_off_is_repaired_by_the_next_push"),
    }
    assert first_table("### Push to a box") == [
        ["call", *FAULTS, "test"],
        *([step, *(outcome(step, fault).removeprefix("outcome_") for fault in FAULTS), f"`{test}`"]
          for step, test in tests.items()),
    ]  # fmt: skip


def test_the_password_is_asked_or_in_the_environment_and_told_nowhere(push, box, caplog):
    caplog.set_level(logging.DEBUG)
    box.login = f"root:{PASSWORD}"
    env = {commands.PASSWORD: PASSWORD}
    none, wrong, right = push(), push("--user", "root", env={commands.PASSWORD: "x"}), push("--user", "root", env=env)
    assert ([none.exit_code, wrong.exit_code, right.exit_code], "refused the login" in none.stderr) == ([1, 1, 0], True)
    words = none.output + wrong.output + right.output + caplog.text + json.dumps(box.log)
    assert PASSWORD not in words
    assert "line-secret" not in words


def test_nobody_there(push, box):
    said = push("--json", box="http://127.0.0.1:9")
    assert (said.exit_code, json.loads(said.stdout)["error"]["code"]) == (1, "panel_unreachable")


def test_lines_that_have_no_channels_here(push, box, panel):
    for line, why in (
        (("--service", "18"), "no channels by login"),
        (("--login", "nobody"), "There is no service"),
        ((), "name the line"),
    ):
        said = push(line=line)
        assert (said.exit_code, why in said.stderr) == (1, True), said.output
    panel.clear()
    assert "lists no channels" in push().stderr
    assert box.log == []


@pytest.mark.parametrize(
    "typed", ["ftp://box", "http://root:pw@box", "http://box/web", "box?x=1", "", "http://b ox", "box:x"]
)
def test_addresses_that_are_none(typed):
    with pytest.raises(InvalidInput):
        address_of(typed)


def test_addresses_as_they_are_typed():
    typed = ["192.168.1.20", "box:8080", "https://box/", "[fd00::2]:80"]
    told = ["http://192.168.1.20", "http://box:8080", "https://box", "http://[fd00::2]:80"]
    assert [address_of(one) for one in typed] == told
