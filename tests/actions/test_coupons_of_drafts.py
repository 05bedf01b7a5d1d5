"""Drafts of one subscription that has coupons: merged, put apart and void, each coupon has given what is on the paper.

A month of TV is 10.00 and 20 %; LESS takes 25 % off, as often as it is asked to.
"""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from coupon_shop import lines, make, order, paid, standing
from debt_shop import at

from billhead.actions.documents.merge_documents import merge_documents
from billhead.actions.documents.split_document import split_document
from billhead.actions.documents.undo_merge import undo_merge
from billhead.actions.documents.void_document import void_document
from billhead.db import reading, writing
from billhead.models.coupons import CouponUse
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

NOV, DEC, JAN = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def act(verb, *args, **more):
    with at(date(2027, 1, 2)), writing(SYSTEM) as tx:
        return verb(tx, *args, **more)


def uses(shop, *documents):
    """(taken off, cycles) that each document has of the coupon."""
    with reading() as session:
        found = {use.document_id: (use.discount_minor, use.cycles) for use in session.query(CouponUse)}
    return [found.get(one) for one in documents]


def two_drafts(shop, **coupon):
    """A subscription with a draft over December and one over January, both 7.50 after discount."""
    shop.plan("tv", 1000)
    make(shop, "LESS", percent_ppm=250_000, **coupon)
    with at(NOV):
        subscription, proforma = order(shop, shop.customer(), "LESS")
    paid(shop, proforma)
    shop.change(Subscription, subscription, collection="auto", next_bill_on=DEC)
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    for day in (DEC, JAN):
        with at(day):
            shop.run(day)
    first, second = [one.id for one in shop.all(Document, Document.state == "draft")]
    assert uses(shop, first, second) == [(250, 1), (250, 1)]
    return subscription, first, second


def test_two_drafts_become_one_and_two_again(shop):
    subscription, first, second = two_drafts(shop, cycles=5)
    before = standing(shop, subscription)
    merged = act(merge_documents, [first, second]).document_id
    assert lines(shop, merged) == [(750, 250, "LESS"), (750, 250, "LESS")]
    assert uses(shop, merged, first, second) == [(500, 2), None, None]
    act(undo_merge, merged)
    assert uses(shop, merged, first, second) == [None, (250, 1), (250, 1)]
    assert standing(shop, subscription) == before == [("active", 2, None, 750)]
    act(void_document, second, reason="not now")
    assert uses(shop, first, second) == [(250, 1), None]
    assert standing(shop, subscription) == [("active", 3, None, 500)]


def test_a_month_that_is_split_off_takes_its_part_along(shop):
    subscription, first, second = two_drafts(shop, cycles=5)
    merged = act(merge_documents, [first, second]).document_id
    january = shop.all(DocumentLine, DocumentLine.document_id == merged)[-1]
    off = act(split_document, merged, [january.id]).document_id
    assert uses(shop, merged, off) == [(250, 1), (250, 1)]
    act(void_document, off, reason="not now")
    assert standing(shop, subscription) == [("active", 3, None, 500)]
    act(void_document, merged, reason="nor that")
    assert standing(shop, subscription) == [("active", 4, None, 250)]
