"""Recharge cards behind the counter: a batch is made and downloaded once, cards are looked up and blocked."""

import re

import pytest
from recharge_cards import cards, opened
from sqlalchemy import select
from web_shop import Shop

from apps import build_app, close_app
from billhead.actions.health._outside import gateways_there
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.operations import AuditEntry, PluginState
from billhead.models.payments import GatewayAccount
from billhead.models.sellers import Seller
from billhead.plugin import current_host
from billhead.plugin_host import plugins, store_settings
from billhead.web.storefront.payment_options import options_for

BATCH = {
    "code": "KIOSK-7", "account": "pins", "value": "10.00", "currency": "eur", "count": "3",
    "valid_until": "2099-12-31", "seller": "NorthCable", "redeem": "Type the PIN.", "note": "=HYPERLINK(1)",
    "file": "csv",
}  # fmt: skip


@pytest.fixture
def counter(sqlite_url, tmp_path):
    """The shop's application with the plugins that are installed, and an account that redeems cards."""
    app = build_app(sqlite_url, tmp_path / "home")
    shop = Shop(app)
    with app.app_context():
        with writing(Context.system("test")) as tx:
            seller = Seller(code="north", name="North", legal_name="North Oy", country="FI", currency="EUR", zone="UTC")
            tx.session.add(seller)
            tx.session.flush()
            shop.seller_id = seller.id
            account = {"code": "pins", "name": "Recharge card", "gateway": "voucher", "callback_token": "t"}
            tx.session.add(GatewayAccount(seller_id=seller.id, **account))
        opened()
    yield shop
    close_app(app)


def test_a_batch_is_made_seen_looked_up_and_blocked(counter):
    staff = counter.person("staff", "sam@example.com", "*")
    page = staff.get("/x/voucher/")
    assert "No cards yet" in page.text
    assert "Recharge cards" in staff.get("/admin/switches").text  # in the menu
    made = staff.post("/x/voucher/new", BATCH)
    assert (made.status_code, made.mimetype) == (200, "text/csv")
    assert made.headers["Content-Disposition"] == 'attachment; filename="KIOSK-7.csv"'
    pins = re.findall(r"KIOSK-7-0000\d,([\d ]+),10\.00,EUR,2099-12-31", made.text)
    assert len(set(pins)) == 3
    page = staff.get("/x/voucher/?card=KIOSK-7-00002").text
    assert "10.00 EUR" in page
    assert "valid" in page
    assert not any(pin in page for pin in pins)
    assert "'=HYPERLINK(1)" in staff.get("/x/voucher/batches.csv").text
    assert "3 unused cards, worth 30.00 EUR" in staff.get("/x/voucher/block/KIOSK-7").text
    assert staff.post("/x/voucher/block/KIOSK-7", {"reason": "the kiosk was robbed"}).status_code == 303
    assert "the kiosk was robbed" in staff.get("/x/voucher/?card=KIOSK-7-00002").text
    with counter.app.app_context(), reading() as session:
        rows = session.query(AuditEntry).filter(AuditEntry.action.like("voucher.%")).order_by(AuditEntry.id).all()
        told = [(row.action, row.actor.partition(":")[0], row.subject, row.reason) for row in rows]
        assert told == [
            ("voucher.make", "staff", "voucher_batch:KIOSK-7", ""),
            ("voucher.block", "staff", "voucher_batch:KIOSK-7", "the kiosk was robbed"),
        ]
        assert not any(pin.replace(" ", "") in str(row.details) for row in rows for pin in pins)


def test_what_is_wrong_is_said_and_what_was_typed_stays(counter):
    staff = counter.person("staff", "sam@example.com", "*")
    for wrong, said in (
        ({"value": "-1"}, "value"), ({"value": "1e9"}, "amount"), ({"value": "10.001"}, "decimals"),
        ({"count": "10001"}, "10000"), ({"valid_until": "2020-01-01"}, "has passed already"),
        ({"account": "another"}, "Not a valid choice"), ({"code": "../x"}, "letters, digits and dashes"),
    ):  # fmt: skip
        page = staff.post("/x/voucher/new", {**BATCH, **wrong})
        assert page.mimetype == "text/html"
        assert said in main_of(page), wrong
        assert "NorthCable" in page.text
    assert "No cards yet" in staff.get("/x/voucher/").text


def main_of(page):
    return page.text.partition("<main")[2].partition("</main>")[0]


def test_a_name_twice_is_refused_and_who_may_only_see_makes_nothing(counter):
    with counter.app.app_context():
        cards(current_host("voucher"), code="KIOSK-7")
    staff = counter.person("staff", "sam@example.com", "*")
    assert "there is a batch KIOSK-7 already" in staff.post("/x/voucher/new", BATCH).text
    looks = counter.person("staff", "lou@example.com", "vouchers.read")
    assert "Make a batch" not in looks.get("/x/voucher/").text
    assert looks.post("/x/voucher/new", BATCH, page="/x/voucher/").status_code == 403
    assert counter.visitor().get("/x/voucher/").status_code == 303
    other = counter.person("staff", "kim@example.com", "jobs.read")
    assert other.get("/x/voucher/").status_code == 403
    assert "Recharge cards" not in other.get("/security/").text


def test_an_account_without_the_key_of_the_pins_is_offered_to_nobody_and_staff_read_why(counter):
    """The account was added, the key not set: the payer got "unreachable" for the way to pay that stood first."""
    with counter.app.app_context():
        with counter.app.test_request_context(), reading() as session:
            offered = [one.name for one in options_for(session, counter.seller_id, "EUR")]
        with writing(Context.system("test")) as tx:
            store_settings(
                plugins().get("voucher").settings_type, tx.session.get_one(PluginState, "voucher"), {"key": ""}
            )
        with counter.app.test_request_context(), reading() as session:
            assert (offered, options_for(session, counter.seller_id, "EUR")) == (["Recharge card"], [])
            account = session.scalar(select(GatewayAccount.id))
        said = [one for one in gateways_there.answers() if one.page == "plugin_settings"]
    assert [(one.state, dict(one.args)) for one in said] == [("bad", {"name": "voucher"})]
    staff = counter.person("staff", "sam@example.com", "*")
    assert "not offered: The key of the PINs is not set" in staff.get("/admin/gateways").text
    shown = staff.get(f"/admin/gateways/{account}").text
    assert "Payers are not offered this account: The key of the PINs is not set." in shown
    assert 'href="/admin/plugins/voucher/settings"' in shown
