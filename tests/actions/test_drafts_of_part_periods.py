"""Drafts over a part of a period that staff have changed: what they have let off stays let off."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from april import on
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.rebill import rebill
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.change_line import change_line
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions._free_time import free_time
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.db import reading, writing
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription, SubscriptionComponent

APR, SIXTEENTH = date(2026, 4, 1), date(2026, 4, 16)
STAFF = replace(SYSTEM, reason="asked by phone")


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 16, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def act(verb, *args, **more):
    with writing(STAFF) as tx:
        return verb(tx, *args, **more)


def let_off(shop, minor, *, inclusive=False):
    """A subscription whose second half of April is 15.00 as a draft, until staff make something else of it."""
    basic = shop.plan("basic", 3000, tax_inclusive=inclusive)
    shop.plan("gold", 6000, tax_inclusive=inclusive)
    shop.plan("sport", 600, kind="bouquet", details={"plans": ["basic"]}, tax_inclusive=inclusive)
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    subscription = shop.subscribe(shop.customer(), basic, due=SIXTEENTH, anchor=APR, started_on=SIXTEENTH)
    (part,) = shop.all(SubscriptionComponent, SubscriptionComponent.subscription_id == subscription)
    shop.change(SubscriptionComponent, part.id, starts_on=SIXTEENTH)
    shop.run(SIXTEENTH)
    (draft,) = shop.all(Document, Document.state == "draft")
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == draft.id)
    act(change_line, line.id, "basic", 1, minor)
    act(finalise_draft, draft.id)
    shop.change(Seller, shop.seller_id, hold_for_review=False)
    return subscription


def written(shop, subscription):
    """(kind, net and tax) of each line after the first."""
    return [(kind, net + tax) for kind, _, _, net, tax in shop.lines(subscription)][1:]


def in_order():
    with reading() as session:
        return verify_ledger(session).faults == []


@pytest.mark.parametrize("inclusive", [False, True])
def test_what_staff_let_off_on_a_draft_is_not_billed_by_a_later_change(shop, inclusive):
    subscription = let_off(shop, 1001, inclusive=inclusive)
    on(date(2026, 4, 21))
    act(change, ChangeWish(subscription, addons=(AddOnOrder("sport"),)))
    # only the add-on: 6.00 × 10/30, and 20 % where they are not in it
    assert written(shop, subscription) == [("recurring", 200 if inclusive else 240)]
    assert in_order()


@pytest.mark.parametrize("inclusive", [False, True])
def test_days_given_back_are_worth_what_staff_have_charged_for_them(shop, inclusive):
    subscription = let_off(shop, 1000, inclusive=inclusive)
    on(date(2026, 4, 21))
    act(change, ChangeWish(subscription, plan="gold"))
    # 10 of its 15 days come back: 6.67; 60.00 × 10/30 are charged
    expected = [("returned", -667), ("recurring", 2000)]
    if not inclusive:
        expected = [("returned", -800), ("recurring", 2400)]  # 20 % of 6.67 are 1.33
    assert written(shop, subscription) == expected
    assert in_order()


def test_a_draft_that_staff_made_free_gives_nothing_back_and_is_billed_no_more(shop):
    subscription = let_off(shop, 0)
    on(date(2026, 4, 21))
    act(change, ChangeWish(subscription, addons=(AddOnOrder("sport"),)))
    act(change, ChangeWish(subscription, plan="gold", addons=()))
    assert [line for line in written(shop, subscription) if line[0] == "recurring"] == [
        ("recurring", 240),
        ("recurring", 2400),
    ]
    assert in_order()


def test_a_second_line_of_the_same_period_is_worth_what_staff_have_made_of_it(shop):
    """Billed afterwards, 30.00 a month; nine days in April stood still. Ten days and eleven are a line each."""
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    subscription = shop.subscribe(
        shop.customer(), shop.plan("basic", 3000), due=APR, timing="arrears", next_bill_on=date(2026, 5, 1)
    )
    with writing(SYSTEM) as tx:
        held = tx.session.get_one(Subscription, subscription)
        free_time(tx, held, "debt", date(2026, 4, 11), date(2026, 4, 20))
    on(date(2026, 5, 1))
    shop.run(date(2026, 5, 1))
    (draft,) = shop.all(Document, Document.state == "draft")
    first, second = shop.all(DocumentLine, DocumentLine.document_id == draft.id)
    assert (first.net_minor, second.net_minor) == (1000, 1100)
    act(change_line, second.id, "basic", 1, 550)
    assert act(rebill, subscription).document_id is None
    act(change_line, first.id, "basic", 1, 200)
    act(finalise_draft, draft.id)
    assert act(rebill, subscription).document_id is None
    assert verify_billing().faults == []
    assert in_order()
    # it should have ended on 25 April: six of the eleven days come back at what they were charged for
    act(cancel, subscription, "on_date", on=date(2026, 4, 25), money="credit")
    assert [one.net_minor for one in shop.all(Document, Document.kind == "credit_note")] == [300]
    assert verify_billing().faults == []
