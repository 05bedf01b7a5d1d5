"""One billing day for an account: what is ordered in between pays the part until it, everything after whole periods."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from coupon_shop import make
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing.quote import Part, Wanted, quote, read_buyers
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._book import Receipt, book
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.actions.subscriptions.start_several import start_several
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.models.coupons import CouponRedemption
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import GatewayAccount
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import ExtraLine

JAN = date(2026, 1, 1)


class TenOff:
    code = "friends"

    def apply(self, drafts):
        return [[ExtraLine("ten", "For a friend", Money(-1000, "EUR"))] for _ in drafts]


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 1, 10, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def on(day):
    clock.move_business_clock(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def ordered(shop, customer, plan="tv", **more):
    with writing(SYSTEM) as tx:
        return start_subscription(tx, Order(customer_id=customer, plan=plan, term="1 month", **more))


def settled(document_id):
    with writing(SYSTEM) as tx:
        return settle_proforma(tx, document_id)


def test_an_order_pays_the_days_until_the_billing_day_and_the_cart_says_so(shop):
    plan = shop.plan("tv", 3100)
    customer = shop.customer(billing_day=25)
    with reading() as session:
        buyer = read_buyers(session, [customer])[customer]
        cart = quote(session, shop.seller_id, "EUR", [Wanted([Part(None, *plan, 1)])], buyer)
    order = ordered(shop, customer)
    offer = shop.get(Document, order.document_id)
    # 25 December to 25 January has 31 days; 15 of them: 31.00 × 15 / 31 = 15.00, and 20 %
    assert (offer.total_minor, cart.total_minor, offer.due_on) == (1800, 1800, date(2026, 1, 24))
    on(date(2026, 1, 12))
    invoice = settled(order.document_id)
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == invoice)
    # paid two days later: 13 days are left
    assert (line.period_start, line.period_end, line.net_minor) == (date(2026, 1, 12), date(2026, 1, 25), 1300)
    assert (line.cycle_start, line.cycle_end, line.cycle_minor) == (date(2025, 12, 25), date(2026, 1, 25), 3100)
    shop.change(Subscription, order.subscription_id, collection="auto", next_bill_on=date(2026, 1, 25))
    shop.run(date(2026, 1, 25))
    assert shop.lines(order.subscription_id)[-1][:4] == ("recurring", date(2026, 1, 25), date(2026, 2, 25), 3100)
    with reading() as session:
        assert verify_ledger(session).faults == []


def pays(shop, document_id, minor):
    with writing(SYSTEM) as tx:
        document, account = tx.session.get_one(Document, document_id), tx.session.get_one(GatewayAccount, shop.cards_id)
        book(tx, document, Receipt(account, Money(minor, "EUR"), f"camt-{document_id}"))
    return shop.all(Document, Document.kind == "invoice")[-1]


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_part_that_is_paid_late_costs_the_days_that_are_left_and_the_rest_is_credit(shop, inclusive):
    shop.plan("tv", 3100, setup_minor=500, tax_inclusive=inclusive)
    shop.plan("gold", 6200, tax_inclusive=inclusive)
    make(shop, "TENTH", percent_ppm=100_000, cycles=None, covers_setup=False)
    customer = shop.customer(billing_day=25)
    order = ordered(shop, customer, coupons=("TENTH",))
    # 31.00 − 10 % = 27.90 × 15/31 = 13.50, and 5.00 once; 20 % come on top or are in it
    paid = 1850 if inclusive else 2220
    assert shop.get(Document, order.document_id).total_minor == paid
    on(date(2026, 1, 20))
    invoice = pays(shop, order.document_id, paid)
    # 27.90 × 5/31 = 4.50, and 5.00
    assert (invoice.total_minor, invoice.state) == (950 if inclusive else 1140, "paid")
    assert [lot.remaining_minor for lot in shop.all(CustomerCredit)] == [paid - invoice.total_minor]
    (used,) = shop.all(CouponRedemption)
    assert used.given_minor == 50
    # what is billed is what the days cost: a change gives back and charges nothing else
    shop.change(Subscription, order.subscription_id, collection="auto")
    with writing(SYSTEM) as tx:
        done = change(tx, ChangeWish(order.subscription_id, plan="gold"))
    rows = shop.all(DocumentLine, DocumentLine.document_id == done.document_id)
    gross = 1 if inclusive else 0
    assert [row.net_minor + gross * row.tax_minor for row in rows] == [-450, 900]
    assert verify_billing().faults == []
    with reading() as session:
        assert verify_ledger(session).faults == []


def test_a_discount_of_a_rule_goes_down_with_the_part_that_is_paid_late(shop):
    shop.plugins.rules.append(("friends", TenOff()))
    shop.plan("tv", 3100)
    order = ordered(shop, shop.customer(billing_day=25))
    # 15.00 and 10.00 off, and 20 %
    assert shop.get(Document, order.document_id).total_minor == 600
    on(date(2026, 1, 22))
    # 3 of the 15 days: 3.00, and 2.00 off
    assert pays(shop, order.document_id, 600).net_minor == 100
    assert [lot.remaining_minor for lot in shop.all(CustomerCredit)] == [480]


def test_the_31st_comes_back_after_a_short_month(shop):
    shop.plan("tv", 3100)
    customer = shop.customer(billing_day=31)
    order = ordered(shop, customer)
    settled(order.document_id)
    shop.change(Subscription, order.subscription_id, collection="auto", next_bill_on=date(2026, 1, 31))
    for day in (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)):
        shop.run(day)
    assert [line[2] for line in shop.lines(order.subscription_id)] == [
        date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30),
    ]  # fmt: skip


def test_on_the_billing_day_itself_a_whole_period_is_ordered(shop):
    shop.plan("tv", 3100)
    order = ordered(shop, shop.customer(billing_day=10))
    assert shop.get(Document, order.document_id).net_minor == 3100


def test_weeks_have_no_billing_day(shop):
    shop.plan("week", 700, term="1 week")
    customer = shop.customer(billing_day=25)
    with writing(SYSTEM) as tx:
        order = start_subscription(tx, Order(customer_id=customer, plan="week", term="1 week"))
    assert shop.get(Document, order.document_id).net_minor == 700


def test_a_part_that_is_paid_when_it_is_over_is_no_subscription(shop):
    shop.plan("tv", 3100)
    order = ordered(shop, shop.customer(billing_day=25))
    on(date(2026, 1, 25))
    assert settled(order.document_id) is None
    assert shop.get(Subscription, order.subscription_id).state == "canceled"
    assert [one.lifecycle for one in shop.all(Service)] == ["unwanted"]


def test_in_a_cart_only_the_part_that_is_over_is_credit_and_the_rest_begins(shop):
    """The bank tells on 25 January, the billing day, of money for a part of January and for a week."""
    shop.plan("tv", 3100)
    shop.plan("week", 700, term="1 week")
    make(shop, "TENTH", percent_ppm=100_000, plans=("tv",))
    customer = shop.customer(billing_day=25)
    orders = [Order(customer, "tv", "1 month", coupons=("TENTH",)), Order(customer, "week", "1 week")]
    with writing(SYSTEM) as tx:
        ordered = start_several(tx, orders)
    # 31.00 - 10 % = 27.90 × 15 / 31 = 13.50, and 7.00: 20.50 and 20 % of it
    assert shop.get(Document, ordered.document_id).total_minor == 2460
    on(date(2026, 1, 25))
    with writing(SYSTEM) as tx:
        account = tx.session.get_one(GatewayAccount, shop.cards_id)
        book(tx, tx.session.get_one(Document, ordered.document_id), Receipt(account, Money(2460, "EUR"), "camt-1"))
    (invoice,) = shop.all(Document, Document.kind == "invoice")
    assert (invoice.net_minor, invoice.total_minor, invoice.state) == (700, 840, "paid")
    assert [lot.remaining_minor for lot in shop.all(CustomerCredit)] == [1620]  # 13.50 + 20 %
    tv, week = (shop.get(Subscription, key) for key in ordered.subscription_ids)
    assert (tv.state, week.state, week.paid_through) == ("canceled", "active", date(2026, 2, 1))
    assert [one.state for one in shop.all(CouponRedemption)] == ["released"]
    with reading() as session:
        assert verify_ledger(session).faults == []


def test_a_trial_is_followed_by_the_part_until_the_billing_day(shop):
    shop.plan("tv", 3100, trial_term="7 days", trial_minor=100)
    customer = shop.customer(billing_day=25)
    order = ordered(shop, customer, trial=True)
    settled(order.document_id)
    shop.change(Subscription, order.subscription_id, collection="auto")
    shop.run(date(2026, 1, 17))
    # 17 to 25 January: 31.00 × 8 / 31
    assert shop.lines(order.subscription_id)[-1][:4] == ("recurring", date(2026, 1, 17), date(2026, 1, 25), 800)
    with reading() as session:
        assert session.scalars(select(CustomerCredit)).all() == []
        assert session.get_one(Customer, customer).billing_day == 25
