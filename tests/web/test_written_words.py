"""How amounts, dates and lines are written, how lists are paged, and what a spreadsheet is given."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from flask import Flask
from web_shop import Shop

from billhead.actions.documents.describe_line import describe_line
from billhead.actions.provisioning.label_of import label_of
from billhead.models.sellers import Seller
from billhead.web.csv_export import csv_response
from billhead.web.formatting import day, last_day, moment, money, percent, term, tone
from billhead.web.paging import page_of

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (1234567, "EUR", "€12,345.67"),
        (5, "EUR", "€0.05"),
        (-999, "USD", "−$9.99"),
        (1200, "JPY", "¥1,200"),
        (5250, "KWD", f"KWD{NBSP}5.250"),
        (0, "CHF", f"CHF{NBSP}0.00"),
        (15000, "XCR", "150.00"),
    ],
)
def test_amounts(minor, currency, shown):
    assert money(minor, currency) == shown


def test_days_and_moments():
    assert day(date(2026, 11, 22)) == f'<time datetime="2026-11-22">22{NBSP}Nov{NBSP}2026</time>'
    assert day(None) == "–"
    at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert f"1{NBSP}Jan{NBSP}2027, 13:30" in moment(at, "Pacific/Kiritimati")
    assert f"31{NBSP}Dec{NBSP}2026, 13:30" in moment(at, "Pacific/Honolulu")
    assert last_day(date(2027, 1, 1)) == date(2026, 12, 31)


def test_terms_rates_and_tones():
    assert [term(text) for text in ("1 month", "3 months", "7 days", "")] == ["month", "3 months", "7 days", "once"]
    assert [percent(ppm) for ppm in (190000, 255000, 55000, 0)] == [f"{n}{NBSP}%" for n in ("19", "25.5", "5.5", "0")]
    assert [tone(word) for word in ("active", "failed", "past_due", "queued", "never heard of")] == [
        "good", "bad", "warn", "wait", "plain",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "quantity", "words"),
    [("recurring", 1, "Premium"), ("setup", 1, "Premium (set-up)"), ("trial", 1, "Premium (trial)"),
     ("recurring", 2, "Premium × 2")],
)  # fmt: skip
def test_the_words_of_a_line(kind, quantity, words):
    assert describe_line(SimpleNamespace(kind=kind, description="Premium", quantity=quantity)) == words


def test_a_spreadsheet_runs_nothing():
    app = Flask("small", static_folder=None)
    with app.test_request_context():
        text = csv_response("customers", ("name", "balance"), [("=cmd()", 5), ("-1+2", -3), ("Ünal", 0)]).get_data(True)
    assert text == "\ufeffname,balance\r\n'=cmd(),5\r\n'-1+2,-3\r\nÜnal,0\r\n"


LATER = datetime(2999, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({"desired_expires_at": None, "converged_version": 0, "sync": "pending"}, "pending"),
        ({"converged_version": 0, "sync": "pending"}, "provisioning"),
        ({"observed": {"login": "u"}, "observed_at": LONG_AGO}, "active"),
        ({"observed": {"login": "u"}, "observed_at": LONG_AGO, "desired_blocked": True}, "suspending"),
        ({"observed": {"blocked": True}, "observed_at": LONG_AGO, "desired_blocked": True}, "suspended"),
        ({"observed": {"expires_at": LONG_AGO.isoformat()}, "observed_at": LONG_AGO, "desired_expires_at": LONG_AGO},
         "suspended"),
        ({"sync": "unknown"}, "unknown"),
        ({"sync": "impossible"}, "failed"),
        ({"lifecycle": "unwanted"}, "terminating"),
        ({"lifecycle": "gone"}, "terminated"),
    ],
)  # fmt: skip
def test_the_word_for_a_service(changes, label):
    row = {
        "lifecycle": "wanted", "desired_blocked": False, "desired_expires_at": LATER, "observed": {},
        "observed_at": None, "sync": "ok", "desired_version": 1, "converged_version": 1, **changes,
    }  # fmt: skip
    assert label_of(SimpleNamespace(**row)) == label


def test_pages_by_key_reach_every_row_once_and_back_again(shop: Shop, monkeypatch):
    monkeypatch.setitem(page_of.__kwdefaults__, "size", 5)
    shop.change(Seller, shop.seller_id, fraud={"off": ["velocity"]})
    browser = shop.customer()
    for _ in range(12):
        shop.order(browser, "gift")
    shown, path = [], "/account/documents"
    while path:
        page = browser.get(path).text
        shown.append(numbers(page))
        path = link(page, "next")
    assert [len(rows) for rows in shown] == [5, 5, 2]  # invoices over 0.00, without their orders
    every = [number for rows in shown for number in rows]
    assert len(set(every)) == len(every)
    assert numbers(browser.get(link(page, "prev")).text) == shown[1]


def numbers(page: str) -> list[str]:
    import re

    return re.findall(r'href="/account/documents/(\d+)"', page)


def link(page: str, rel: str) -> str:
    import re

    found = re.search(rf'href="([^"]+)" rel="{rel}"', page)
    return found[1].replace("&amp;", "&") if found else ""
