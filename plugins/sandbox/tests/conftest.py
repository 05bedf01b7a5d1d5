"""A sandbox in memory for each test, and clients that speak to it over a real socket."""

import base64
import json
from urllib.parse import urlencode

import httpx
import pytest

from billhead_sandbox.panel.server import start

KEY = "0123456789abcdef0123456789abcdef"


class Wire:
    """httpx against one running sandbox, with shorthands for the two panels and the card processor."""

    def __init__(self, running):
        self.running = running
        self.state = running.state
        self.http = httpx.Client(base_url=running.url, timeout=5, trust_env=False)

    def rest(self, method, path, pairs=(), **fields):
        body = urlencode([*pairs, *fields.items()])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url = f"/stalker_portal/api/{path}"
        reply = self.http.request(method, url, content=body, headers=headers, auth=("stalker", "sandbox"))
        assert reply.status_code == 200
        return reply.json()

    def ok(self, method, path, pairs=(), **fields):
        answer = self.rest(method, path, pairs, **fields)
        assert answer["status"] == "OK", answer
        return answer["results"]

    def refused(self, method, path, pairs=(), **fields):
        answer = self.rest(method, path, pairs, **fields)
        assert (answer["status"], answer["results"]) == ("ERROR", None)
        return answer["error"]

    def xui_raw(self, action, pairs=(), **fields):
        data = urlencode([("api_key", KEY), ("action", action), *pairs, *fields.items()])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = self.http.post("/sandbox/", content=data, headers=headers)
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/html")
        return reply.content

    def xui(self, action, pairs=(), **fields):
        return json.loads(self.xui_raw(action, pairs, **fields))

    def done(self, action, pairs=(), **fields):
        answer = self.xui(action, pairs, **fields)
        assert answer["status"] == "STATUS_SUCCESS", answer
        return answer.get("data")

    def play(self, username, password, **extra):
        return self.http.get("/player_api.php", params={"username": username, "password": password, **extra})

    def box(self, mac, kind, action, token="", **extra):
        reply = self.http.get(
            "/stalker_portal/server/load.php",
            params={"type": kind, "action": action, "JsHttpRequest": "1-xml", **extra},
            headers={"Cookie": f"mac={mac}; stb_lang=en"} | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        assert reply.status_code == 200
        return reply

    def control(self, method, path, content=None):
        reply = self.http.request(method, f"/_sandbox/{path}", json=content)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def card(self, method, path, content=None, key="", params=None):
        headers = {"Authorization": "Bearer sk_sandbox_demo"} | ({"Idempotency-Key": key} if key else {})
        return self.http.request(method, f"/cards/v1/{path}", json=content, headers=headers, params=params)


@pytest.fixture
def wire():
    running = start()
    wire = Wire(running)
    yield wire
    wire.http.close()
    running.stop()


@pytest.fixture
def basic():
    return "Basic " + base64.b64encode(b"stalker:sandbox").decode()
