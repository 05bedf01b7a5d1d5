"""Traffic of a panel is recorded without its secrets, and played again where there is no panel."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.errors import InvalidInput
from billhead.testing import FakePanel, Recorder, Replay, Tape
from billhead.testing.__main__ import main
from billhead.testing.fixtures import replay as replay  # a fixture
from billhead.testing.redaction import redacted
from billhead.testing.tape import Exchange, body_of, content_of

MAC = "00:1A:79:AB:CD:EF"
LINE = {"login": "alice", "password": "correct-horse", "mac": MAC, "note": "of alice, alice@example.org"}


class FixedAnswer:
    """Anything on a port that answers every connection with the same bytes, and keeps what it was sent."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.heads = answer, []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            with client:
                self.heads.append(_whole_request(client).decode("latin-1"))
                client.sendall(self.answer)

    def __enter__(self) -> "FixedAnswer":
        return self

    def __exit__(self, *_: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()


def _whole_request(client: socket.socket) -> bytes:
    """Head and body: who closes on a body that is still unread resets the connection."""
    received = b""
    while chunk := client.recv(65536):
        received += chunk
        head, end, body = received.partition(b"\r\n\r\n")
        told = re.search(rb"(?i)\ncontent-length: *([0-9]+)", head)
        if end and len(body) >= (int(told[1]) if told else 0):
            break
    return received


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def recorded_life(tape: Path) -> None:
    """A line is looked for, made, found, and removed."""
    with (
        FakePanel(token="the-token-of-the-panel") as panel,
        Recorder(panel.url, tape) as recorder,
        httpx.Client(base_url=recorder.url, headers=bearer(panel.token)) as client,
    ):
        assert client.get("/lines/abc").status_code == 404
        assert client.put("/lines/abc", json=LINE).json()["login"] == "alice"
        assert client.get("/lines/abc").json()["mac"] == MAC
        assert client.delete("/lines/abc").status_code == 200


@pytest.fixture
def tape(tmp_path) -> Path:
    recorded_life(tmp_path / "tape.json")
    return tmp_path / "tape.json"


def test_no_secret_is_on_the_tape_and_the_rest_can_be_read(tape):
    text = tape.read_text()
    for secret in ("alice", "correct-horse", MAC, "AB:CD:EF", "the-token-of-the-panel", "127.0.0.1"):
        assert secret not in text
    put = json.loads(text)["exchanges"][1]
    assert put["request"] == {
        "method": "PUT",
        "path": "/lines/abc",
        "auth": "Bearer <token-1>",
        "json": {
            "login": "<login-1>",
            "password": "<password-1>",
            "mac": "00:1A:79:00:00:01",
            "note": "of <login-1>, <login-1>@example.org",
        },
    }
    assert put["answer"]["json"]["login"] == "<login-1>"
    assert put["answer"]["status"] == 200
    assert put["answer"]["headers"] == {"content-type": "application/json"}


def test_the_tape_answers_as_the_panel_did_with_the_secrets_of_who_asks(tape):
    mine = {"login": "bob", "password": "another", "mac": "00:1A:79:11:22:33", "note": "of bob, bob@example.org"}
    with Replay(tape) as panel, httpx.Client(base_url=panel.url, headers=bearer("mine")) as client:
        assert client.get("/lines/abc").status_code == 404
        client.put("/lines/abc", json=mine)
        line = client.get("/lines/abc").json()
        assert client.delete("/lines/abc").status_code == 200
    assert {name: line[name] for name in mine} == mine
    panel.assert_played()


def test_the_same_question_is_answered_in_turn_and_then_by_the_last_answer(tape):
    with Replay(tape) as panel, httpx.Client(base_url=panel.url, headers=bearer("mine")) as client:
        answers = [client.get("/lines/abc").status_code for _ in range(4)]
    assert answers == [404, 200, 200, 200]
    with pytest.raises(AssertionError, match=r"came, in this order: 1, 3, 3, 3\n  never asked: 2. PUT /lines/abc"):
        panel.assert_played()


def test_a_secret_has_to_stay_the_same(tape):
    with Replay(tape) as panel:
        assert httpx.get(f"{panel.url}/lines/abc", headers=bearer("mine")).status_code == 404
        answer = httpx.get(f"{panel.url}/lines/abc", headers=bearer("another-secret"))
    assert answer.status_code == 599
    assert answer.text.endswith("the nearest is 1. GET /lines/abc, but auth is another")
    assert "another-secret" not in answer.text


def test_what_is_not_on_the_tape_is_told_with_the_nearest_request(tape):
    with Replay(tape) as panel:
        answer = httpx.request("DELETE", f"{panel.url}/lines/abd", headers=bearer("mine"))
    said = "Not on the tape: DELETE /lines/abd; the nearest is 4. DELETE /lines/abc, "
    said += "but path was '/lines/abc', is '/lines/abd'"
    assert (answer.status_code, answer.text) == (599, said)
    with pytest.raises(AssertionError, match="Not on the tape: DELETE /lines/abd"):
        panel.assert_known()


def test_the_placeholder_of_a_mac_stands_for_a_mac_and_one_in_a_path_for_a_part():
    by_mac = Exchange({"method": "GET", "path": f"/accounts/{MAC}"}, {"status": 200, "json": {"found": "by MAC"}})
    by_login = Exchange(
        {"method": "GET", "path": "/users/alice", "query": {"login": "alice"}}, {"status": 200, "text": "x"}
    )
    with Replay(redacted([by_mac, by_login])) as panel:
        assert panel.answer({"method": "GET", "path": "/accounts/4711"})["status"] == 599
        assert panel.answer({"method": "GET", "path": "/users/a/b", "query": {"login": "a/b"}})["status"] == 599
        assert panel.answer({"method": "GET", "path": "/accounts/00:1A:79:11:22:33"})["status"] == 200


def test_any_stands_for_anything(tape):
    text = tape.read_text().replace('"of <login-1>, <login-1>@example.org"', '"<any>"', 1)
    tape.write_text(text)
    with Replay(tape) as panel:
        asked = {**LINE, "note": "something else"}
        assert httpx.put(f"{panel.url}/lines/abc", json=asked, headers=bearer("x")).status_code == 200


def test_the_fixture_is_a_running_panel(replay, tape):
    panel = replay(tape)
    assert httpx.get(f"{panel.url}/lines/abc", headers=bearer("x")).status_code == 404


def test_forms_queries_and_basic_logins_are_hidden_wherever_they_stand(tmp_path):
    html = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: PHPSESSID=c00kie-value; path=/\r\n\r\n"
    html += b"<a href='http://tv.example/get.php?username=carol&password=p%40ss-word'>carol</a> p@ss-word caroline \xff"
    with FixedAnswer(html) as panel, Recorder(panel.url, tmp_path / "t.json") as recorder:
        form = {"user_data[username]": "carol", "user_data[password]": "p@ss-word", "bouquets[]": ["1", "2"]}
        first = httpx.post(f"{recorder.url}/api.php?api_key=key-of-ours", data=form, auth=("billing", "api-secret"))
        httpx.get(f"{recorder.url}/users/carol/")
    assert first.content == html.partition(b"\r\n\r\n")[2]
    text = (tmp_path / "t.json").read_text()
    for secret in ("carol<", "/carol", "p@ss", "p%40ss", "key-of-ours", "billing", "api-secret", "c00kie"):
        assert secret not in text
    post, get = (each.request for each in Tape.load(tmp_path / "t.json").exchanges)
    assert post["auth"] == "Basic <login-1>:<password-1>"
    assert post["query"] == {"api_key": "<token-1>"}
    assert post["form"]["bouquets[]"] == ["1", "2"]
    assert get["path"] == "/users/<login-2>/"
    with Replay(tmp_path / "t.json") as played:
        again = httpx.post(f"{played.url}/api.php?api_key=key-of-ours", data=form, auth=("billing", "api-secret"))
    assert again.content.endswith(b">carol</a> p@ss-word caroline \xff")  # byte for byte what was said


def test_redirects_are_passed_on_and_not_followed(tmp_path):
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\nContent-Length: 0\r\n\r\n"
    with FixedAnswer(moved) as panel, Recorder(f"{panel.url}/secret-way", tmp_path / "t.json") as recorder:
        answer = httpx.get(f"{recorder.url}/x", headers={"Cookie": "a=1"})
    assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:1/login")
    assert panel.heads[0].startswith("GET /secret-way/x HTTP/1.1")
    assert "Cookie: a=1" in panel.heads[0]
    assert "secret-way" not in (tmp_path / "t.json").read_text()
    with Replay(tmp_path / "t.json") as played:
        assert httpx.get(f"{played.url}/x").headers["location"] == "http://127.0.0.1:1/login"


def test_no_answer_is_recorded_as_none_and_played_as_none(tmp_path):
    tape = tmp_path / "t.json"
    lost = pytest.raises(httpx.RemoteProtocolError)
    with FixedAnswer(b"") as panel, Recorder(panel.url, tape) as recorder, lost:
        httpx.get(f"{recorder.url}/x")
    with Replay(tmp_path / "t.json") as played, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{played.url}/x")


@pytest.mark.parametrize("address", ["panel.example", "ftp://panel.example", "http://a:b@panel.example", "http://"])
def test_an_address_that_is_none_is_refused(address, tmp_path):
    with pytest.raises(InvalidInput, match="address like"):
        Recorder(address, tmp_path / "t.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tape": 2}', '{"tape": 1, "exchanges": [{"request": {}}]}'])
def test_a_file_that_is_no_tape_is_refused(text, tmp_path):
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(InvalidInput, match=r"t\.json"):
        Replay(tmp_path / "t.json")


@given(st.binary())
def test_any_body_survives_the_tape(body):
    """JSON may be spaced otherwise; every other body is the same bytes."""
    kept = content_of(body)
    if "json" in kept:
        assert json.loads(body_of(kept)) == json.loads(body)
    else:
        assert body_of(kept) == body


_SECRETS = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=6)


