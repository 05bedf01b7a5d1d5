"""A panel that bans who calls too often is never called too often: by all threads of a process together."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from billhead.domain.errors import PanelUnreachable
from billhead.models.panels import Panel
from billhead.plugin import HttpClient
from billhead.plugin_host import close_connections, panel_connection, plugins, store_settings

ACME = """
from dataclasses import dataclass

@dataclass(frozen=True)
class AcmeSettings:
    url: str = option("Address")
    timeout_seconds: int = option("Timeout", default=7, minimum=1)

class Acme(ProvisioningModule):
    code, label, settings_type = "acme", "Acme", AcmeSettings
    def capabilities(self, panel): ...
    def look_up(self, panel, desired): ...
    def apply(self, panel, step): ...
    def remove(self, panel, desired): ...
    def access(self, panel, desired): ...
    def check(self, panel): ...

@hookimpl
def provisioning_modules(): return [Acme()]
"""


@dataclass
class Counting:
    """A panel that writes down when it was called, on a real socket."""

    url: str
    at: list[float]


@pytest.fixture(autouse=True)
def app(host_app, sqlite_url, pretend):
    app = host_app(sqlite_url, [pretend("acme", ACME)])
    with app.app_context():
        yield app
        close_connections()


@pytest.fixture
def panel_server():
    at: list[float] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at.append(time.monotonic())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Counting(f"http://127.0.0.1:{server.server_port}/", at)
    server.shutdown()
    thread.join()
    server.server_close()


def panel(code: str = "east", calls_per_second: int = 0, **settings) -> Panel:
    row = Panel(code=code, module="acme", settings={}, secrets="", calls_per_second=calls_per_second)
    store_settings(plugins().module("acme").settings_type, row, {"url": "http://127.0.0.1:9/", **settings})
    return row


def calls(clients: list[HttpClient], url: str, each: int) -> float:
    """Call from one thread a client, all at once; returns when it began."""
    together = threading.Barrier(len(clients))

    def work(client: HttpClient) -> None:
        together.wait()
        for _ in range(each):
            client.read(url)

    began = time.monotonic()
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(work, clients))
    return began


def test_threads_share_the_limit_of_their_panel_and_none_of_them_bursts(panel_server):
    limited = [panel_connection(panel("paced", 40, timeout_seconds=7 + n % 2)).http for n in range(4)]
    began = calls(limited, panel_server.url, 4)
    assert len(panel_server.at) == 16
    for place, at in enumerate(sorted(panel_server.at)):  # each call comes no earlier than its place in the row
        assert at - began >= place / 40 - 0.001


def test_a_pause_saves_up_no_burst(panel_server):
    client = panel_connection(panel("pausing", 20)).http
    client.read(panel_server.url)
    time.sleep(0.2)
    began = calls([client, client], panel_server.url, 2)
    assert sorted(panel_server.at)[-1] - began >= 3 / 20 - 0.001


def test_a_new_limit_holds_from_the_next_call_on_and_none_is_none(panel_server):
    client = panel_connection(panel("changing", 1)).http
    client.read(panel_server.url)
    assert panel_connection(panel("changing", 0)).http is client
    began = calls([client], panel_server.url, 10)
    assert panel_server.at[-1] - began < 0.9


def test_one_panels_limit_is_not_anothers(panel_server):
    slow, free = panel_connection(panel("slow", 1)).http, panel_connection(panel("free")).http
    slow.read(panel_server.url)
    began = calls([free], panel_server.url, 10)
    assert panel_server.at[-1] - began < 0.9


def test_a_call_that_failed_was_a_call_too_and_its_copy_waits_as_well(panel_server):
    client = panel_connection(panel("failing", 10)).http
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(PanelUnreachable):
            client.read("http://127.0.0.1:9/")
    copy = client.through(None)
    copy.read(panel_server.url)
    copy.close()
    assert panel_server.at[0] - began >= 2 / 10 - 0.001
