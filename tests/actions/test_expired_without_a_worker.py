"""A night without a worker: what nobody renewed is over since it was paid to, whenever that is written down."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import pay

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import writing
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription, SubscriptionEvent


def on(day):
    clock.move_business_clock(datetime(2026, *day, 12, tzinfo=UTC))


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 3, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def do(verb, *args):
    with writing(SYSTEM) as tx:
        return verb(tx, *args)


def test_days_that_nobody_paid_before_a_late_renewal_are_no_fault(shop):
    shop.plan("tv", 3000)
    started = do(start_subscription, Order(shop.customer(card=False), "tv", "1 month"))
    pay(started.document_id, 3600)
    on((3, 25))
    shop.run(date(2026, 3, 25))
    (offer,) = shop.all(Document, Document.state == "open")
    on((4, 3))
    assert do(lapse).expired == 1
    (expired,) = shop.all(SubscriptionEvent, SubscriptionEvent.kind == "expire")
    assert expired.effective_on == date(2026, 4, 1)
    on((4, 5))
    pay(offer.id, 3600)
    assert shop.get(Subscription, started.subscription_id).paid_through == date(2026, 5, 5)
    assert verify_billing().faults == []