@given(_SECRETS, st.sampled_from(["password", "api_key", "token", "user_data[password]"]))
def test_a_password_is_nowhere_on_a_tape(secret, field):
    secret = f"Qz7{secret}"  # not a word of the tape itself
    exchange = Exchange(
        {"method": "POST", "path": f"/say/{secret}", "form": {field: secret, "x": f"a{secret}b"}},
        {"status": 200, "headers": {}, "json": {"said": [secret, {"url": f"http://x/?p={secret}"}]}},
    )
    (hidden,) = redacted([exchange]).exchanges
    assert secret not in json.dumps([hidden.request, hidden.answer], ensure_ascii=False)
    assert secret.replace("\\", "\\\\") not in json.dumps([hidden.request, hidden.answer])


def test_numbers_stay_numbers_unless_they_are_passwords():
    said = {"user_info": {"auth": 1, "user": 7, "password": 123456, "max_connections": 2, "key": 3}}
    (hidden,) = redacted([Exchange({"method": "GET", "path": "/"}, {"status": 200, "json": said})]).exchanges
    expected = {"auth": 1, "user": 7, "password": "<password-1>", "max_connections": 2, "key": 3}
    assert hidden.answer["json"]["user_info"] == expected


def test_more_fields_are_hidden_if_asked():
    exchange = Exchange({"method": "POST", "path": "/", "form": {"full_name": "Carol Doe", "note": "for Carol Doe"}})
    (hidden,) = redacted([exchange], hide=["full_name"]).exchanges
    assert hidden.request["form"] == {"full_name": "<hidden-1>", "note": "for <hidden-1>"}


def test_a_recording_that_is_ended_from_outside_is_written(tmp_path):
    tape = tmp_path / "tape.json"
    words = [sys.executable, "-m", "billhead.testing", "record", "--file", str(tape), "--port", "0", "--to"]
    with FakePanel() as panel:
        process = subprocess.Popen([*words, panel.url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            url = process.stdout.readline().partition(" at ")[2].partition(";")[0]
            assert httpx.get(f"{url}/lines", headers=bearer(panel.token)).json() == []
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert "1 requests on" in said
    with Replay(tape) as played:
        assert httpx.get(f"{played.url}/lines", headers=bearer("x")).json() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["replay", "nowhere.json"], "nowhere.json can't be read"),
        (["record", "--to", "nothing", "--file", "t.json"], "has to be an address"),
        (["record", "--to", "http://panel.example", "--file", "no/such/t.json"], "there is no such folder"),
    ],
)
def test_the_command_says_what_is_wrong(words, said, capsys):
    assert main([*words, "--port", "0"]) == 2
    assert said in capsys.readouterr().err
