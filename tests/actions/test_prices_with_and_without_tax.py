"""A change from a plan whose prices have tax in them to one whose prices have not, and the bills that follow."""

from datetime import UTC, date, datetime

import pytest
from april import do, on
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.retax_open import retax_open
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.documents.render_pdf import render_pdf
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import ChangeWish, change, preview_change
from billhead.db import Tx, reading
from billhead.models.documents import Document
from billhead.models.sellers import Seller

APR, MAY, JUN, JUL = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)
SIXTEENTH = date(2026, 4, 16)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def in_order():
    with reading() as session:
        ledger = verify_ledger(session).faults
    return ledger == [] and verify_billing().faults == []


def totals(shop):
    return [(one.kind, one.net_minor, one.tax_minor, one.total_minor) for one in shop.all(Document)]


def planned(shop, *more, late=False):
    """9.99 with tax in it until May, then 8.00 and tax; `late`: April is not billed yet, so it ends today."""
    shop.plan("mini", 800)
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.plan("tv", 999, tax_inclusive=True), *more, due=APR)
    if not late:
        shop.run(APR)
    on(SIXTEENTH)
    do(change, ChangeWish(subscription, plan="mini", when="end_of_term"))
    return customer, subscription


def test_bills_go_on_after_a_planned_change_to_a_plan_without_tax_in_its_price(shop):
    _, subscription = planned(shop)
    for day in (MAY, JUN):
        on(day)
        assert shop.run(day).failed == 0
        do(begin_scheduled)
    # 9.99 holds 1.67 of tax at 20 %; 8.00 and 1.60
    assert totals(shop) == [("invoice", 832, 167, 999), ("invoice", 800, 160, 960), ("invoice", 800, 160, 960)]
    on(date(2026, 6, 16))
    do(cancel, subscription, "immediate", money="credit")
    assert totals(shop)[-1] == ("credit_note", 400, 80, 480)  # 15 of 30 days
    assert in_order()


def test_a_run_that_comes_late_bills_both_on_one_document(shop):
    planned(shop, late=True)
    on(MAY)
    assert shop.run(MAY).failed == 0
    # 9.99 × 15/30 = 5.00, which holds 0.83; 8.00 × 15/30 and the 8.00 of May with 20 %
    assert totals(shop) == [("invoice", 417 + 400 + 800, 83 + 80 + 160, 1940)]
    assert (shop.run(MAY).failed, len(totals(shop))) == (0, 1)
    assert in_order()


def test_an_upgrade_gives_back_with_tax_what_had_it_and_charges_the_other_without(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.plan("tv", 999, tax_inclusive=True), due=APR)
    shop.plan("gold", 3001)
    shop.run(APR)
    on(SIXTEENTH)
    wish = ChangeWish(subscription, plan="gold", when="immediate")
    with reading() as session:
        before = preview_change(Tx(SYSTEM, session), wish)
    done = do(change, wish)
    # 9.99 × 15/30 = 5.00 are kept, 4.99 come back with 0.83 of tax; 30.01 × 15/30 = 15.01 and 3.00
    assert shop.lines(subscription)[1:] == [
        ("returned", SIXTEENTH, MAY, -416, -83),
        ("recurring", SIXTEENTH, MAY, 1501, 300),
    ]
    assert before.total_minor == done.total_minor == 1801 - 499
    assert in_order()


def test_an_add_on_with_tax_in_its_price_stays_on_one_bill_with_a_plan_without(shop):
    sport = shop.plan("sport", 499, kind="bouquet", tax_inclusive=True, details={"plans": ["tv", "mini"]})
    customer, subscription = planned(shop, sport)
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    on(MAY)
    assert shop.run(MAY).failed == 0
    # 4.99 holds 0.83; 8.00 and 1.60
    both = [("recurring", MAY, JUN, 416, 83), ("recurring", MAY, JUN, 800, 160)]
    assert shop.lines(subscription)[2:] == both
    (draft,) = shop.all(Document, Document.state == "draft")
    assert (draft.total_minor, draft.tax_inclusive) == (1459, False)
    do(retax_open, customer)
    assert shop.get(Document, draft.id).total_minor == 1459
    do(finalise_draft, draft.id)
    assert shop.lines(subscription)[2:] == both
    assert shop.get(Document, draft.id).total_minor == 1459
    with reading() as session:
        assert render_pdf(session, session.get_one(Document, draft.id)).startswith(b"%PDF")
    assert in_order()


def test_who_renews_by_hand_is_offered_the_plan_without_tax_in_its_price(shop):
    shop.plan("mini", 800)
    customer = shop.customer(card=False)
    tv = shop.plan("tv", 999, tax_inclusive=True)
    subscription = shop.subscribe(customer, tv, due=MAY, anchor=APR, collection="manual")
    on(SIXTEENTH)
    do(change, ChangeWish(subscription, plan="mini", when="end_of_term"))
    on(MAY)
    assert shop.run(MAY).failed == 0
    assert totals(shop) == [("proforma", 800, 160, 960)]
