"""Tax where people meet it: the profile, the checkout, and the customer's page of staff."""

from importlib.metadata import entry_points

import pytest
from fake_vies import FakeVies
from sqlalchemy import select
from web_shop import PASSWORD, Shop, open_shop

from apps import close_app
from billhead.actions.plugins.save_plugin_settings import save_plugin_settings
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.sellers import Seller, TaxRegistration
from billhead.models.tax import TaxIdCheck
from billhead.plugin_host import PluginHost, close_connections

ACME = "DE136695976"
PROFILE = {"name": "Ada", "company": "Acme", "country": "DE", "zone": "Europe/Berlin", "postcode": "10115"}


@pytest.fixture
def vies():
    with FakeVies({ACME: "Acme GmbH"}) as vies:
        yield vies
    close_connections()


@pytest.fixture
def shop(sqlite_url, tmp_path, vies):
    """A shop of Helsinki in the one-stop shop, behind a proxy that names countries. Its prices hold tax."""
    shop = open_shop(sqlite_url, tmp_path / "home", country_header="CF-IPCountry")
    with shop.app.app_context():
        points = [point for point in entry_points(group="billhead.plugins") if point.name == "eu_vat"]
        host = shop.app.extensions["billhead"].plugins
        host._plugins["eu_vat"] = PluginHost.load(points).get("eu_vat")
        with writing(Context.system("test")) as tx:
            seller = tx.session.scalar(select(Seller))
            seller.tax_engine, seller.vat_id = "eu_vat", "FI01234562"
            for jurisdiction, scheme in (("FI", "domestic"), ("EU", "oss")):
                tx.session.add(TaxRegistration(seller_id=seller.id, jurisdiction=jurisdiction, scheme=scheme))
            save_plugin_settings(tx, "eu_vat", {"vies_url": vies.url, "timeout_seconds": 1})
    yield shop
    close_app(shop.app)


def newest(shop, table):
    with shop.app.app_context(), reading() as session:
        return session.scalars(select(table).order_by(table.id.desc()).limit(1)).one()


def test_the_cart_names_the_tax_and_the_checkout_asks_the_register_first(shop: Shop, vies):
    ada = shop.customer(country="DE")
    ada.post("/plans/basic", {"term": "1 month"})
    # 9.99 hold 19 %: 1.595 → 1.60
    assert 'Tax (19\u00a0%)</th><td class="num">€1.60' in ada.get("/cart").text
    ada.post("/account/profile", {**PROFILE, "vat_id": "136 695 976"})
    assert newest(shop, Customer).vat_id_state == "pending"
    seen = ada.get("/checkout").text
    assert "Reverse charge: VAT is due from the recipient" in seen
    assert "Tax (" not in seen
    assert newest(shop, Customer).vat_id_state == "valid"
    assert ada.post("/checkout", {"account": shop.accounts["cards"]}).status_code == 303
    assert newest(shop, Document).tax_minor == 0
    assert len(vies.asked) == 1


def test_a_checkout_goes_on_while_the_register_is_down_and_asks_it_once_a_minute(shop: Shop, vies):
    ada = shop.customer(country="DE")
    ada.post("/plans/basic", {"term": "1 month"})
    ada.post("/account/profile", {**PROFILE, "vat_id": ACME})
    vies.mood = "MS_UNAVAILABLE"
    assert "Tax (19\u00a0%)" in ada.get("/checkout").text
    assert ada.post("/checkout", {"account": shop.accounts["cards"]}).status_code == 303
    assert newest(shop, Document).tax_minor == 160
    assert len(vies.asked) == 1
    assert "being checked" in ada.get("/account/profile").text


