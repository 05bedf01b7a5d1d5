"""Recharge cards in a whole shop: part and over, two payers of one card, guesses, and a kill at the worst moment."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from recharge_cards import UNTIL, cards, opened
from sqlalchemy import select

from billhead.actions.documents.void_document import void_document
from billhead.db import db, reading
from billhead.domain.errors import Conflict, GatewayRejected, InvalidInput
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry
from billhead.models.payments import Payment, PaymentAttempt
from billhead.plugin import AttemptState, AttemptView, GatewayConnection, HttpClient, current_host
from billhead.plugin_host import plugin_ladder, plugins
from billhead.testing.paying_shop import open_paying_shop
from billhead_voucher import guesses
from billhead_voucher.gateway import Voucher, VoucherSettings
from billhead_voucher.guesses import FREE_OF_ADDRESS
from billhead_voucher.making import batches, block, look_at
from billhead_voucher.tables import BATCH, GUESS

NEVER_MADE = "0000000000000000"  # its check digit is right


@pytest.fixture
def shop(tmp_path):
    with open_paying_shop(tmp_path, "voucher", {}) as shop:
        opened()
        yield shop
        shop.balances()


def asked(key, pin, who="customer-1"):
    view = AttemptView(key, Money(1255, "EUR"), "TV", who, "Ada", "ada@example.org", "", "", fields={"pin": pin})
    return GatewayConnection("account", VoucherSettings(), HttpClient("account"), ""), view


def refusal(host, key, pin, who="customer-1"):
    with pytest.raises(GatewayRejected) as refused:
        Voucher(lambda: host).start_checkout(*asked(key, pin, who))
    assert pin not in f"{refused.value!r} {refused.value.as_dict()}"
    return refused.value.code


def test_a_short_card_pays_a_part_another_the_rest_and_what_is_over_is_credit(shop, caplog):
    caplog.set_level("DEBUG")
    pins = cards(current_host("voucher"))
    for pin, state in zip(pins, ("partly_paid", "paid"), strict=True):
        begun = replace(shop, fields={"pin": f" {pin[:4]}-{pin[4:]} "}).checkout()
        assert (begun.state, begun.action) == ("succeeded", {}), "nothing is waited for: who takes a card has paid"
        assert shop.row(Document, shop.invoice).state == state
    assert [(one.provider_ref, one.amount_minor) for one in shop.rows(Payment)] == [
        ("A1-00001", 1000),
        ("A1-00002", 1000),
    ]
    assert sum(one.remaining_minor for one in shop.rows(CustomerCredit)) == 745  # 20.00 - 12.55
    assert shop.balances().get("receivable", 0) == 0
    stored = [str(vars(row)) for model in (PaymentAttempt, Payment) for row in shop.rows(model)]
    assert not any(pin in text for pin in pins for text in (*stored, caplog.text))


def test_killed_between_taking_and_recording_the_look_up_heals_it(shop):
    (pin,) = cards(current_host("voucher"), minor=1255, count=1)
    shop = replace(shop, fields={"pin": pin})
    assert shop.killed_after_the_gateway_has_acted(saved=False) == -9
    assert (shop.state(), shop.rows(Payment)) == ("created", [])
    assert shop.look() == "succeeded"
    assert [one.amount_minor for one in shop.rows(Payment)] == [1255]
    assert shop.row(Document, shop.invoice).state == "paid"


def test_typos_are_refused_before_anything_is_written_and_a_wrong_pin_can_be_tried_again(shop):
    host = current_host("voucher")
    (pin,) = cards(host, minor=1255, count=1)
    for typed in (pin[:-1], pin[:-1] + str((int(pin[-1]) + 1) % 10), "secret words", ""):
        with pytest.raises(InvalidInput):
            replace(shop, fields={"pin": typed}).checkout()
    assert shop.rows(PaymentAttempt) == []
    with host.tables() as connection:
        assert connection.execute(GUESS.select()).all() == []
    with pytest.raises(GatewayRejected, match="wrong or has been used"):
        replace(shop, fields={"pin": NEVER_MADE}).checkout()
    assert shop.state() == "failed"
    persian = "".join(chr(0x06F0 + int(digit)) for digit in pin)
    replace(shop, fields={"pin": persian}).checkout()
    assert shop.state() == "succeeded"


@pytest.fixture
def host(app_context):
    return opened()


def test_an_invoice_is_not_voided_while_a_card_is_being_taken_for_it(shop):
    """The card is taken, and the process dies before that is written down."""
    (pin,) = cards(current_host("voucher"), minor=1255, count=1)
    replace(shop, fields={"pin": pin}).killed_after_the_gateway_has_acted(saved=False)
    with pytest.raises(Conflict):
        shop.act(void_document, shop.invoice, reason="a mistake")
    assert shop.look() == "succeeded"
    assert shop.row(Document, shop.invoice).state == "paid"
    assert [one.amount_minor for one in shop.rows(Payment)] == [1255]


def test_its_migration_makes_what_its_code_says(host):
    assert plugin_ladder(plugins().get("voucher")).missing(db.engine) == []


def test_two_payers_with_one_card_at_once_and_one_gets_it(host):
    (pin,) = cards(host, count=1)

    def pay(number):
        try:
            return Voucher(lambda: host).start_checkout(*asked(f"a{number}", pin, f"customer-{number}")).provider_ref
        except GatewayRejected as refused:
            return refused.code

    with ThreadPoolExecutor(4) as threads:
        came = sorted(threads.map(pay, range(4)))
    assert came == ["A1-00001", *["voucher_wrong"] * 3]
    winner = look_at(host, "A1-00001")["attempt"]
    gateway, (account, view) = Voucher(lambda: host), asked(winner, pin)
    assert gateway.start_checkout(account, view).provider_ref == "A1-00001", "asked again, it answers the same"
    assert gateway.lookup(account, view).amount == Money(1000, "EUR")
    assert batches(host)[0]["used"] == 1


def test_an_attempt_that_has_ended_takes_no_card(host):
    (pin,) = cards(host, count=1)
    gateway, (account, view) = Voucher(lambda: host), asked("late", pin)
    assert gateway.lookup(account, view).state is AttemptState.UNKNOWN
    assert gateway.lookup(account, replace(view, age=timedelta(minutes=3))).state is AttemptState.FAILED
    assert refusal(host, "late", pin) == "voucher_ended"
    assert gateway.start_checkout(*asked("new", pin)).provider_ref == "A1-00001"


def test_who_holds_a_right_card_is_told_why_it_is_refused(host):
    pins = cards(host, count=3)
    (dollars,) = cards(host, code="B1", count=1, currency="USD")
    assert refusal(host, "a", dollars) == "voucher_currency"
    assert block(host, "A1-00002", "stolen") == 1
    assert refusal(host, "a", pins[1]) == "voucher_blocked"
    with host.tables(write=True) as connection:
        connection.execute(BATCH.update().values(valid_until=date(2026, 1, 1)))
    assert refusal(host, "a", pins[0]) == "voucher_expired"
    assert block(host, "A1", "lost on the way") == 3
    assert refusal(host, "a", pins[0]) == "voucher_blocked"
    assert look_at(host, "A1-00003")["blocked_because"] == "lost on the way"


def test_guessers_wait_longer_each_time_and_others_do_not(host, monkeypatch):
    now = host.now()
    monkeypatch.setattr(host, "now", lambda: now)
    pins = cards(host)
    assert [refusal(host, f"g{n}", NEVER_MADE) for n in range(6)] == ["voucher_wrong"] * 5 + ["voucher_try_later"]
    assert refusal(host, "g7", pins[0]) == "voucher_try_later"
    assert Voucher(lambda: host).start_checkout(*asked("other", pins[1], "customer-2"))
    now += timedelta(minutes=15)
    assert refusal(host, "g8", NEVER_MADE) == "voucher_wrong"
    now += timedelta(minutes=15)
    assert refusal(host, "g9", pins[0]) == "voucher_try_later"
    now += timedelta(minutes=15)
    monkeypatch.setattr(guesses, "MOST_AN_HOUR", 1)
    assert refusal(host, "g10", NEVER_MADE, "customer-3") == "voucher_try_later"
    monkeypatch.setattr(guesses, "MOST_AN_HOUR", 1_000)
    assert Voucher(lambda: host).start_checkout(*asked("g11", pins[0])).provider_ref == "A1-00001"


def test_a_batch_is_printed_once_listed_blocked_and_checked(host, tmp_path):
    commands = {one.name: one for name, one in plugins().offers("cli_commands") if name == "voucher"}

    def run(name, *arguments):
        return CliRunner().invoke(commands[name], [str(one) for one in arguments])

    sheet, table = tmp_path / "cards.pdf", tmp_path / "cards.csv"
    options = ["--account", "account", "--minor", 1000, "--currency", "eur", "--count", 9, "--valid-until", UNTIL]
    said = run("make", "SHOP7", *options, "--seller", "North#Cable [Oy]", "--out", sheet)
    assert said.output.startswith("9 cards of 10.00 EUR are in"), said.output
    assert "nowhere else" in said.output
    assert sheet.read_bytes().startswith(b"%PDF")
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    again = run("make", "SHOP7", *options, "--seller", "NorthCable", "--out", table)
    assert (again.exit_code, table.exists()) == (1, False), "there is such a batch"
    assert run("make", "SHOP8", *options, "--seller", "NorthCable", "--out", sheet).exit_code == 1
    run("make", "SHOP8", *options, "--seller", "NorthCable", "--out", table)
    pin = table.read_text().splitlines()[1].split(",")[1].replace(" ", "")
    Voucher(lambda: host).start_checkout(*asked("a1", pin))
    assert json.loads(run("check", "SHOP8-00001", "--json").output)["attempt"] == "a1"
    assert run("check", "SHOP8-00010").exit_code == 1
    assert json.loads(run("block", "SHOP8", "--reason", "stolen", "--json").output) == {"blocked": 8}
    listed = json.loads(run("list", "--json").output)["batches"]
    assert [(one["count"], one["used"], one["blocked"], one["value_used"]) for one in listed] == [
        (9, 0, 0, "0.00 EUR"),
        (9, 1, 8, "10.00 EUR"),
    ]
    assert run("list", "--csv").output.count("\n") == 3
    with reading() as session:
        lines = session.scalars(select(AuditEntry).where(AuditEntry.subject.like("voucher_batch:%"))).all()
    assert sorted((one.action, one.subject) for one in lines) == [
        ("voucher.block", "voucher_batch:SHOP8"),
        ("voucher.make", "voucher_batch:SHOP7"),
        ("voucher.make", "voucher_batch:SHOP8"),
    ]


def test_a_note_that_looks_like_a_formula_is_text_in_the_list_as_well(host):
    commands = {one.name: one for name, one in plugins().offers("cli_commands") if name == "voucher"}
    cards(host, count=1, note='=HYPERLINK("http://evil.example")')
    assert "'=HYPERLINK" in CliRunner().invoke(commands["list"], ["--csv"]).output


def test_an_address_that_guesses_under_many_names_waits_as_well(shop):
    host, (pin,) = current_host("voucher"), cards(current_host("voucher"), count=1)

    def guess(number, address, typed=NEVER_MADE):
        account, view = asked(f"g{number}", typed, f"customer-{number}")
        with pytest.raises(GatewayRejected) as refused:
            Voucher(lambda: host).start_checkout(account, replace(view, payer_address=address))
        return refused.value.code

    assert {guess(number, "203.0.113.7") for number in range(FREE_OF_ADDRESS)} == {"voucher_wrong"}
    assert guess(100, "203.0.113.7", pin) == "voucher_try_later"
    assert guess(101, "198.51.100.1") == "voucher_wrong", "another address is not kept waiting"
    account, view = asked("own", pin, "customer-102")
    Voucher(lambda: host).start_checkout(account, replace(view, payer_address="192.0.2.1"))
