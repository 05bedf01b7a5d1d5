"""What is billed afterwards, in stories: what stood still is not billed, and what was watched is."""

from datetime import UTC, date, datetime

import pytest
from april import do, on
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._book import Receipt, book
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.lift_suspension import lift_suspension
from billhead.actions.subscriptions.restore import restore
from billhead.actions.subscriptions.suspend import suspend
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount
from billhead.models.subscriptions import Service, Subscription

APR, MAY, JUN, JUL = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def in_order():
    with reading() as session:
        ledger = verify_ledger(session).faults
    return ledger == [] and verify_billing().faults == []


def from_april(shop, minor):
    """A month for so much, from April on; each is paid from credit when it is over."""
    customer, plan = shop.customer(credit_minor=12_000), shop.plan("tv", minor)
    return shop.subscribe(customer, plan, due=MAY, anchor=APR, timing="arrears", billed_through=APR)


def test_what_is_billed_afterwards_is_billed_for_the_days_that_were_watched(shop):
    subscription = from_april(shop, 3000)
    on(date(2026, 4, 10))
    do(suspend, subscription, "debt")
    shop.run(MAY)
    assert shop.lines(subscription) == []
    on(date(2026, 6, 20))
    do(restore, subscription, "debt")
    shop.run(date(2026, 6, 20))
    # 30.00 × 9/30 of April; nothing of May, which nobody watched
    assert shop.lines(subscription) == [("recurring", APR, date(2026, 4, 10), 900, 180)]
    after = shop.get(Subscription, subscription)
    assert (after.billed_through, after.next_bill_on) == (JUN, JUL)
    shop.run(JUL)
    assert shop.lines(subscription)[1:] == [("recurring", date(2026, 6, 20), JUL, 1100, 220)]  # 30.00 × 11/30
    shop.run(date(2026, 8, 1))
    assert shop.lines(subscription)[2:] == [("recurring", JUL, date(2026, 8, 1), 3000, 600)]
    assert in_order()


def test_two_stretches_of_one_month_cost_together_what_so_many_days_do(shop):
    subscription = from_april(shop, 1000)
    on(date(2026, 4, 6))
    do(suspend, subscription, "staff")
    on(date(2026, 4, 26))
    do(lift_suspension, subscription)
    shop.run(MAY)
    # 10.00 × 5/30 is 1.67, and 10.00 × 10/30 is 3.33
    assert [line[1:4] for line in shop.lines(subscription)] == [
        (APR, date(2026, 4, 6), 167),
        (date(2026, 4, 26), MAY, 166),
    ]
    assert in_order()


def test_what_is_billed_afterwards_and_ends_while_it_stands_still_pays_what_was_watched(shop):
    subscription = from_april(shop, 3000)
    on(date(2026, 4, 10))
    do(suspend, subscription, "debt")
    on(date(2026, 5, 20))
    assert do(cancel, subscription, "immediate").total_minor == 1080  # 30.00 × 9/30 and 20 %
    assert shop.lines(subscription) == [("recurring", APR, date(2026, 4, 10), 900, 180)]
    assert shop.get(Subscription, subscription).state == "canceled"
    shop.run(date(2026, 7, 1))
    assert len(shop.lines(subscription)) == 1
    assert in_order()


def test_who_pays_what_is_billed_afterwards_watches_to_the_end_of_the_month_that_runs(shop):
    plan = shop.plan("tv", 3000)
    subscription = shop.subscribe(shop.customer(), plan, due=MAY, anchor=APR, timing="arrears", billed_through=APR)
    on(MAY)
    shop.run(MAY)
    (invoice,) = shop.all(Document)
    on(date(2026, 5, 2))
    with writing(SYSTEM) as tx:
        account = tx.session.get_one(GatewayAccount, shop.cards_id)
        book(tx, tx.session.get_one(Document, invoice.id), Receipt(account, Money(3600, "EUR"), "t1"))
    assert shop.get(Subscription, subscription).paid_through == MAY
    assert shop.all(Service)[0].desired_expires_at == datetime(2026, 6, 4, tzinfo=UTC)  # and the seller's three days
