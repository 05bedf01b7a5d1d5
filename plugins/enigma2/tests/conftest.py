"""A real sandbox panel over a real socket, with one line on it, and what receivers are answered."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from billhead.plugin import Desired, Handle, HttpClient, LineKind, PanelConnection, load_settings
from billhead.testing import FakeHost
from billhead_enigma2.delivery import Delivery, Settings
from billhead_enigma2.module import EnigmaModule
from billhead_enigma2.views import make_blueprint
from billhead_sandbox.panel.server import start
from billhead_xtream.settings import XtreamSettings

ADMIN_KEY = "0123456789abcdef0123456789abcdef"
KEY = "a key of the tests, longer than 32 characters"


@pytest.fixture
def sandbox():
    with start() as running:
        yield running


@pytest.fixture
def delivery():
    return Delivery(Settings("http://billing.example/", KEY, "Northern TV"))


@pytest.fixture
def module(delivery):
    return EnigmaModule(lambda: delivery)


@pytest.fixture
def connected(sandbox):
    client = HttpClient("xtream-one", timeout_seconds=5)
    values = {"url": f"{sandbox.url}/sandbox/", "api_key": ADMIN_KEY, "timeout_seconds": 5}
    yield PanelConnection("xtream-one", load_settings(XtreamSettings, values), client)
    client.close()


@pytest.fixture
def desired():
    def wanted(**fields):
        values = {
            "kind": LineKind.ENIGMA2,
            "login": "anna",
            "password": "secret-1",
            "bouquets": frozenset({"1", "3"}),
            "expires_at": datetime(2037, 1, 1, tzinfo=UTC),
        }
        return Desired(handle=Handle("A2B3C4D5E6F", {}), **{**values, **fields})

    return wanted


@pytest.fixture
def host():
    """What core lends: nothing, until a test fills its lines by our references."""
    return FakeHost("enigma2")


@pytest.fixture
def receiver(delivery, host):
    """A receiver's wget: the answer to an address."""
    app = Flask("receivers", static_folder=None)
    app.register_blueprint(make_blueprint(lambda: delivery, lambda ref: host.line(ref=ref)), url_prefix="/x/enigma2")
    client = app.test_client()
    return lambda address: client.get(address.removeprefix("http://billing.example"))
