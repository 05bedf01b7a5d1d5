"""Lists stay quick and steady however long they are: few queries, pages by key, filters that are kept, honest CSV."""

import csv
import io
import re
import sys
from datetime import date

from billhead import clock
from billhead.domain.countries import COUNTRIES
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry, Job
from billhead.models.people import Customer, User
from billhead.models.subscriptions import Subscription, SubscriptionEvent
from billhead.web.admin.listing import Listing
from billhead.web.admin.narrowing import NARROWED

SESSION = 4  # the login, its seller, which plugins are on, and which switches stop something


def people(count: int, seller_id: int = 1) -> list[Customer]:
    return [
        Customer(
            seller_id=seller_id, name=f"Person {n:03d}", email=f"p{n}@example.com", country="FI", currency="EUR",
            created_at=clock.now(),
        )
        for n in range(count)
    ]  # fmt: skip


def names(text: str) -> list[str]:
    return re.findall(r">(Person \d{3})</a>", text)


def older(text: str) -> str:
    return re.search(r'href="([^"]+)" rel="next"', text)[1].replace("&amp;", "&")


def newer(text: str) -> str:
    return re.search(r'href="([^"]+)" rel="prev"', text)[1].replace("&amp;", "&")


LISTS = (
    "customers", "subscriptions", "services", "documents", "payments", "attempts", "jobs", "panels", "gateways",
    "deliveries", "audit", "callbacks", "catalogue", "messages", "not-billed", "plugins",
    "devices", "devices/models",
)  # fmt: skip
PAGES = {"": 9, "customers/1": 16, "subscriptions/1": 18, "services/1": 11, "documents/1": 9, "panels/1": 6}


def test_a_list_asks_once_however_long_it_is(counter):
    counter.add(*people(30))
    for name in LISTS:
        with counter.counting() as asked:
            counter.get(f"/admin/{name}")
        assert len(asked) <= 2 + (name == "audit") + SESSION, (name, asked)  # whom the trail names


def test_a_page_asks_a_bounded_number_of_times(counter):
    for path, most in PAGES.items():
        with counter.counting() as asked:
            counter.get(f"/admin/{path}")
        assert len(asked) <= most + SESSION, (path, asked)


def test_a_narrowed_list_says_by_name_what_it_shows(counter):
    name = re.search(r"<h1>(.*?) <span", counter.get("/admin/customers/1").text)[1]
    assert f'<p class="fine">Customer {name}</p>' in counter.get("/admin/documents?customer=1").text
    assert '<p class="fine">Billing run 7</p>' in counter.get("/admin/documents?run=7").text
    assert '<p class="fine">Tickets that nobody has</p>' in counter.get("/admin/tickets?unassigned=1").text
    assert '<p class="fine">Customer 900</p>' in counter.get("/admin/documents?customer=900").text, (
        "nobody has that number"
    )
    assert '<p class="fine">Customer' not in counter.get("/admin/documents?customer=me").text, "narrows nothing"


def test_every_list_can_say_what_it_is_narrowed_to():
    modules = [module for name, module in sys.modules.items() if name.startswith("billhead.web.admin")]
    lists = [one for module in modules for one in vars(module).values() if isinstance(one, Listing)]
    assert len(lists) > 30
    assert {name for one in lists for name in one.narrow} - NARROWED == set()


def test_a_history_tells_names_and_days(counter):
    day, at = date(2026, 11, 17), clock.now()
    kept = {"paid_through": "2026-12-17", "panel": "gone", "line": "2065", "ends_on": None, "by_staff": False}
    moved = {"before": 1, "customer_id": 1, "money": "moved"}
    counter.add(
        SubscriptionEvent(subscription_id=1, kind="imported", effective_on=day, details=kept, recorded_at=at),
        SubscriptionEvent(subscription_id=1, kind="ordered", effective_on=day, details={"plan_id": 1}, recorded_at=at),
        SubscriptionEvent(subscription_id=1, kind="transferred", effective_on=day, details=moved, recorded_at=at),
    )
    page = counter.get("/admin/subscriptions/1").text.replace("\xa0", " ")
    told = [re.sub("<[^>]*>", "", one) for one in re.findall(r'data-label="Details"[^>]*>(.*?)</td>', page)]
    assert "paid until: 16 Dec 2026, panel: gone, line: 2065" in told
    assert "plan: Basic" in told
    assert "customer before: Ada Lovelace, customer: Ada Lovelace, money: moved" in told


