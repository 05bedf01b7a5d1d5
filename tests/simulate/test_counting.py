"""What a day of a simulation counts, told with dates and cents."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.db import reading, writing
from billhead.models.documents import Document
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription
from billhead.simulate.counting import Books, Flow

NOV = date(2026, 11, 1)
NOTHING = Flow()


def noon(day):
    return clock.business_time(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, noon(NOV):
        yield shop


def euros(books: Books) -> Flow:
    with reading() as session:
        return books.day(session).get("EUR", NOTHING)


def test_a_draft_counts_on_the_day_on_which_it_becomes_final(shop):
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    shop.subscribe(shop.customer(card=False), shop.plan("tv", 1000), due=NOV)
    books = Books()
    shop.run(NOV)
    assert euros(books) == NOTHING
    with writing(replace(SYSTEM, reason="looked at")) as tx:
        finalise_draft(tx, shop.all(Document)[0].id)
    assert euros(books) == Flow(invoiced=1200, tax=200, owed=1200)
    assert euros(books) == Flow(owed=1200)


def test_an_invoice_of_two_services_is_lost_with_the_second(shop):
    customer = shop.customer(card=False, consolidate=True)
    first = shop.subscribe(customer, shop.plan("tv", 1000), due=NOV)
    second = shop.subscribe(customer, shop.plan("sports", 500), due=NOV)
    books = Books()
    shop.run(NOV)
    assert len(shop.all(Document)) == 1
    assert euros(books) == Flow(invoiced=1800, tax=300, owed=1800)
    shop.change(Subscription, first, state="canceled")
    assert euros(books) == Flow(owed=1800)
    shop.change(Subscription, second, state="canceled")
    assert euros(books) == Flow(lost=1800, owed=0)
