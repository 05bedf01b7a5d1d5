"""One billing day for an account: what is ordered in between pays the part until it, everything after whole periods."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from april import on
from billing_shop import SYSTEM, open_shop
from coupon_shop import make
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing.quote import Part, Wanted, quote, read_buyers
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._attempts import new_attempt
from billhead.actions.payments._book import Receipt, book
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.set_auto_renew import set_auto_renew
from billhead.actions.subscriptions.set_billing_day import preview_billing_day, set_billing_day
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
from billhead.plugin import AttemptState, ExtraLine, Outcome, SavedMethod

JAN = date(2026, 1, 1)


class TenOff:
    code = "friends"

    def apply(self, drafts):
        return [[ExtraLine("ten", "For a friend", Money(-1000, "EUR"))] for _ in drafts]


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 1, 10, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


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


def late(end, day):
    """Nobody has paid at the end: its lines stand still."""
    on(end)
    with writing(SYSTEM) as tx:
        assert lapse(tx).expired == 1
    on(day)


def renewed_by_hand(shop, customer, plan="tv"):
    """Ordered on 10 January and paid at once, without a card: to 10 February."""
    order = ordered(shop, customer, plan)
    pays(shop, order.document_id, shop.get(Document, order.document_id).total_minor)
    return order.subscription_id


def day_set(customer, day):
    shown = preview_billing_day(SYSTEM, customer, day)
    with writing(SYSTEM) as tx:
        done = set_billing_day(tx, customer, day)
    assert shown.moved == done.moved
    return done.moved, [(one.plan, one.starts_on, one.ends_on, one.total_minor, one.why) for one in shown.bridges]


def offers(shop):
    return [(one.total_minor, one.due_on, one.state) for one in shop.all(Document, Document.kind == "proforma")[1:]]


def test_what_is_renewed_by_hand_is_offered_the_bridge_and_then_whole_months(shop):
    shop.plan("tv", 3100)
    customer = shop.customer(card=False)
    key = renewed_by_hand(shop, customer)
    on(date(2026, 2, 8))
    shop.run(date(2026, 2, 8))
    assert offers(shop) == [(3720, date(2026, 2, 10), "open")]
    # 25 January to 25 February has 31 days; 15 of them are 15.00, and 20 %
    bridge = ("tv", date(2026, 2, 10), date(2026, 2, 25), 1800, "")
    assert day_set(customer, 25) == (1, [bridge])
    assert offers(shop) == [(3720, date(2026, 2, 10), "void")]
    shop.run(date(2026, 2, 8))
    assert offers(shop)[1:] == [(1800, date(2026, 2, 10), "open")]
    pays(shop, shop.all(Document)[-1].id, 1800)
    assert shop.lines(key)[-1] == ("recurring", date(2026, 2, 10), date(2026, 2, 25), 1500, 300)
    on(date(2026, 2, 20))
    shop.run(date(2026, 2, 20))
    assert offers(shop)[2:] == [(3720, date(2026, 2, 25), "open")]
    pays(shop, shop.all(Document)[-1].id, 3720)
    assert shop.lines(key)[-1][1:4] == (date(2026, 2, 25), date(2026, 3, 25), 3100)
    assert shop.get(Subscription, key).anchor == date(2026, 1, 25)
    assert verify_billing().faults == []
    with reading() as session:
        assert verify_ledger(session).faults == []


def test_a_bridge_that_is_paid_late_costs_what_is_left_of_it_and_a_whole_month_comes_back_to_the_day(shop):
    shop.plan("tv", 3100)
    customer = shop.customer(card=False)
    key = renewed_by_hand(shop, customer)
    day_set(customer, 25)
    on(date(2026, 2, 8))
    shop.run(date(2026, 2, 8))
    offer = shop.all(Document)[-1]
    late(date(2026, 2, 10), date(2026, 2, 20))
    pays(shop, offer.id, 1800)
    # five days are left: 5.00 and 20 %; the rest is credit
    assert shop.lines(key)[-1] == ("recurring", date(2026, 2, 20), date(2026, 2, 25), 500, 100)
    assert [lot.remaining_minor for lot in shop.all(CustomerCredit)] == [1200]
    shop.run(date(2026, 2, 21))
    whole = shop.all(Document)[-1]
    assert (whole.kind, whole.total_minor) == ("proforma", 3720)
    late(date(2026, 2, 25), date(2026, 3, 5))
    pays(shop, whole.id, 3720)  # eight days late: a month from then on
    assert shop.lines(key)[-1][1:4] == (date(2026, 3, 5), date(2026, 4, 5), 3100)
    on(date(2026, 4, 2))
    shop.run(date(2026, 4, 2))
    # 5 to 25 April, 20 of 31 days: 20.00 and 20 %
    assert shop.all(Document)[-1].total_minor == 2400
    pays(shop, shop.all(Document)[-1].id, 2400)
    assert shop.lines(key)[-1][1:4] == (date(2026, 4, 5), date(2026, 4, 25), 2000)
    assert verify_billing().faults == []


def test_a_bridge_that_is_paid_when_it_is_over_is_credit_and_the_days_left_then_are_offered(shop):
    shop.plan("tv", 3100)
    customer = shop.customer(card=False)
    key = renewed_by_hand(shop, customer)
    day_set(customer, 25)
    on(date(2026, 2, 8))
    shop.run(date(2026, 2, 8))
    offer = shop.all(Document)[-1]
    late(date(2026, 2, 10), date(2026, 3, 1))
    with writing(SYSTEM) as tx:
        account = tx.session.get_one(GatewayAccount, shop.cards_id)
        book(tx, tx.session.get_one(Document, offer.id), Receipt(account, Money(1800, "EUR"), "late"))
    assert [lot.remaining_minor for lot in shop.all(CustomerCredit)] == [1800]
    assert shop.get(Subscription, key).state != "canceled"
    # 1 to 25 March of 25 February to 25 March: 31.00 × 24 / 28 = 26.57, and 20 %
    offer = shop.all(Document)[-1]
    assert (offer.kind, offer.net_minor) == ("proforma", 2657)
    pays(shop, offer.id, offer.total_minor)
    assert shop.lines(key)[-1][1:4] == (date(2026, 3, 1), date(2026, 3, 25), 2657)
    assert verify_billing().faults == []


def test_a_day_that_is_taken_away_again_leaves_whole_months_to_be_offered(shop):
    shop.plan("tv", 3100)
    customer = shop.customer(card=False)
    key = renewed_by_hand(shop, customer)
    day_set(customer, 25)
    on(date(2026, 2, 8))
    shop.run(date(2026, 2, 8))
    assert day_set(customer, None) == (0, [])
    shop.run(date(2026, 2, 8))
    assert [one[0::2] for one in offers(shop)] == [(1800, "void"), (3720, "open")]
    pays(shop, shop.all(Document)[-1].id, 3720)
    assert shop.lines(key)[-1][1:4] == (date(2026, 2, 10), date(2026, 3, 10), 3100)
    assert verify_billing().faults == []


def pays_and_keeps(shop, document_id, *, told_later):
    paid = Outcome(AttemptState.SUCCEEDED, "ch_1", Money(3720, "EUR"))
    keeps = replace(paid, method=SavedMethod("tok_1", "Card"))
    with writing(SYSTEM) as tx:
        attempt = new_attempt(tx, tx.session.get_one(Document, document_id), shop.cards_id, paid.amount)
        for outcome in (paid, keeps) if told_later else (keeps,):
            apply_outcome(tx, attempt, outcome)


@pytest.mark.parametrize("kept", ["later", "with the payment", "told after the payment"])
def test_what_is_charged_by_itself_from_later_on_follows_the_day_too(shop, kept):
    """A month that was paid late has left the account's day; the card that is charged from then on finds it again."""
    shop.plan("tv", 3100)
    customer = shop.customer(billing_day=25)
    key = renewed_by_hand(shop, customer)  # to 25 January
    shop.change(Subscription, key, collection="manual", payment_method_id=None)
    on(date(2026, 1, 20))
    with writing(SYSTEM) as tx:
        look_again(tx, tx.session.get_one(Subscription, key), date(2026, 1, 20))
    shop.run(date(2026, 1, 20))
    late(date(2026, 1, 25), date(2026, 2, 5))
    if kept == "later":
        pays(shop, shop.all(Document)[-1].id, 3720)
        with writing(SYSTEM) as tx:
            set_auto_renew(tx, key, True)
    else:
        pays_and_keeps(shop, shop.all(Document)[-1].id, told_later=kept != "with the payment")
    assert shop.lines(key)[-1][1:4] == (date(2026, 2, 5), date(2026, 3, 5), 3100)
    assert shop.get(Subscription, key).next_bill_on == date(2026, 3, 5)
    shop.run(date(2026, 3, 5))
    # 5 to 25 March of 25 February to 25 March: 31.00 × 20 / 28 = 22.14
    assert shop.lines(key)[-1][1:4] == (date(2026, 3, 5), date(2026, 3, 25), 2214)
    assert verify_billing().faults == []


def test_before_the_day_is_set_it_is_shown_who_moves_and_who_stays(shop):
    plan = shop.plan("tv", 3100)
    shop.plan("week", 700, term="1 week")
    customer = shop.customer()
    shop.subscribe(customer, plan, due=JAN)
    shop.run(JAN)
    renewed_by_hand(shop, customer)
    with writing(SYSTEM) as tx:
        week = start_subscription(tx, Order(customer_id=customer, plan="week", term="1 week"))
    settled(week.document_id)
    moved, shown = day_set(customer, 25)
    assert moved == 2
    assert shown == [
        # 1 to 25 February of 25 January to 25 February: 24.00 and 20 %
        ("tv", date(2026, 2, 1), date(2026, 2, 25), 2880, ""),
        ("tv", date(2026, 2, 10), date(2026, 2, 25), 1800, ""),
        ("week", None, None, 0, "its term is counted in days or weeks"),
    ]  # fmt: skip
