"""A set-up fee is charged once for what is set up: with the first term, after a trial, for an add-on that comes later.

Television costs 10.00 EUR a month and 20.00 once, seven days to try it 1.00; sports 6.00 and 3.00 once. With 20 %.
"""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import at, pay
from sqlalchemy import select

from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.void_document import void_document
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change, preview_change
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import reading, writing
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

APRIL, MAY, JUNE = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def charged(shop, *, kind="invoice"):
    """(kind, net) of the newest document of a kind."""
    with reading() as session:
        newest = session.scalars(select(Document.id).where(Document.kind == kind).order_by(Document.id.desc())).first()
        rows = session.execute(
            select(DocumentLine.kind, DocumentLine.net_minor)
            .where(DocumentLine.document_id == newest)
            .order_by(DocumentLine.position)
        ).all()
    return [tuple(row) for row in rows]


def tried(shop, collection):
    shop.plan("tv", 1000, setup_minor=2000, trial_term="7 days", trial_minor=100)
    customer = shop.customer()
    with at(APRIL):
        with writing(SYSTEM) as tx:
            started = start_subscription(tx, Order(customer, "tv", "1 month", trial=True))
        pay(shop.all(Document)[0].id, 120)
    assert charged(shop) == [("trial", 100)]
    shop.change(Subscription, started.subscription_id, collection=collection)
    return started.subscription_id


def test_what_was_tried_is_set_up_when_it_becomes_the_plan(shop):
    tried(shop, "auto")
    with at(date(2026, 4, 8)):
        shop.run(date(2026, 4, 8))
    assert charged(shop) == [("setup", 2000), ("recurring", 1000)]
    with at(date(2026, 5, 8)):
        shop.run(date(2026, 5, 8))
    assert charged(shop) == [("recurring", 1000)]


def void(shop):
    (draft,) = shop.all(Document, Document.state == "draft")
    with writing(SYSTEM) as tx:
        void_document(tx, draft.id, reason="wrong address")


def test_a_void_draft_over_the_first_term_after_a_trial_leaves_the_set_up_to_the_next_one(shop):
    tried(shop, "auto")
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    with at(date(2026, 4, 8)):
        for _ in range(2):
            shop.run(date(2026, 4, 8))
            assert charged(shop) == [("setup", 2000), ("recurring", 1000)]
            void(shop)
        shop.run(date(2026, 4, 8))
    with at(date(2026, 5, 8)):
        shop.run(date(2026, 5, 8))
    assert charged(shop) == [("recurring", 1000)]
    assert verify_billing().differing == 0


def test_a_change_after_a_void_draft_is_billed_with_the_set_up(shop):
    subscription = tried(shop, "auto")
    shop.plan("sport", 600, setup_minor=300, kind="bouquet", details={"plans": ["tv"]})
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    with at(date(2026, 4, 8)):
        shop.run(date(2026, 4, 8))
        void(shop)
        wish(subscription, addons=(AddOnOrder("sport"),))
    assert charged(shop) == [("setup", 2000), ("recurring", 1000), ("setup", 300), ("recurring", 600)]
    assert verify_billing().differing == 0


def test_who_pays_by_hand_is_offered_the_set_up_after_the_trial_and_not_again(shop):
    tried(shop, "manual")
    with at(date(2026, 4, 8)):
        shop.run(date(2026, 4, 8))
        assert charged(shop, kind="proforma") == [("setup", 2000), ("recurring", 1000)]
        pay(shop.all(Document)[-1].id, 3600)
    assert charged(shop) == [("setup", 2000), ("recurring", 1000)]
    with at(date(2026, 5, 8)):
        shop.run(date(2026, 5, 8))
    assert charged(shop, kind="proforma") == [("recurring", 1000)]


@pytest.fixture
def watched(shop):
    """Television since 1 April, billed for April; sports can be added."""
    tv = shop.plan("tv", 1000, setup_minor=2000)
    shop.plan("gold", 3000, setup_minor=5000)
    shop.plan("sport", 600, setup_minor=300, kind="bouquet", details={"plans": ["tv", "gold"]})
    subscription = shop.subscribe(shop.customer(), tv, due=APRIL)
    with at(APRIL):
        shop.run(APRIL)
    assert charged(shop) == [("recurring", 1000)]
    return subscription


def wish(subscription, **more):
    with writing(SYSTEM) as tx:
        shown = preview_change(tx, ChangeWish(subscription, **more)).total_minor
        change(tx, ChangeWish(subscription, **more))
    return shown


def test_an_add_on_that_comes_later_is_set_up_once(shop, watched):
    sport = (AddOnOrder("sport"),)
    with at(date(2026, 4, 16)):
        assert wish(watched, addons=sport) == 720  # 3.00, and 6.00 × 15 ÷ 30 days; with 20 %
        assert charged(shop) == [("setup", 300), ("recurring", 300)]
        wish(watched, plan="gold", addons=sport)  # another plan in place of the old one is not set up anew
        assert charged(shop) == [("returned", -500), ("recurring", 1500)]
    with at(date(2026, 4, 18)):
        wish(watched, addons=(), when="immediate")
    with at(date(2026, 4, 20)):
        wish(watched, addons=sport)
        assert [kind for kind, _ in charged(shop)] == ["recurring"]
    with at(MAY):
        shop.run(MAY)
    assert charged(shop) == [("recurring", 3000), ("recurring", 600)]
    assert verify_billing().differing == 0


def test_an_add_on_that_begins_with_the_next_term_is_set_up_then(shop, watched):
    with at(date(2026, 4, 16)):
        wish(watched, addons=(AddOnOrder("sport"),), when="end_of_term")
    for month, lines in ((MAY, [("recurring", 1000), ("setup", 300), ("recurring", 600)]),
                         (JUNE, [("recurring", 1000), ("recurring", 600)])):  # fmt: skip
        with at(month):
            shop.run(month)
        assert charged(shop) == lines
    assert verify_billing().differing == 0


def test_an_add_on_that_was_set_up_today_is_not_again_when_a_whole_term_begins_today(shop, watched):
    with at(date(2026, 4, 16)):
        wish(watched, addons=(AddOnOrder("sport"),))
        wish(watched, plan="gold", addons=(AddOnOrder("sport"),), restart=True)
    assert "setup" not in [kind for kind, _ in charged(shop)]
