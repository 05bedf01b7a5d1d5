"""A real sandbox panel over a real socket, and the few words in which these tests tell their stories."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode

import httpx
import pytest

from billhead.plugin import (
    Desired,
    Found,
    Handle,
    HttpClient,
    LineKind,
    PanelConnection,
    load_settings,
)
from billhead_sandbox.panel.server import start
from billhead_xtream.module import XtreamModule
from billhead_xtream.settings import XtreamSettings

ADMIN_KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def sandbox():
    """The panel on its first day; `sandbox.state` is its truth."""
    with start() as running:
        yield running


@pytest.fixture
def stored(sandbox):
    """What the panel holds: all its lines, or the one with this login or MAC."""

    def rows(name=None):
        lines = [row for row in sandbox.state.lines() if row["panel"] == "xtream"]
        return lines if name is None else next(row for row in lines if name in (row["username"], row["mac"]))

    return rows


@pytest.fixture
def calls(sandbox):
    """The names of the calls made since the last look, e.g. {"get_line": 1}."""

    def counted():
        made = {name.removeprefix("xtream."): times for name, times in sandbox.state.calls.items()}
        sandbox.state.calls.clear()
        return made

    return counted


@pytest.fixture
def connect(sandbox):
    """A connection with its own settings; `between(form)` sits on the wire: it may change the form or answer itself."""
    clients = []

    def connection(between=None, **settings):
        values = {"url": f"{sandbox.url}/sandbox/", "api_key": ADMIN_KEY, "dialect": "xui_admin", "timeout_seconds": 5}
        values |= settings
        client = HttpClient("xtream-one", timeout_seconds=5, transport=Between(between) if between else None)
        clients.append(client)
        return PanelConnection("xtream-one", load_settings(XtreamSettings, values), client)

    yield connection
    for client in clients:
        client.close()


class Between(httpx.BaseTransport):
    """Passes calls on to the panel, as another build of it or a proxy in front of it might do."""

    def __init__(self, change):
        self._change = change
        self._onward = httpx.HTTPTransport()

    def handle_request(self, request):
        form = parse_qs(request.read().decode(), keep_blank_values=True)
        answer = self._change(form)
        if isinstance(answer, httpx.Response):
            return answer
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        headers["content-type"] = "application/x-www-form-urlencoded"
        body = urlencode(form, doseq=True).encode()
        return self._onward.handle_request(
            httpx.Request("POST", request.url, headers=headers, content=body, extensions=request.extensions)
        )

    def close(self):
        self._onward.close()


@pytest.fixture
def panel(connect):
    return connect()


@pytest.fixture
def classic(connect, sandbox):
    """The same sandbox spoken to as a classic panel."""

    def connection(between=None, **settings):
        values = {"url": f"{sandbox.url}/classic/", "dialect": "classic", "api_key": ""}
        return connect(between, **{**values, **settings})

    return connection


@pytest.fixture
def module():
    return XtreamModule()


@pytest.fixture
def desired():
    """What a customer should have: a line called anna until 1 January 2037, or what the keywords say."""

    def wanted(ref="A2B3C4D5E6F", data=None, **fields):
        values = {
            "kind": LineKind.STREAM,
            "login": "anna",
            "password": "secret-1",
            "bouquets": frozenset({"1", "2"}),
            "expires_at": datetime(2037, 1, 1, tzinfo=UTC),
        }
        return Desired(handle=Handle(ref, data or {}), **{**values, **fields})

    return wanted


@pytest.fixture
def converge(module, panel):
    """Look up, plan, apply, as core does; returns what the panel says at the end."""

    def run(wanted, on=None):
        connection = on or panel
        found = module.look_up(connection, wanted)
        observed = found.observed if isinstance(found, Found) else None
        for step in module.plan(connection, wanted, observed):
            observed = module.apply(connection, step)
        return observed

    return run