def test_of_the_menu_only_the_group_is_open_in_which_one_is(counter):
    menu = counter.get("/admin/documents").text.partition('<nav class="side"')[2].partition("</nav>")[0]
    groups = re.findall(r'<details name="side"( open)?><summary>(\w[^<]*)</summary>(.*?)</details>', menu, re.S)
    assert [heading for opened, heading, _ in groups if opened] == ["Money"]
    assert ['aria-current="page"' in links for opened, _, links in groups if opened] == [True]
    assert len(groups) >= 7


def test_pages_turn_by_key_and_keep_the_search(any_counter):
    any_counter.add(*people(60))
    first = any_counter.get("/admin/customers?q=Person").text
    second = any_counter.get(older(first)).text
    third = any_counter.get(older(second)).text
    assert names(first) == [f"Person {n:03d}" for n in range(59, 34, -1)]
    assert names(second) == [f"Person {n:03d}" for n in range(34, 9, -1)]
    assert names(third) == [f"Person {n:03d}" for n in range(9, -1, -1)]
    assert 'rel="next"' not in third
    assert names(any_counter.get(newer(third)).text) == names(second)
    assert 'value="Person"' in second


def test_customers_by_what_they_owe_and_have_in_the_order_that_is_asked_for(any_counter):
    counter = any_counter
    named = re.compile(r'scope="row"[^>]*><a[^>]*>([^<]+)</a>')
    ann, bob = people(2)
    ann.name, bob.name, bob.country = "Ann", "Bob", "DE"
    for key, minor in zip(counter.add(ann, bob), (500, 1250), strict=True):
        bill = {"seller_id": 1, "customer_id": key, "kind": "invoice", "state": "final", "fiscal_year": 2027,
                "number": 900 + key, "currency": "EUR", "tax_minor": 0, "created_at": clock.now()}  # fmt: skip
        counter.add(Document(**bill, net_minor=minor, total_minor=minor))
    listed = counter.get("/admin/customers").text
    ada = " ".join(re.sub("<[^>]+>", " ", re.findall(r"<tr>.*?</tr>", listed, re.S)[-1]).split())
    assert re.search(r"active – 1 \d+ \w{3} \d{4}", ada), ada  # owes nothing, has one line, paid to a day
    shown = {
        "?sort=owed": ["Bob", "Ann", "Ada Lovelace"],  # 12.50, 5.00, nothing
        "?sort=name": ["Ada Lovelace", "Ann", "Bob"],
        "?sort=since": ["Ada Lovelace", "Ann", "Bob"],
        "?owes=yes&sort=name": ["Ann", "Bob"],
        "?line=yes": ["Ada Lovelace"],
        "?country=DE": ["Bob"],
    }
    for asked, expected in shown.items():
        assert named.findall(counter.get(f"/admin/customers{asked}").text) == expected, asked
    rows = list(csv.DictReader(io.StringIO(counter.get("/admin/customers?sort=owed&owes=yes&format=csv").text)))
    assert [row["Owed"] for row in rows] == ["12.50 EUR", "5.00 EUR"]
    counter.add(*people(30))
    first = counter.get("/admin/customers?sort=owed").text
    assert len(named.findall(counter.get(older(first)).text)) == 33 - 25


def test_countries_stand_by_name_in_the_language_of_the_page(counter):
    def offered(language):
        page = counter.get("/admin/customers?country=AT", headers={"Accept-Language": language}).text
        return re.findall(r'<option value="([A-Z]{2})"( selected)?>', page)

    english, german = offered("en"), offered("de")
    assert [code for code, _ in english[:3]] == ["AF", "AX", "AL"]
    assert [code for code, _ in german[:3]] == ["AF", "EG", "AX"]
    for one in (english, german):
        assert len(one) == len(COUNTRIES)
        assert [code for code, selected in one if selected] == ["AT"]