def test_an_order_on_hold_says_why_and_waits(shop: Shop, vies):
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        held = {"vies_url": vies.url, "timeout_seconds": 1, "unchecked_vat_id": "hold"}
        save_plugin_settings(tx, "eu_vat", held)
    vies.mood = "500"
    ada = shop.customer(country="DE")
    ada.post("/account/profile", {**PROFILE, "vat_id": ACME})
    ada.post("/plans/basic", {"term": "1 month"})
    assert "has not been confirmed yet" in ada.get("/checkout").text
    placed = ada.post("/checkout", {"account": shop.accounts["cards"]})
    assert "has not been confirmed yet" in placed.text
    order = newest(shop, Document)
    page = ada.get(f"/account/documents/{order.id}").text
    assert "You can pay it as soon as that is settled." in page
    assert ">Pay €" not in page


def test_the_proxys_country_is_evidence(shop: Shop):
    ada = shop.visitor()
    told = {"name": "Ada Lovelace", "email": "a@example.com", "password": PASSWORD, "country": "DE"}
    ada.post("/sign-up", told, headers={"CF-IPCountry": "fr"})
    assert newest(shop, Customer).location_evidence == {"ip": "FR"}
    ada.post("/plans/basic", {"term": "1 month"})
    ada.post("/checkout", {"account": shop.accounts["cards"]}, headers={"CF-IPCountry": "DE"})
    assert newest(shop, Customer).location_evidence == {"ip": "DE"}
    ada.post("/checkout", {"account": shop.accounts["cards"]}, headers={"CF-IPCountry": "<script>"})
    assert newest(shop, Customer).location_evidence == {"ip": "DE"}


def test_the_profile_refuses_an_id_that_can_not_be_and_a_region_that_is_none(shop: Shop):
    ada = shop.customer(country="DE")
    wrong = ada.post("/account/profile", {**PROFILE, "vat_id": "DE123"})
    assert wrong.status_code == 422
    assert 'id="vat_id-error"' in wrong.text
    wrong = ada.post("/account/profile", {**PROFILE, "country": "US", "region": "California"})
    assert 'id="region-error"' in wrong.text
    assert ada.post("/account/profile", {**PROFILE, "country": "US", "region": "us-ca"}).status_code == 303
    assert newest(shop, Customer).region == "CA"


def test_staff_sees_checks_evidence_and_exemption_and_changes_them(shop: Shop, vies):
    shop.customer(country="DE").post("/account/profile", {**PROFILE, "vat_id": ACME})
    key = newest(shop, Customer).id
    staff = shop.person("staff", "boss@example.com", "customers.write")
    vies.mood = "html"
    told = staff.post(f"/admin/customers/{key}/check-vat-id", follow_redirects=True)
    assert "VIES answered with status 200 and no JSON" in told.text
    vies.mood = ""
    told = staff.post(f"/admin/customers/{key}/check-vat-id", follow_redirects=True)
    assert "Acme GmbH" in told.text
    facts = {"exempt_reason": "embassy", "exempt_certificate": "E-1", "exempt_until": "2027-12-31",
             "evidence": "ip=DE, bank=DE", "vat_id_state": "", "reason": "note verbale of 3 November"}  # fmt: skip
    path = f"/admin/customers/{key}/tax"
    assert staff.post(path, {**facts, "evidence": "germany"}).status_code == 422
    told = staff.post(path, facts, follow_redirects=True)
    assert "embassy, certificate E-1, to" in told.text
    assert "bank Germany, ip Germany" in told.text
    assert "note verbale of 3 November" in told.text
    assert newest(shop, TaxIdCheck).outcome == "valid"


def test_who_may_not_change_customers_sees_no_button_and_no_form(shop: Shop):
    shop.customer(country="DE").post("/account/profile", {**PROFILE, "vat_id": ACME})
    key = newest(shop, Customer).id
    reader = shop.person("staff", "reader@example.com")
    assert "Check VAT id" not in reader.get(f"/admin/customers/{key}").text
    assert reader.get(f"/admin/customers/{key}/tax").status_code == 403
    assert reader.post(f"/admin/customers/{key}/check-vat-id").status_code == 403
