"""A change waits to be paid, and what it would change ends: whichever way that is, nobody is asked to pay for it."""

from datetime import UTC, date, datetime

import pytest
from april import do, on
from billing_shop import open_shop

from billhead import clock
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.transfer import transfer
from billhead.db import reading
from billhead.domain.context import Context, Role, Scope
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription, SubscriptionChange

APR, MAY, LAST = date(2026, 4, 1), date(2026, 5, 1), date(2026, 4, 20)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop
        with reading() as session:
            assert verify_ledger(session).faults == []


def expires(_shop, _subscription):
    on(MAY)
    do(lapse)


def comes_to_its_end(shop, subscription):
    shop.change(Subscription, subscription, service_ends_on=LAST, billing_ends_on=LAST)
    on(LAST)
    do(lapse)


WAYS = {
    "expired": expires,
    "canceled": comes_to_its_end,
    "canceled at once": lambda shop, subscription: do(cancel, subscription, "immediate"),
    "canceled later": lambda shop, subscription: do(cancel, subscription, "end_of_term"),
    "suspended": lambda shop, subscription: do(hold, subscription),
    "handed over": lambda shop, subscription: do(transfer, subscription, shop.customer(), "settled"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_proforma_of_a_change_goes_with_it(shop, way):
    customer = shop.customer(credit_minor=3600, card=False)
    subscription = shop.subscribe(customer, shop.plan("tv", 3000, family="tv"), due=APR)
    shop.run(APR)
    shop.change(Subscription, subscription, collection="manual", next_bill_on=None)
    shop.plan("gold", 6000, family="tv", tier=2)
    on(date(2026, 4, 11))
    me = Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))
    do(change, ChangeWish(subscription, plan="gold"), ctx=me)
    (offer,) = shop.all(Document, Document.kind == "proforma")
    assert offer.state == "open"
    WAYS[way](shop, subscription)
    assert shop.get(Document, offer.id).state == "void"
    assert [row.state for row in shop.all(SubscriptionChange)] == ["withdrawn"]
    if way in ("expired", "canceled", "suspended"):
        assert shop.get(Subscription, subscription).state == way
