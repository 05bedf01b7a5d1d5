"""The dashboard: money and health at a glance, by figures that add up, and as few questions to the database as ever."""

import re
from datetime import date, timedelta
from html import unescape

from sqlalchemy import insert
from web_shop import Shop

from billhead import clock
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Job
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount, UnassignedMoney
from billhead.models.people import Customer
from billhead.models.sellers import ExchangeRate
from billhead.models.subscriptions import Subscription
from billhead.reports._recurring_moves import recurring_moves


def plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


def test_money_and_health_at_a_glance(counter):
    text = plain(counter.get("/admin/").text)
    assert "<b>€9.99</b>" in text  # Ada paid for a month
    assert "1 payment" in text
    assert "today €9.99" in text
    assert "+€7.96 new (1)" in text or "+€9.99 new (1)" in text
    assert "<b>100 %</b>" in text
    assert "Money in by day, EUR" in text
    assert "What to do next" not in text, "there is an income: the house is set up"
    for period in ("week", "days", "last-month", "year", "nonsense"):
        answer = counter.get(f"/admin/?period={period}")
        assert answer.status_code == 200, period
        assert ("0 payments" in answer.text) is (period == "last-month"), period


def test_what_is_to_be_done_leads_to_its_list(counter):
    counter.shop.change(Panel, 1, maintenance=True)
    counter.shop.change(GatewayAccount, 1, paused_because="the key was revoked")
    counter.add(
        UnassignedMoney(account_id=1, provider_ref="T1", amount_minor=500, currency="EUR", received_at=clock.now())
    )
    text = plain(counter.get("/admin/").text)
    for told in ("transfer without an owner", "gateway account paused", "panel not called: resting"):
        assert f"<b>1</b> <span>{told}" in text
    assert "the key was revoked" in text
    assert 'href="/admin/money/unassigned"' in text or "/unassigned" in text


def test_what_is_overdue_and_a_queue_that_stands_still_are_to_be_done(counter):
    today = clock.today_in("Europe/Helsinki")
    bill = {"seller_id": 1, "customer_id": 1, "kind": "invoice", "state": "final", "fiscal_year": 2027, "tax_minor": 0,
            "due_on": today - timedelta(days=1), "created_at": clock.now()}  # fmt: skip
    counter.add(
        Document(**bill, number=901, number_text="A-901", currency="EUR", net_minor=500, total_minor=500),
        Document(**bill, number=902, number_text="A-902", currency="USD", net_minor=1000, total_minor=1000),
        Document(
            **bill | {"due_on": today}, number=903, number_text="A-903", currency="USD", net_minor=1, total_minor=1
        ),
        Job(kind="x", due_at=clock.business_now() - timedelta(minutes=16), created_at=clock.now()),
    )
    counter.add(ExchangeRate(currency="USD", base="EUR", day=today, rate="0.9", source="test"))
    text = plain(counter.get("/admin/").text)
    assert "Everything that runs by itself runs" not in text
    assert "<b>2</b> <span>invoices overdue: €5.00, $10.00" in text
    assert "<span>job has waited for a quarter of an hour" in text
    # 5.00 + (10.00 + 0.01) × 0.9 = 14.01; late 5.00 + 9.00
    assert '<b>€14.01</b><span class="late">€14.00 overdue' in text
    assert "2 currencies, by today’s rates" in text
    counter.staff.client.set_cookie("language", "de")
    assert "<b>2</b> <span>Rechnungen überfällig: " in plain(counter.get("/admin/").text)
    assert "−€0.00" not in text
    listed = counter.get(f"/admin/documents?overdue_on={today}").text
    assert [f"A-{n}" in listed for n in (901, 902, 903)] == [True, True, False]


