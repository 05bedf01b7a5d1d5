"""Pitfall 23, the side of tax. Each currency has its own accounts and rows; yen have no cents, dinars three digits."""

from datetime import date

import pytest
from billing_shop import open_shop

from billhead.db import reading
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.ledger import LedgerAccount
from billhead.reports import ask, report_of, tabled

NOV = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("currency", "minor", "tax"),
    [
        ("EUR", 999, 200),  # 9.99 × 20 % = 1.998
        ("JPY", 1603, 321),  # ¥1,603 × 20 % = 320.6: whole yen
        ("CLP", 9990, 1998),
        ("KWD", 3333, 667),  # 3.333 × 20 % = 0.6666: three decimals
    ],
)
def test_pitfall_23_currency_tax_is_rounded_to_the_currency(sqlite_url, tmp_path, currency, minor, tax):
    with open_shop(sqlite_url, tmp_path) as shop:
        customer = shop.customer(currency=currency, credit_minor=0)
        shop.grant(customer, 5000, "USD")  # credit in dollars pays nothing here
        shop.subscribe(customer, shop.plan("tv", minor, currency=currency), due=NOV)
        shop.run(NOV)
        (document,) = shop.all(Document)
        assert (document.currency, document.tax_minor, document.settled_minor) == (currency, tax, 0)


def test_pitfall_23_currency_taxes_of_two_currencies_are_never_added(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        for currency, minor in (("EUR", 1000), ("JPY", 1000), ("USD", 1000)):
            customer = shop.customer(currency=currency)
            shop.subscribe(customer, shop.plan(f"tv{currency}", minor, currency=currency), due=NOV)
        shop.run(NOV)
        report = report_of("tax")
        with reading() as session:
            table = tabled(session, report, ask(session, report.report, {"from": "2026-11-01"}, date(2026, 11, 30)))
        assert [row[7] for row in table.rows] == [Money(200, "EUR"), Money(200, "JPY"), Money(200, "USD")]
        assert [(total.currency, total.cells[7].minor) for total in table.totals] == [
            ("EUR", 200), ("JPY", 200), ("USD", 200),
        ]  # fmt: skip
        assert [(tie.here.currency, tie.difference.minor) for tie in table.ties] == [("EUR", 0), ("JPY", 0), ("USD", 0)]
        accounts = shop.all(LedgerAccount, LedgerAccount.code == "tax")
        assert sorted((row.subject, row.currency) for row in accounts) == [
            ("FI:standard", "EUR"), ("FI:standard", "JPY"), ("FI:standard", "USD"),
        ]  # fmt: skip
