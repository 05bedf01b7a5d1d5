"""Settings in rows, and the connections that are made of them."""

from dataclasses import dataclass

import pytest

from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import GatewayUnreachable, InvalidInput, NotFound, PanelUnreachable
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount
from billhead.plugin import option, secret
from billhead.plugin_host import (
    channel_connection,
    gateway_connection,
    open_settings,
    panel_connection,
    plugins,
    secrets_set,
    store_settings,
    vault,
)
from billhead.plugin_host.activation import state_row

NOBODY_LISTENS = "http://127.0.0.1:9/"
SMS = """
from dataclasses import dataclass

@dataclass(frozen=True)
class SmsSettings:
    sender: str = option("Sender", default="TV")
    token: str = secret("Token", default="")

class Sms(NotificationChannel):
    code, label, settings_type = "sms", "SMS", SmsSettings
    def send(self, channel, message): ...

@hookimpl
def notification_channels(): return [Sms()]
"""
BOTH = """
from dataclasses import dataclass

@dataclass(frozen=True)
class AcmeSettings:
    url: str = option("Address")
    password: str = secret("Password")
    timeout_seconds: int = option("Timeout", default=7, minimum=1)

class Acme(ProvisioningModule):
    code, label, settings_type = "acme", "Acme", AcmeSettings
    def capabilities(self, panel): ...
    def look_up(self, panel, desired): ...
    def apply(self, panel, step): ...
    def remove(self, panel, desired): ...
    def access(self, panel, desired): ...
    def check(self, panel): ...

class AcmePay(PaymentGateway):
    code, label, settings_type = "acmepay", "AcmePay", AcmeSettings
    def capabilities(self): return GatewayCapabilities()
    def start_checkout(self, account, attempt): ...
    def lookup(self, account, attempt): ...
    def parse_callback(self, account, raw): ...

@hookimpl
def provisioning_modules(): return [Acme()]
@hookimpl
def payment_gateways(): return [AcmePay()]
"""


@dataclass(frozen=True)
class Example:
    url: str = option("Address")
    password: str = secret("Password")
    pin: str = secret("PIN", default="")


@pytest.fixture(autouse=True)
def app(host_app, sqlite_url, pretend):
    app = host_app(sqlite_url, [pretend("sms", SMS), pretend("acme", BOTH)])
    with app.app_context():
        yield app


def panel(**settings) -> Panel:
    row = Panel(code="east", module="acme", settings={}, secrets="")
    store_settings(
        plugins().module("acme").settings_type, row, {"url": NOBODY_LISTENS, "password": "pw-of-acme", **settings}
    )
    return row


def test_secrets_are_stored_under_the_vault_and_the_rest_in_the_open():
    row = panel()
    assert row.settings == {"url": NOBODY_LISTENS}
    assert "pw-of-acme" not in row.secrets
    assert vault().decrypt(row.secrets) == '{"password": "pw-of-acme"}'


def test_a_secret_that_is_not_given_is_kept_and_an_empty_one_is_cleared():
    row = Panel(code="east", module="acme", settings={}, secrets="")
    store_settings(Example, row, {"url": "a", "password": "pw-of-acme", "pin": "1234"})
    store_settings(Example, row, {"url": "b"})
    assert open_settings(Example, row) == Example("b", "pw-of-acme", "1234")
    store_settings(Example, row, {"url": "b", "pin": ""})
    assert secrets_set(row) == {"password"}


def test_wrong_settings_change_nothing():
    row = panel()
    before = (dict(row.settings), row.secrets)
    with pytest.raises(InvalidInput, match="timeout_seconds"):
        store_settings(plugins().module("acme").settings_type, row, {"url": "x", "timeout_seconds": 0})
    assert (row.settings, row.secrets) == before


def test_a_module_is_handed_its_settings_in_clear_and_a_client_that_speaks_of_panels():
    connection = panel_connection(panel())
    assert (connection.settings.url, connection.settings.password) == (NOBODY_LISTENS, "pw-of-acme")
    assert "pw-of-acme" not in repr(connection)
    with pytest.raises(PanelUnreachable, match="panel east did not answer"):
        connection.http.read(NOBODY_LISTENS)


def test_the_client_is_kept_between_calls_and_made_anew_for_another_timeout():
    assert panel_connection(panel()).http is panel_connection(panel()).http
    assert panel_connection(panel()).http is not panel_connection(panel(timeout_seconds=8)).http


def test_a_gateway_is_handed_its_callback_address_and_a_client_that_speaks_of_gateways():
    account = GatewayAccount(code="cards", gateway="acmepay", callback_token="t0ken", settings={}, secrets="")
    store_settings(
        plugins().gateway("acmepay").settings_type, account, {"url": NOBODY_LISTENS, "password": "pw-of-acme"}
    )
    connection = gateway_connection(account)
    assert connection.callback_url == "http://127.0.0.1:8000/callbacks/t0ken"
    with pytest.raises(GatewayUnreachable, match="gateway cards can't be reached"):
        connection.http.write("POST", NOBODY_LISTENS)


def test_a_channel_is_handed_the_settings_of_its_plugin():
    assert channel_connection("sms").settings.sender == "TV"
    with writing(Context.system("test")) as tx:
        store_settings(plugins().channel("sms").settings_type, state_row(tx, "sms"), {"sender": "Shop", "token": "tok"})
    settings = channel_connection("sms").settings
    assert (settings.sender, settings.token) == ("Shop", "tok")


def test_a_panel_whose_module_is_gone_says_so():
    with pytest.raises(NotFound, match="There is no provisioning module old"):
        panel_connection(Panel(code="east", module="old", settings={}, secrets=""))