def test_what_is_listed_as_overdue_is_what_the_dashboard_counts(white_label):
    """The operator waits for 5.00, and Aurora for 7.00 in its shop."""
    ours, theirs = white_label.shop.seller_id, white_label.sellers["aurora"]
    today = clock.today_in("Europe/Helsinki")
    bill = {"kind": "invoice", "state": "final", "fiscal_year": 2027, "tax_minor": 0, "currency": "EUR",
            "due_on": today - timedelta(days=1), "created_at": clock.now()}  # fmt: skip
    white_label.customer("aurora", "ada@example.com")
    white_label.shop.customer("bob@example.com", name="Bob")
    customers = {one.seller_id: one.id for one in white_label.shop.rows(Customer)}
    white_label.act(
        lambda tx: tx.session.add_all([
            Document(**bill, seller_id=ours, customer_id=customers[ours], number=901, number_text="A-901",
                     net_minor=500, total_minor=500),
            Document(**bill, seller_id=theirs, customer_id=customers[theirs], number=902, number_text="S-902",
                     net_minor=700, total_minor=700),
        ])
    )  # fmt: skip
    sam = white_label.shop.person("staff", "sam@example.com", "*")
    found = re.search(r'href="([^"]+)"><b>(\d+)</b> <span>invoice overdue: €5.00', plain(sam.get("/admin/").text))
    assert found[2] == "1"
    listed = sam.get(unescape(found[1])).text
    assert ["A-901" in listed, "S-902" in listed] == [True, False]
    assert "S-902" in sam.get(f"/admin/documents?overdue_on={today}").text
    assert "A-901" not in sam.get("/admin/documents?shop=yes").text


def test_an_empty_house_is_told_what_to_do_next(shop: Shop):
    text = shop.person("staff", "sam@example.com", "*").get("/admin/").text
    assert "What to do next" in text
    for step in ("company", "panel", "gateway", "plan", "mail", "order"):
        assert f'href="/admin/setup/{step}"' in text


def test_ten_thousand_customers_are_asked_about_as_often_as_one(counter):
    with counter.counting() as few:
        counter.get("/admin/?period=year")
    with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
        now = clock.now()
        first = tx.session.get_one(Subscription, 1)
        many = range(1000, 11000)
        tx.session.execute(insert(Customer), [
            {"id": n, "seller_id": 1, "name": f"P{n}", "email": f"p{n}@example.com", "country": "FI", "currency": "EUR",
             "created_at": now} for n in many
        ])  # fmt: skip
        tx.session.execute(insert(Subscription), [
            {**{c.name: getattr(first, c.key) for c in Subscription.__mapper__.column_attrs for c in c.columns},
             "id": n, "customer_id": n, "external_ref": None} for n in many
        ])  # fmt: skip
    with counter.counting() as many_asked:
        answer = counter.get("/admin/?period=year")
    assert answer.status_code == 200
    assert "10,000 running subscriptions are not in it" in answer.text
    assert len(many_asked) == len(few), many_asked
    assert len(few) <= 13, few


def test_what_moved_recurring_revenue_adds_up(counter):
    """Net a month: A 10.00 → 12.00, B 120.00 a year stays, C 9.00 goes, D 30.00 for 3 months comes, E 8.00 → 5.00."""
    before, after = date(2027, 1, 31), date(2027, 2, 28)
    january, february = (date(2027, 1, 15), date(2027, 2, 15)), (date(2027, 2, 15), date(2027, 3, 15))
    year, quarter = (date(2026, 12, 1), date(2027, 12, 1)), (date(2027, 2, 1), date(2027, 5, 1))
    lines = (
        (101, "1 month", january, 1000), (101, "1 month", february, 1200), (102, "12 months", year, 12000),
        (103, "1 month", january, 900), (104, "3 months", quarter, 3000),
        (105, "1 month", january, 800), (105, "1 month", february, 500),
    )  # fmt: skip
    with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
        first = tx.session.get_one(Subscription, 1)
        names = [c.key for c in Subscription.__mapper__.column_attrs]
        for n in range(101, 106):
            tx.session.add(Subscription(**{**{k: getattr(first, k) for k in names}, "id": n, "external_ref": None}))
        tx.session.flush()
        for n, (subscription, term, (start, end), net) in enumerate(lines):
            bill = Document(seller_id=1, customer_id=1, kind="invoice", state="paid", fiscal_year=2027, number=900 + n,
                            currency="EUR", net_minor=net, tax_minor=0, total_minor=net,
                            created_at=clock.now())  # fmt: skip
            tx.session.add(bill)
            tx.session.flush()
            tx.session.add(DocumentLine(
                document_id=bill.id, position=1, subscription_id=subscription, kind="recurring", description="TV",
                term=term, period_start=start, period_end=end, unit_minor=net, net_minor=net,
            ))  # fmt: skip
    with counter.shop.app.app_context(), reading() as session:
        (found,) = recurring_moves(session, before, after)
    amounts = [one.minor for one in (found.before, found.new, found.up, found.lost, found.down, found.after)]
    # 10 + 10 + 9 + 8 = 37.00; + 10.00 (D) + 2.00 (A) − 9.00 (C) − 3.00 (E) = 37.00
    assert amounts == [3700, 1000, 200, 900, 300, 3700]
    assert (found.came, found.went) == (1, 1)
