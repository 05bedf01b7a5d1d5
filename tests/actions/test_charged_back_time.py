"""What a chargeback takes of the time that was paid: what its own invoice has bought, and nothing of another's.

Television costs 120.00 EUR a year and 20 %, sports 6.00 a year.
"""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import at, pay

from billhead.actions.payments._disputing import open_dispute
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.db import writing
from billhead.models.documents import Document
from billhead.models.payments import Payment
from billhead.models.subscriptions import Service, Subscription

MARCH = date(2026, 3, 1)
NEXT = date(2027, 3, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, grace_hours=72) as shop:
        yield shop


def a_year(shop):
    """Paid on 1 March 2026."""
    tv = shop.plan("tv", 12000, "1 year")
    shop.plan("sport", 600, "1 year", kind="bouquet", details={"plans": ["tv"]})
    shop.plan("gold", 24000, "1 year")
    subscription = shop.subscribe(shop.customer(), tv, due=MARCH)
    with at(MARCH):
        shop.run(MARCH)
        pay(1, 14400)
    return subscription


def changed(shop, subscription, **wish):
    """On 10 April, and paid at once; returns the payment."""
    with at(date(2026, 4, 10)):
        with writing(SYSTEM) as tx:
            change(tx, ChangeWish(subscription, **wish))
        invoice = shop.all(Document)[-1]
        pay(invoice.id, invoice.total_minor)
    return shop.all(Payment)[-1]


def charged_back(shop, payment):
    with at(date(2026, 5, 1)), writing(SYSTEM) as tx:
        return open_dispute(tx, payment.id, payment.amount_minor, f"dp-{payment.id}").pulled


def test_an_add_on_whose_money_is_taken_back_leaves_the_year_of_its_plan(shop):
    subscription = a_year(shop)
    payment = changed(shop, subscription, addons=(AddOnOrder("sport"),))
    assert payment.amount_minor == 641  # 6.00 × 325 ÷ 365 days = 5.34, and 1.07
    assert charged_back(shop, payment) == []
    assert shop.get(Subscription, subscription).paid_through == NEXT
    assert shop.all(Document)[-1].settled_minor == 0, "it is owed, and dunning asks for it"
    (line,) = shop.all(Service)
    assert line.desired_expires_at == datetime(2027, 3, 4, tzinfo=UTC)
    # the year's own money takes the year, with or without the add-on's
    assert charged_back(shop, shop.all(Payment)[0]) == [subscription]
    assert shop.get(Subscription, subscription).paid_through == MARCH


def test_a_dearer_plan_whose_money_is_taken_back_ends_where_it_began(shop):
    subscription = a_year(shop)
    payment = changed(shop, subscription, plan="gold")
    assert charged_back(shop, payment) == [subscription]
    assert shop.get(Subscription, subscription).paid_through == date(2026, 4, 10)
