"""A price changes: new customers pay it at once, those who have the plan when it was said to hold for them."""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop

from billhead.db import writing
from billhead.models.catalogue import Price
from billhead.models.documents import DocumentLine

NOV, DEC, JAN = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def version(shop, price, minor, number, existing_from=None, withdrawn_on=None):
    with writing(SYSTEM) as tx:
        old = tx.session.get_one(Price, price)
        dates = {"existing_from": existing_from, "withdrawn_on": withdrawn_on}
        new = Price(
            book_id=old.book_id, plan_id=old.plan_id, term=old.term, amount_minor=minor, version=number, **dates
        )
        tx.session.add(new)
        tx.session.flush()
        return new.id


def billed(shop, subscription):
    lines = shop.all(DocumentLine, DocumentLine.subscription_id == subscription)
    return [(line.price_id, line.period_start, line.unit_minor, line.net_minor) for line in lines]


def test_a_version_for_existing_subscriptions_is_paid_from_the_first_period_that_starts_after_its_day(shop):
    plan, price = shop.plan("tv", 1000)
    on_the_first = shop.subscribe(shop.customer(), (plan, price), due=NOV)
    on_the_20th = shop.subscribe(shop.customer(), (plan, price), due=date(2026, 11, 20))
    dearer = version(shop, price, 1200, 2, existing_from=date(2026, 12, 10))
    shop.run(date(2027, 1, 5))
    assert billed(shop, on_the_first) == [(price, NOV, 1000, 1000), (price, DEC, 1000, 1000), (dearer, JAN, 1200, 1200)]
    assert billed(shop, on_the_20th) == [
        (price, date(2026, 11, 20), 1000, 1000),  # its period had begun when the version came to hold
        (dearer, date(2026, 12, 20), 1200, 1200),
    ]


def test_new_customers_only_withdrawn_and_older_versions_leave_a_subscription_alone(shop):
    plan, first = shop.plan("tv", 1000)
    sold_at = version(shop, first, 1100, 2, existing_from=NOV)
    version(shop, first, 1500, 3)
    version(shop, first, 1600, 4, existing_from=NOV, withdrawn_on=date(2026, 10, 1))
    subscription = shop.subscribe(shop.customer(), (plan, sold_at), due=NOV)
    newest = shop.subscribe(shop.customer(), (plan, version(shop, first, 1700, 5)), due=NOV)
    shop.run(NOV)
    assert billed(shop, subscription) == [(sold_at, NOV, 1100, 1100)]
    assert [line[2] for line in billed(shop, newest)] == [1700]  # never back to what was added before it was sold


def test_of_two_versions_the_one_that_holds_last_counts(shop):
    plan, first = shop.plan("tv", 1000)
    version(shop, first, 1100, 2, existing_from=DEC)
    version(shop, first, 1300, 3, existing_from=JAN)
    subscription = shop.subscribe(shop.customer(), (plan, first), due=NOV)
    shop.run(JAN)
    assert [line[2] for line in billed(shop, subscription)] == [1000, 1100, 1300]


def test_a_proforma_offers_the_price_of_the_period_that_it_is_for(shop):
    plan, price = shop.plan("tv", 1000)
    dearer = version(shop, price, 1200, 2, existing_from=DEC)
    offer = shop.subscribe(shop.customer(), (plan, price), due=DEC, collection="manual", next_bill_on=NOV)
    shop.run(NOV)
    assert billed(shop, offer) == [(dearer, None, 1200, 1200)]
