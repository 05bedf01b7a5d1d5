"""The gateway conforms. A card is paid as soon as its PIN is taken, and it sends no callbacks."""

from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import create_engine, select

from billhead.plugin import AttemptState, Event, GatewayConnection, GatewayRejected, HttpClient, InvalidInput, Money
from billhead.testing import GatewayConformance
from billhead_voucher import plugin
from billhead_voucher.gateway import Voucher, VoucherSettings
from billhead_voucher.guesses import begin_guess
from billhead_voucher.making import Batch, drawn, make
from billhead_voucher.pins import grouped, new_pin, normal_pin
from billhead_voucher.tables import GUESS, METADATA


class OwnTables:
    """A host whose tables are in a file of the test."""

    plugin = "voucher"

    def __init__(self, file, key="k" * 32):
        self.engine, self.key = create_engine(f"sqlite:///{file}"), key
        METADATA.create_all(self.engine)

    def settings(self):
        return plugin.Settings(self.key)

    def now(self):
        return datetime(2026, 11, 28, 12, tzinfo=UTC)

    @contextmanager
    def tables(self, *, write=False):
        with self.engine.begin() as connection:
            yield connection


@pytest.fixture
def host(tmp_path):
    host = OwnTables(tmp_path / "cards.sqlite3")
    yield host
    host.engine.dispose()


class TestVoucherConforms(GatewayConformance):
    claims = Voucher().capabilities()
    calls_back = False

    @pytest.fixture
    def gateway(self, host):
        batch = Batch("A1", "cards", Money(1190, "EUR"), 1, date(2099, 12, 31))
        made = drawn(batch, host.now().date())
        make(host, batch, made)
        self.fields = {"pin": made.cards[0].pin}
        return Voucher(lambda: host)

    @pytest.fixture
    def attempt(self, gateway):
        return self.new_attempt()

    @pytest.fixture
    def account(self):
        account = GatewayConnection("cards", VoucherSettings(), HttpClient("cards"), "https://shop.example/callbacks/t")
        yield account
        account.http.close()

    def test_what_nobody_paid_has_not_succeeded(self, gateway, account, attempt):
        """The PIN is the payment: nobody has paid before it was taken."""
        assert gateway.lookup(account, attempt).state is AttemptState.UNKNOWN
        gateway.start_checkout(account, attempt)
        seen = gateway.lookup(account, attempt)
        assert (seen.state, seen.amount, seen.as_paid) == (AttemptState.SUCCEEDED, Money(1190, "EUR"), True)

    def test_the_check_wants_the_key(self, host, gateway, account):
        assert "--account cards" in gateway.check(account)
        host.key = ""
        with pytest.raises(GatewayRejected, match="key of the PINs is not set"):
            gateway.check(account)


def test_the_plugin_offers_it():
    assert plugin.API == 1
    assert [gateway.code for gateway in plugin.payment_gateways()] == ["voucher"]
    with pytest.raises(InvalidInput, match="too short"):
        plugin.Settings("short")


def test_who_is_erased_is_no_guesser_any_more(host, monkeypatch):
    monkeypatch.setattr(plugin, "current_host", lambda _name: host)
    for who in ("customer-1", "customer-17"):
        begin_guess(host, who, "192.0.2.7")
    told = {"id": 1, "version": 1, "aggregate": "customer:1", "at": host.now(), "data": {"customer_id": 1}}
    plugin.on_event(Event(type="payment.received", **told))
    plugin.on_event(Event(type="customer.erased", **told))
    with host.tables() as connection:
        left = connection.scalars(select(GUESS.c.who).order_by(GUESS.c.id)).all()
    assert left == ["address:192.0.2.7", "customer-17", "address:192.0.2.7"]


def test_every_wrong_digit_and_every_swap_is_a_typo_and_the_pin_is_not_repeated():
    pin = new_pin()
    for at in range(16):
        for digit in "0123456789":
            wrong = pin[:at] + digit + pin[at + 1 :]
            if wrong != pin:
                with pytest.raises(InvalidInput, match="typing error") as refused:
                    normal_pin(wrong)
                assert wrong not in str(refused.value.as_dict())
    for at in range(15):
        swapped = pin[:at] + pin[at + 1] + pin[at] + pin[at + 2 :]
        if swapped != pin:
            with pytest.raises(InvalidInput):
                normal_pin(swapped)


def test_a_pin_is_taken_as_people_type_it():
    pin = new_pin()
    arabic = "".join(chr(0x0660 + int(digit)) for digit in pin)
    for typed in (pin, grouped(pin), grouped(pin).replace(" ", "-"), arabic, f"\u200f{arabic}", f" {pin}\u00a0"):
        assert normal_pin(typed) == pin
    for typed in (pin[1:], pin + "0", "A" * 16, "²" * 16):
        with pytest.raises(InvalidInput):
            normal_pin(typed)