def test_rows_that_come_in_shift_nothing(counter):
    ids = counter.add(*people(50))
    first = counter.get("/admin/customers").text
    counter.add(*people(5))
    assert names(counter.get(older(first)).text)[0] == f"Person {len(ids) - 26:03d}"


def test_the_csv_is_the_whole_filtered_list(any_counter):
    any_counter.add(*people(60))
    text = any_counter.get("/admin/customers?q=Person+01&format=csv").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Name"] for row in rows] == [f"Person {n:03d}" for n in range(19, 9, -1)]
    assert rows[0]["E-mail"] == "p19@example.com"


def test_a_formula_in_a_name_runs_in_no_spreadsheet(counter):
    (row,) = people(1)
    row.name = '=HYPERLINK("https://evil.example")'
    counter.add(row)
    assert "\"'=HYPERLINK" in counter.get("/admin/customers?format=csv").text


def test_money_in_the_csv_has_its_currency(counter):
    text = counter.get("/admin/payments?format=csv").text
    assert "9.99 EUR" in text


def test_a_filter_stands_for_several_states(counter):
    for state in ("failed", "parked", "done"):
        counter.add(Job(kind="house.purge", key=state, state=state, due_at=clock.now(), created_at=clock.now()))
    text = counter.get("/admin/jobs?state=needs+a+person&kind=house.purge").text
    assert "<code>failed</code>" in text
    assert "<code>parked</code>" in text
    assert "<code>done</code>" not in text
    assert '<option value="needs a person" selected>' in text


def test_percent_signs_are_looked_for_as_they_stand(counter):
    counter.add(*people(3))
    assert "Nothing fits" in counter.get("/admin/customers?q=%25").text


def test_the_trail_is_found_by_subject_and_by_who(counter):
    counter.add(AuditEntry(at=clock.now(), actor="staff:9", role="staff", action="plugins.disable", subject="plugin:x",
                           reason="because <b>", details={"old": 1}))  # fmt: skip
    for query in ({"object": "plugin:x"}, {"actor": "staff:9"}, {"verb": "plugins."}):
        text = counter.get("/admin/audit", query_string=query).text
        assert "because &lt;b&gt;" in text, query
        assert "old: 1" in text


def test_what_is_paid_to_the_22nd_is_paid_until_the_21st_wherever_people_read_it(counter):
    """Ada's page said 21 December, and the staff whom she called read 22."""
    counter.shop.change(
        Subscription, 1, paid_through=date(2026, 12, 22), billed_through=date(2026, 12, 22), next_bill_on=None
    )
    for page in ("/admin/subscriptions/1", "/admin/subscriptions", "/admin/customers/1"):
        shown = counter.get(page).text
        assert "Paid until" in shown, page
        assert "2026-12-21" in shown, page
        assert "2026-12-22" not in shown, page
    listed = counter.get("/admin/subscriptions?format=csv").text
    assert "2026-12-21" in listed
    assert "2026-12-22" not in listed


def test_the_trail_tells_people_and_things_by_name(counter):
    """Login 2003 is Ada's, who is customer 1: the trail said customer:2003 of her, and customer:1 of what was done."""
    people = [
        User(
            id=2000 + n,
            seller_id=1,
            email=f"ada{n}@home.example",
            role="customer",
            customer_id=1,
            created_at=clock.now(),
        )
        for n in range(20)
    ]
    counter.add(*people)

    def line(n):
        return AuditEntry(
            at=clock.now(), actor=f"customer:{2000 + n}", role="customer", action="support.open_ticket",
            subject="customer:1", reason="", details={}, request_id=f"r{n}",
        )  # fmt: skip

    counter.add(line(3))
    with counter.counting() as few:
        shown = counter.get("/admin/audit").text
    assert "ada3@home.example" in shown
    assert "customer:2003" not in shown
    assert re.search(r'<a href="/admin/customers/1">Ada Lovelace</a>', shown)
    assert "ada3@home.example" in counter.get("/admin/customers/1").text
    counter.add(*(line(n) for n in range(20)))
    with counter.counting() as many:
        counter.get("/admin/audit")
    assert len(many) == len(few)
