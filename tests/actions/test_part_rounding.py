"""Parts of a period where a seller rounds tax on the sum of a document, so that amounts give way by a cent.

A draft says what becomes of it, and no later change bills the cent.
"""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.retax_open import retax_open
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.finalise_draft import finalise_draft, preview_finalise_draft
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._book import Receipt, book
from billhead.actions.sellers._billing_rules import BillingRules
from billhead.actions.sellers.set_billing_rules import set_billing_rules
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change, preview_change
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import Tx, reading, writing
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import GatewayAccount
from billhead.models.people import Customer
from billhead.models.sellers import Seller

APR, SIXTEENTH = date(2026, 4, 1), date(2026, 4, 16)
WAYS = [("per_rate_keep_net", True), ("per_rate_keep_gross", False)]


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 16, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def half_a_month(shop, mode, inclusive, minor):
    """Three things of one price for the second half of April, on a draft."""
    with writing(SYSTEM) as tx:
        set_billing_rules(tx, shop.seller_id, BillingRules(tax_rounding=mode))
    about = {"kind": "bouquet", "details": {"plans": ["tv"]}, "tax_inclusive": inclusive}
    parts = [shop.plan("tv", minor, tax_inclusive=inclusive), *(shop.plan(code, minor, **about) for code in "ab")]
    shop.plan("sport", 600, **about)
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    subscription = shop.subscribe(shop.customer(), *parts, due=SIXTEENTH, anchor=APR, started_on=SIXTEENTH)
    shop.run(SIXTEENTH)
    return subscription


def figures(shop):
    return [(line.net_minor, line.tax_minor) for line in shop.all(DocumentLine)]


@pytest.mark.parametrize(("mode", "inclusive"), WAYS)
@pytest.mark.parametrize("minor", [199, 203, 205, 211])
def test_a_draft_over_a_part_says_what_becomes_of_it(shop, mode, inclusive, minor):
    half_a_month(shop, mode, inclusive, minor)
    (draft,), before = shop.all(Document), figures(shop)
    with reading() as session:
        would = preview_finalise_draft(session, session.get_one(Document, draft.id))
    with writing(replace(SYSTEM, reason="looked at")) as tx:
        finalise_draft(tx, draft.id)
    final = shop.get(Document, draft.id)
    assert figures(shop) == before
    assert (final.net_minor, final.tax_minor, final.total_minor) == (would.net, would.tax, would.total)
    assert final.total_minor == draft.total_minor


@pytest.mark.parametrize(("mode", "inclusive"), WAYS)
def test_a_later_change_bills_no_cent_of_the_rounding(shop, mode, inclusive):
    # 2.05 × 15/30 is 1.03, with 20 % in it 0.86 and 0.17; of 3 × 0.86 the tax is 0.52, so that one line says 1.04
    subscription = half_a_month(shop, mode, inclusive, 205)
    with writing(replace(SYSTEM, reason="looked at")) as tx:
        finalise_draft(tx, shop.all(Document)[0].id)
    assert verify_billing().faults == []
    wish = ChangeWish(subscription, addons=tuple(AddOnOrder(code) for code in ("a", "b", "sport")))
    with reading() as session:
        shown = preview_change(Tx(SYSTEM, session), wish)
    with writing(SYSTEM) as tx:
        done = change(tx, wish)
    assert done.total_minor == shown.total_minor
    # 6.00 × 15/30, and nothing else
    assert figures(shop)[3:] == [(250, 50) if inclusive else (300, 60)]
    assert verify_billing().faults == []
    with reading() as session:
        assert verify_ledger(session).faults == []


def offered(shop, mode, inclusive):
    """The same three, ordered on 16 April by somebody who is billed on the 1st: 2.05 × 15/30 each."""
    with writing(SYSTEM) as tx:
        set_billing_rules(tx, shop.seller_id, BillingRules(tax_rounding=mode))
    shop.plan("tv", 205, tax_inclusive=inclusive)
    for code in "ab":
        shop.plan(code, 205, kind="bouquet", details={"plans": ["tv"]}, tax_inclusive=inclusive)
    customer = shop.customer(billing_day=1)
    with writing(SYSTEM) as tx:
        addons = (AddOnOrder("a"), AddOnOrder("b"))
        order = start_subscription(tx, Order(customer_id=customer, plan="tv", term="1 month", addons=addons))
    return customer, order.document_id


@pytest.mark.parametrize(("mode", "inclusive"), WAYS)
def test_an_order_over_a_part_that_is_paid_the_same_day_costs_what_was_offered(shop, mode, inclusive):
    _, proforma = offered(shop, mode, inclusive)
    with writing(SYSTEM) as tx:
        account = tx.session.get_one(GatewayAccount, shop.cards_id)
        offer = tx.session.get_one(Document, proforma)
        total = offer.total_minor
        book(tx, offer, Receipt(account, Money(total, "EUR"), "paid-at-once"))
    invoice = shop.all(Document, Document.kind == "invoice")[-1]
    assert (invoice.total_minor, invoice.state) == (total, "paid")
    assert shop.all(CustomerCredit) == []


@pytest.mark.parametrize(("mode", "inclusive"), WAYS)
def test_an_order_over_a_part_is_taxed_anew_when_its_buyer_says_more(shop, mode, inclusive):
    customer, proforma = offered(shop, mode, inclusive)
    before = shop.get(Document, proforma).total_minor
    with writing(SYSTEM) as tx:
        tx.session.get_one(Customer, customer).region = "AX"  # Åland: no tax there
        assert retax_open(tx, customer) == (proforma,)
    offer = shop.get(Document, proforma)
    assert offer.tax_minor == 0
    assert abs(offer.total_minor - (before if inclusive else 309)) <= 1  # 3 × 1.03
