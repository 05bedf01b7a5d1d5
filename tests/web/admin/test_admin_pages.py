"""Every page of the admin area opens on a house with something in it, and on an empty one."""

import re

from web_shop import Shop

from billhead import clock
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine

LISTS = (
    "customers", "subscriptions", "services", "messages", "documents", "payments", "attempts", "not-billed", "gateways",
    "callbacks", "panels", "jobs", "deliveries", "plugins", "catalogue", "audit", "rejected-usage",
)  # fmt: skip
PAGES = (
    "customers/1", "subscriptions/1", "services/1", "documents/1", "documents/2", "documents/2.pdf", "attempts/1",
    "jobs/1", "panels/1", "panels/1/settings", "panels/1/owners", "panels/new", "panels/new/memory", "gateways/1",
    "gateways/new", "gateways/new/cards", "catalogue/1", "callbacks/1", "switches", "switches/charges",
    "plugins/cards/disable",
    "subscriptions/1/suspend", "subscriptions/1/cancel", "jobs/1/cancel", "panels/1/maintenance", "catalogue/1/retire",
)  # fmt: skip
GONE = (
    "customers/99", "subscriptions/99", "services/99", "documents/99", "attempts/99", "jobs/99", "panels/99",
    "gateways/99", "callbacks/99", "catalogue/99", "deliveries/99", "switches/nothing", "plugins/none/enable",
    "plugins/theme_console/settings", "panels/new/none", "subscriptions/99/suspend", "documents/99/transfer",
)  # fmt: skip


def test_every_page_opens(any_counter):
    for path in ("", *LISTS, *PAGES):
        answer = any_counter.get(f"/admin/{path}")
        assert answer.status_code == 200, f"/admin/{path}: {answer.status_code}\n{answer.text[-2000:]}"


def test_every_list_says_what_it_is_for_when_it_is_empty(shop: Shop):
    staff = shop.person("staff", "sam@example.com", "*")
    filled = {"gateways", "panels", "plugins", "catalogue", "audit"}
    for name in LISTS:
        text = staff.get(f"/admin/{name}").text
        assert ("Nothing yet" in text) is (name not in filled), name


def test_a_filter_that_nothing_fits_says_so(counter):
    for name in LISTS:
        if name not in ("gateways", "not-billed"):
            assert "Nothing fits" in counter.get(f"/admin/{name}?q=zzz").text, name
        assert counter.get(f"/admin/{name}?before=9&after=x&state=%27&q=%25_").status_code == 200, name


def test_every_list_comes_as_csv(counter):
    for name in LISTS:
        answer = counter.get(f"/admin/{name}?format=csv")
        assert answer.status_code == 200, name
        assert answer.mimetype == "text/csv", name
        assert answer.headers["Content-Disposition"].startswith("attachment; filename="), name
        assert answer.text.startswith("\ufeff"), name


def test_what_is_not_there_is_said_kindly(counter):
    for path in GONE:
        answer = counter.get(f"/admin/{path}")
        assert answer.status_code == 404, path
        assert "There is no" in answer.text, path


def test_times_are_in_the_sellers_zone(counter):
    assert "Times in Europe/Helsinki" in counter.get("/admin/").text


def test_a_page_that_adds_to_the_head_keeps_the_style_of_the_area(counter):
    for path in ("gifts", "panels/1/addresses"):
        assert "admin.css" in counter.get(f"/admin/{path}").text, path


def test_a_customer_begins_with_what_is_owed_and_paid_and_its_lines(any_counter):
    counter = any_counter
    bill = {"seller_id": 1, "customer_id": 1, "kind": "invoice", "state": "final", "fiscal_year": 2027, "number": 901,
            "currency": "EUR", "net_minor": 500, "tax_minor": 0, "total_minor": 500,
            "created_at": clock.now()}  # fmt: skip
    counter.add(Document(**bill))
    text = " ".join(counter.get("/admin/customers/1").text.split())
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+?) ?<", text))
    # an invoice over 5.00 is open; 9.99 was paid, nothing went back
    told = [figures[name] for name in ("Owed", "Credit to spend", "Paid in all", "Lines")]
    assert told == ["€5.00", "€0.00", "€9.99", "1"]
    deeds = text.split('<details class="panel deeds">')
    assert deeds[0].split("<h1>")[1].count('class="btn') == 4  # order, transfer, write, look in
    for endpoint in ("suspend", "renew"):
        assert f'href="/admin/subscriptions/1/{endpoint}"' in text


def test_a_tax_is_said_in_words(counter):
    counter.shop.change(DocumentLine, 1, taxes=[], tax_code="KW:outside_scope", tax_rate_ppm=0)
    line = counter.row(DocumentLine, 1)
    page = counter.get(f"/admin/documents/{line.document_id}").text
    assert "KW:outside_scope" not in page
    assert page.count("Kuwait, outside scope") == 2  # at the line, and in the sum below


def test_a_credit_package_is_no_plan_that_somebody_subscribes_to(counter):
    (key,) = counter.add(Plan(seller_id=1, code="c50", name="50 credits", kind="credit_package", credits_minor=5000))
    page = counter.get(f"/admin/catalogue/{key}").text
    assert "<dt>Credits</dt><dd>50.00" in page
    for of_plans in ("Canceling", "Connections", "Put on hold", "Days ahead", "Feature lines", "Ways to other plans"):
        assert of_plans not in page, of_plans
    assert f'href="/admin/credit-packages/{key}"' in page
