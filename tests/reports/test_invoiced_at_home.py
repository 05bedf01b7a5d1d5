"""Invoiced in the seller's own currency: by the frozen rates, with what has none counted beside."""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop

from billhead.actions.rates.fill_worth import fill_worth
from billhead.actions.rates.import_rates import import_rates
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.reports import ask, report_of, tabled

NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def told():
    found = report_of("invoiced-at-home")
    with reading() as session:
        return tabled(session, found, ask(session, found.report, {}, date(2026, 12, 31)))


def test_months_and_currencies_at_the_rates_of_their_days(shop):
    with writing(SYSTEM) as tx:
        import_rates(tx, "day,currency,base,rate\n2026-10-30,USD,EUR,0.9215\n2026-11-30,USD,EUR,0.9000\n")
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=NOV)
    shop.subscribe(shop.customer(currency="USD"), shop.plan("us", 1000, currency="USD"), due=NOV)
    shop.subscribe(shop.customer(currency="JPY"), shop.plan("jp", 1000, currency="JPY"), due=NOV)
    shop.run(NOV)
    shop.run(DEC)
    euro = Money(1200, "EUR")
    assert [tuple(row) for row in told().rows] == [
        ("2026-11", "EUR", 1, "12.00 EUR", 0, euro),
        ("2026-11", "JPY", 1, "1200 JPY", 1, Money(0, "EUR")),
        ("2026-11", "USD", 1, "12.00 USD", 0, Money(1106, "EUR")),  # 12.00 × 0.9215 = 11.058
        ("2026-12", "EUR", 1, "12.00 EUR", 0, euro),
        ("2026-12", "JPY", 1, "1200 JPY", 1, Money(0, "EUR")),
        ("2026-12", "USD", 1, "12.00 USD", 0, Money(1080, "EUR")),
    ]
    with writing(SYSTEM) as tx:
        import_rates(tx, "day,currency,base,rate\n2026-10-30,EUR,JPY,160\n")
        assert fill_worth(tx).filled == 1  # 1200 / 160 = 7.50; December's day has no rate that is new enough
    yen = [row for row in told().rows if row[1] == "JPY"]
    assert [(row[4], row[5].minor) for row in yen] == [(0, 750), (1, 0)]
    (void, *_) = [one for one in shop.all(Document) if one.currency == "EUR"]
    shop.change(Document, void.id, state="void")
    assert told().rows[0][1] == "JPY"
