"""Events, rentals, metrics and the price of use behind the counter, and a catalogue file that is taken in there."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from billhead import clock
from billhead.db import reading
from billhead.models.catalogue import Bouquet, Plan, Price
from billhead.models.entitlements import Entitlement
from billhead.models.operations import AuditEntry
from billhead.models.usage import UsageMetric, UsagePrice

FINAL = {
    "code": "final", "name": "Nordic Final", "starts": "2026-12-19T19:00", "ends": "2026-12-20T07:00",
    "prices": "14.99 EUR\n1600 JPY", "tax_class": "tv", "country_rule": "", "on_bill": "y", "bouquets": "sport",
}  # fmt: skip
SMALL = """
format = 1
[seller]
code = "tiny"
name = "Tiny TV"
legal_name = "Tiny TV Ltd"
address = { city = "Cork" }
country = "IE"
email = "office@tiny.example"
zone = "Europe/Dublin"
currencies = ["EUR"]
base_currency = "EUR"
prices_include_tax = true
[policy]
proration = "actual_days"
renew_from = "later"
lead_days = 7
grace_hours = 24
invoice_due_days = 14
[dunning]
retry_days = [1, 3]
stages = [{ after_days = 3, action = "warn" }]
[tax_classes]
tv = "Television"
[panels.two]
name = "Two"
module = "memory"
settings = { url = "http://two.example" }
[bouquets.basic]
name = "Basic"
on = { two = 1 }
[tiers]
basic = "Basic"
[plans.tiny]
name = "Tiny"
tier = "basic"
tax_class = "tv"
services = [{ kind = "stream", panel = "two" }]
bouquets = ["basic"]
prices = { 1m = { EUR = "9.99" }, 12m = { EUR = "99.90" } }
"""


@pytest.fixture(autouse=True)
def november():
    with clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        yield


def plain(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def prices(counter, plan_id):
    with counter.shop.app.app_context(), reading() as session:
        rows = select(Price.amount_minor, Price.version).where(Price.plan_id == plan_id).order_by(Price.id)
        return [tuple(row) for row in session.execute(rows)]


def test_an_event_is_entered_in_the_sellers_zone_bought_and_then_stays(any_counter):
    counter = any_counter
    assert "there are none yet" in counter.get("/admin/catalogue/single/new").text
    counter.add(Bouquet(seller_id=1, code="sport", name="Sport"))
    assert "Times in Europe/Helsinki." in counter.get("/admin/catalogue/single/new").text
    saved = counter.post("/admin/catalogue/single/new?kind=ppv", **FINAL)
    assert saved.status_code == 303, saved.text
    key = int(saved.location.rpartition("/")[2])
    plan = counter.row(Plan, key)
    # 19:00 in Helsinki in winter is 17:00 UTC
    assert (plan.kind, plan.listed, plan.details["starts"], plan.details["ends"], plan.details["on_bill"]) == (
        "ppv", False, "2026-12-19T17:00:00+00:00", "2026-12-20T05:00:00+00:00", True,
    )  # fmt: skip
    assert prices(counter, key) == [(1499, 1), (1600, 1)]
    edited = counter.get(counter.get(f"/admin/catalogue/{key}/edit").location).text
    assert 'value="2026-12-19T19:00"' in edited
    assert "14.99 EUR" in edited
    dearer = FINAL | {"prices": "19.99 EUR", "name": "The Final"}
    assert counter.post(f"/admin/catalogue/{key}/single", **dearer).status_code == 303
    assert prices(counter, key) == [(1499, 1), (1600, 1), (1999, 2)], "what is not named stays"
    assert counter.post(f"/admin/catalogue/{key}/single", **dearer).status_code == 303
    assert len(prices(counter, key)) == 3, "the same again is no new version"
    later = dearer | {"ends": "2026-12-20T08:00"}
    assert counter.post(f"/admin/catalogue/{key}/single", **later).status_code == 303
    bought = Entitlement(customer_id=1, subscription_id=1, plan_id=key, price_id=1, state="active",
                         bought_on=clock.business_now().date(), created_at=clock.now())  # fmt: skip
    counter.add(bought)
    refused = counter.post(f"/admin/catalogue/{key}/single", **dearer)
    assert refused.status_code == 422
    assert "its time stays" in refused.text
    assert counter.post(f"/admin/catalogue/{key}/single", **later, description="With a show").status_code == 303


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [("ends", "2026-12-19T18:00", "not after the beginning"), ("starts", "", "missing"),
     ("bouquets", "", "which bouquets"), ("prices", "14.99 GBP", "no price book for everybody in gbp"),
     ("prices", "much", "much:"), ("code", "basic", "already"), ("code", "Final!", "is no code")],
)  # fmt: skip
def test_an_event_that_makes_no_sense_is_refused_at_its_field(counter, field, typed, told):
    counter.add(Bouquet(seller_id=1, code="sport", name="Sport"))
    wanted = {**FINAL, field: typed}
    if not typed:
        del wanted[field]
    answer = counter.post("/admin/catalogue/single/new", **wanted)
    assert answer.status_code == 422
    assert told in answer.text.lower()
    over = FINAL | {"starts": "2026-10-01T10:00", "ends": "2026-10-01T12:00"}
    assert "Has passed" in counter.post("/admin/catalogue/single/new", **over).text
    assert counter.get("/admin/catalogue/single/new?kind=stream").status_code == 404


def test_a_pass_is_entered_and_sold(counter):
    told = {"code": "ten", "name": "Ten films", "hours": "2160", "uses": "10", "unit": "films", "prices": "29.00 EUR",
            "tax_class": "tv", "country_rule": ""}  # fmt: skip
    saved = counter.post("/admin/catalogue/single/new?kind=rental", **told)
    key = int(saved.location.rpartition("/")[2])
    assert counter.row(Plan, key).details == {"hours": 2160, "uses": 10, "unit": "films", "on_bill": False}
    assert "2160, 10 films" in plain(counter.get(saved.location))
    counter.shop.person("customer", "second@example.com", customer_id=1)
    shown = counter.shop.visitor()
    shown.sign_in("second@example.com")
    assert "Ten films" in shown.get("/account/subscriptions/1").text
    assert counter.post("/admin/catalogue/single/new?kind=rental", **told | {"hours": "0"}).status_code == 422


METRIC = {"code": "catchup", "name": "Catch-up hours", "unit": "hours", "aggregation": "sum", "decimals": "1"}
GRADUATED = {
    "price": "1", "metric": "1", "pricing": "graduated", "tiers": "50 0.20\n* 0.12", "included": "20", "cap": "15",
    "examples": "10 30 100 1000",
}  # fmt: skip


def test_use_is_priced_with_what_it_comes_to_shown_first(any_counter):
    counter = any_counter
    assert "Nothing is counted yet" in counter.get("/admin/metrics").text
    assert counter.get("/admin/catalogue/1/usage/new").location == "/admin/metrics/new"
    assert counter.post("/admin/metrics/new", **METRIC).status_code == 303
    assert counter.post("/admin/metrics/new", **METRIC | {"name": "Catch-up"}).status_code == 303
    assert counter.row(UsageMetric, 1).name == "Catch-up"
    refused = counter.post("/admin/metrics/new", **METRIC | {"decimals": "2"})
    assert "counts sum with 1 decimal already" in refused.text
    assert "counted whole" in counter.post("/admin/metrics/new", **METRIC | {"aggregation": "count"}).text

    path = "/admin/catalogue/1/usage/new"
    shown = plain(counter.post(path, reason="new", **GRADUATED))
    # 10: included. 30 - 20 = 10 × 0.20. 80 over: 50 × 0.20 + 30 × 0.12 = 13.60. 980 over: 121.60, at most 15.00
    assert "10 hours €0.00 30 hours €2.00 100 hours €13.60 1000 hours €15.00" in shown
    assert counter.shop.rows(UsagePrice) == []
    counter.yes(path, reason="new", **GRADUATED)
    (one,) = counter.shop.rows(UsagePrice)
    new = counter.row(Price, one.price_id)
    assert (new.version, new.amount_minor, new.existing_from) == (2, 999, None), "the price itself stays"
    assert one.terms == {
        "pricing": "graduated", "currency": "EUR", "included": "20", "cap": "15",
        "tiers": [{"unit": "0.20", "up_to": "50"}, {"unit": "0.12"}],
    }  # fmt: skip
    assert "20 hours included" in counter.get("/admin/catalogue/1").text
    again = counter.post(path, reason="new", **GRADUATED | {"price": str(new.id)})
    assert "costs that already" in again.text
    (entry,) = counter.shop.rows(AuditEntry, AuditEntry.action == "catalogue.price_usage")
    assert (entry.subject, entry.details["metric"]) == ("plan:1", "catchup")

    capped = GRADUATED | {"price": str(new.id), "cap": "20", "existing_from": "2027-01-01"}
    shown, _ = counter.yes(path, reason="new", **capped)
    assert "1 subscription" in shown
    assert counter.shop.rows(Price, Price.plan_id == 1)[-1].existing_from.isoformat() == "2027-01-01"

    asked = {"book": "1", "term": "1 month", "amount": "12.00", "setup": "0", "trial": "0", "tell_days": "30"}
    counter.yes("/admin/catalogue/1/prices/new", **asked)
    assert len(counter.shop.rows(UsagePrice)) == 3, "another amount keeps what use costs"
    newest = counter.shop.rows(Price, Price.plan_id == 1, Price.term == "1 month")[-1]
    gone = {"price": str(newest.id), "metric": "1", "pricing": "", "existing_from": "2027-01-01"}
    refused = counter.post(path, reason="new", **gone)
    assert "pay another amount than it is sold for" in refused.text, "who has it would pay 12.00 without a word"
    counter.yes(path, reason="new", **gone | {"existing_from": ""})
    assert len(counter.shop.rows(UsagePrice)) == 3, "the newest version counts nothing"
    counter.yes("/admin/catalogue/1/prices/new", **asked | {"amount": "13.00", "valid_from": "2027-02-01"})
    (planned,) = counter.shop.rows(Price, Price.amount_minor == 1300)
    early = counter.post(path, reason="new", **GRADUATED | {"price": str(planned.id)})
    assert "another amount is sold from" in early.text.lower(), "13.00 would be asked today"


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"pricing": "standard", "tiers": "0.004"}, "1 hours €0.00 10 hours €0.04 1000 hours €4.00"),
        # volume: 10 at 0.02 and 1.00 on top; 1000 at 0.015
        ({"pricing": "volume", "tiers": "100 0.02 1.00\n* 0.015"}, "1 hours €1.02 10 hours €1.20 1000 hours €15.00"),
        ({"pricing": "package", "tiers": "2.50", "per": "4"}, "1 hours €2.50 10 hours €7.50 1000 hours €625.00"),
        # a share of an event's amount: 2 % and 0.10, at most 5.00
        ({"pricing": "percentage", "percent": "2", "event_fee": "0.10", "event_max": "5"},
         "1 hours €0.12 10 hours €0.30 1000 hours €5.00"),
        ({"pricing": "allowance", "included": "5"}, "1 hours €0.00"),
        ({"pricing": "standard"}, "There is no price"),
        ({"pricing": "standard", "tiers": "cheap"}, "is not a number"),
        ({"pricing": "standard", "tiers": "1 2 3 4"}, "more than a last unit and two amounts"),
        ({"pricing": "graduated", "tiers": "50.05 1\n* 2"}, "between two steps of the metric"),
        ({"pricing": "standard", "tiers": "1", "examples": "0.05"}, "has more than 1 decimal"),
        ({"pricing": "standard", "tiers": "1", "percent": "3"}, "Belongs to percentage prices only"),
    ],
)  # fmt: skip
def test_each_way_of_pricing_is_shown_or_refused(counter, told, shown):
    counter.post("/admin/metrics/new", **METRIC)
    asked = {"price": "1", "metric": "1", "examples": "1 10 1000", **told}
    assert shown in plain(counter.post("/admin/catalogue/1/usage/new", reason="new", **asked))
    assert counter.shop.rows(UsagePrice) == []


def test_a_catalogue_file_is_shown_then_taken_in(counter):
    def send(text, name="catalog.toml", **more):
        sent = {"file": (io.BytesIO(text), name), **more}
        return counter.staff.post("/admin/catalogue/file", sent, page="/admin/switches",
                                  content_type="multipart/form-data")  # fmt: skip

    assert "/admin/catalogue/file" in counter.get("/admin/catalogue").text
    text = SMALL.encode()
    broken = send(text.replace(b'code = "tiny"', b'code = "tiny"\nkode = 1'), dry_run="y")
    assert broken.status_code == 422
    assert "kode" in broken.text
    assert "is not TOML" in send(b"[[", dry_run="y").text
    assert "Choose a file." in counter.post("/admin/catalogue/file", dry_run="y").text
    before = len(counter.shop.rows(Plan))
    shown = send(text, dry_run="y")
    assert "Nothing is saved yet" in shown.text, shown.text
    assert len(counter.shop.rows(Plan)) == before
    clerk = counter.shop.person("staff", "clerk@example.com", "catalogue.write")
    refused = clerk.post("/admin/catalogue/file", {"file": (io.BytesIO(text), "c.toml")}, page="/admin/catalogue",
                         content_type="multipart/form-data")  # fmt: skip
    assert "it needs sellers.write" in refused.text
    assert "/admin/catalogue/file" not in clerk.get("/admin/catalogue").text
    # a file that names resellers gives them credits: that needs their permission
    whole = (Path(__file__).parents[3] / "examples/northcable/catalog.toml").read_bytes()
    almost = counter.shop.person("staff", "head@example.com", "catalogue.write", "sellers.write", "panels.write")
    refused = almost.post("/admin/catalogue/file", {"file": (io.BytesIO(whole), "c.toml")}, page="/admin/catalogue",
                          content_type="multipart/form-data")  # fmt: skip
    assert "it needs resellers.write" in refused.text
    assert send(text).status_code == 303
    assert len(counter.shop.rows(Plan)) > before
