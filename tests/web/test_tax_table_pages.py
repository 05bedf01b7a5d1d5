"""The rates of tax plugins in the admin area, and a checkout that asks where the buyer lives."""

import io
from datetime import date
from importlib.metadata import entry_points

import pytest
from sqlalchemy import select
from web_shop import Shop, open_shop

from apps import build_app, close_app
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.models.operations import AuditEntry
from billhead.models.people import Customer
from billhead.models.sellers import Seller, TaxRegistration
from billhead.plugin import current_host
from billhead.plugin_host import PluginHost, plugins, upgrade_plugin
from billhead_sales_tax.rates import Rate
from billhead_sales_tax.store import own_rates, write_rates

HEADER = "place,postcode,tax,rate,since,position\n"
COUNTY = HEADER + "US-CA,900,county,2.25,2026-01-01,1\nUS-CA,901,county,1.5,2026-01-01,1\n"


@pytest.fixture
def house(sqlite_url, tmp_path):
    """The application with the plugins that are installed."""
    app = build_app(sqlite_url, tmp_path / "home")
    house = Shop(app)
    with app.app_context():
        upgrade_plugin(db.engine, plugins().get("sales_tax"))
        with writing(Context.system("test")) as tx:
            seller = Seller(code="n", name="North", legal_name="North", country="US", currency="USD", zone="UTC")
            tx.session.add(seller)
            tx.session.flush()
            house.seller_id = seller.id
    yield house
    close_app(app)


def send(browser, text, **more):
    fields = {"file": (io.BytesIO(text.encode()), "rates.csv"), **more}
    return browser.post("/x/sales_tax/file", fields, page="/admin/switches", content_type="multipart/form-data")


def test_the_table_is_found_looked_through_taken_in_and_dropped(house):
    sam = house.person("staff", "sam@example.com", "sellers.write")
    assert "Tax rates by table" in sam.get("/admin/switches").text, "in the menu"
    page = sam.get("/x/sales_tax/?place=us-ca").text
    assert "7.25 %" in page
    assert "1 rate." in page
    assert "No rates of yours" in sam.get("/x/sales_tax/?own=1").text
    faulty = "US-CA,902,county,2,5,2026-01-01,1\nUS-CA,903,county,much,2026-01-01,1\n,,gst,1,2026-01-01,\n"
    broken = send(sam, COUNTY + faulty)
    assert broken.status_code == 422
    assert "Line 4" in broken.text
    assert "Line 5, rate: &#39;much&#39; is not a percentage" in broken.text
    assert "Line 6, place" in broken.text
    twice = send(sam, COUNTY + "US-CA,900,county,3,2026-01-01,1\n")
    assert "two rows from 2026-01-01" in twice.text
    assert "Choose a file" in sam.post("/x/sales_tax/file", page="/admin/switches").text
    shown = send(sam, COUNTY, dry_run="y")
    assert "Nothing is saved yet" in shown.text
    with house.app.app_context():
        assert own_rates(current_host("sales_tax")) == []
    assert send(sam, COUNTY).status_code == 303
    found = sam.get("/x/sales_tax/?place=US-CA&postcode=90012").text
    assert "2.25 %" in found
    assert "1.5 %" not in found
    assert "US-CA,901,,county,1.5" in sam.get("/x/sales_tax/rates.csv?own=1").text
    eye = house.person("staff", "eye@example.com")
    assert eye.get("/x/sales_tax/file").status_code == 403
    assert "Drop" not in eye.get("/x/sales_tax/?own=1").text
    path = "/x/sales_tax/forget?place=US-CA&tax=county"
    assert "2 rows go" in sam.get(path).text
    assert sam.post(path, page="/admin/switches").status_code == 303
    assert sam.get(path).status_code == 404
    assert [one.action for one in house.rows(AuditEntry, AuditEntry.action.startswith("sales_tax."))] == [
        "sales_tax.import", "sales_tax.forget",
    ]  # fmt: skip


def test_vat_rates_are_shown_entered_and_dropped_after_a_question(house):
    sam = house.person("staff", "sam@example.com", "sellers.write")
    assert "EU VAT rates" in sam.get("/admin/switches").text
    assert "All of these come with the plugin" in sam.get("/x/eu_vat/").text
    told = {"place": "FR", "tax_class": "tv", "rate": "10", "since": "2020-01-01"}
    assert "is not a percentage" in sam.post("/x/eu_vat/new", told | {"rate": "ten"}, page="/admin/switches").text
    assert "is missing" in sam.post("/x/eu_vat/new", told | {"tax_class": "", "rate": ""}, page="/admin/switches").text
    saved = sam.post("/x/eu_vat/new", told, page="/admin/switches")
    assert saved.status_code == 303, saved.text
    page = sam.get(saved.location).text
    assert "yours" in page
    assert "10 %" in page
    path = "/x/eu_vat/forget?place=FR&tax_class=tv&since=2020-01-01"
    assert "20 % does" in sam.get(path).text
    assert house.person("staff", "eye@example.com").get(path).status_code == 403
    assert sam.post(path, page="/admin/switches").status_code == 303
    assert sam.get(path).status_code == 404
    assert "No such place" in sam.get("/x/eu_vat/?place=XX").text


def test_the_pages_of_plugins_speak_the_language_of_whoever_reads_them(house):
    sam = house.person("staff", "sam@example.com", "sellers.write")
    german, arabic = {"Accept-Language": "de"}, {"Accept-Language": "ar"}
    rates = sam.get("/x/eu_vat/?place=FI", headers=german).text
    assert "<h1>Mehrwertsteuersätze der EU</h1>" in rates
    assert "mitgeliefert" in rates
    menu = sam.get("/admin/switches", headers=german).text
    assert "Steuersätze nach Tabelle</a>" in menu, "the menu of core's own pages, too"
    wrong = {"place": "FR", "tax_class": "tv", "rate": "zehn", "since": "2020-01-01"}
    refused = sam.post("/x/eu_vat/new", wrong, page="/admin/switches", headers=german).text
    assert "&#39;zehn&#39; ist kein Prozentsatz mit höchstens vier Nachkommastellen" in refused
    table = sam.get("/x/sales_tax/?place=US-CA", headers=arabic).text
    assert 'dir="rtl"' in table
    assert "نسبة واحدة (1)" in table
    fault = {"file": (io.BytesIO(f"{HEADER}US-CA,900,county,much,2026-01-01,1\n".encode()), "rates.csv")}
    more = {"page": "/admin/switches", "content_type": "multipart/form-data", "headers": german}
    assert (
        "Zeile 2, rate: &#39;much&#39; ist kein Prozentsatz von 0" in sam.post("/x/sales_tax/file", fault, **more).text
    )
    report = sam.get("/admin/reports/eu-vat-oss", headers=german).text
    assert "One-Stop-Shop" in report
    assert "Quartal" in report


@pytest.fixture
def california(sqlite_url, tmp_path):
    """The shop with nexus in California, where a county's tax goes by postcode."""
    shop = open_shop(sqlite_url, tmp_path / "home")
    with shop.app.app_context():
        points = [point for point in entry_points(group="billhead.plugins") if point.name == "sales_tax"]
        shop.app.extensions["billhead"].plugins._plugins["sales_tax"] = PluginHost.load(points).get("sales_tax")
        upgrade_plugin(db.engine, plugins().get("sales_tax"))
        with writing(Context.system("test")) as tx:
            tx.session.scalar(select(Seller)).tax_engine = "sales_tax"
            tx.session.add(TaxRegistration(seller_id=1, jurisdiction="US-CA", scheme="domestic"))
    yield shop
    close_app(shop.app)


def test_the_checkout_asks_for_state_and_postcode_where_the_tax_hangs_on_them(california):
    shop = california
    with shop.app.app_context():
        county = Rate("US-CA", "county", 22_500, date(2020, 1, 1), postcode="900", position=1)
        write_rates(current_host("sales_tax"), [county])
    ada = shop.customer(country="US")
    ada.post("/plans/basic", {"term": "1 month"})
    asked = ada.get("/checkout").text
    assert "Where do you live?" in asked
    assert "depends on your state or province" in asked
    told = ada.post("/checkout/place", {"region": "California", "postcode": "94103"}, page="/checkout")
    assert told.location == "/checkout"
    assert "short name of a region" in ada.get("/checkout").text
    ada.post("/checkout/place", {"region": "CA", "postcode": ""}, page="/checkout")
    assert "depends on your postcode" in ada.get("/checkout").text
    ada.post("/checkout/place", {"region": "ca", "postcode": "90012"}, page="/checkout")
    seen = ada.get("/checkout").text
    assert "Where do you live?" not in seen
    assert "depends on your" not in seen
    with shop.app.app_context(), reading() as session:
        me = session.scalars(select(Customer)).one()
        assert (me.region, me.address["postcode"], me.name) == ("CA", "90012", "Ada Lovelace")
    assert ada.post("/checkout", {"account": shop.accounts["cards"]}).status_code == 303
