"""Subscriptions that change hands, with the time that is paid."""

from datetime import UTC, date, datetime, timedelta

import pytest
from april import billed, do, on
from billing_shop import open_shop

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.transfer import transfer
from billhead.db import reading
from billhead.domain.errors import Conflict, CurrencyMismatch, InvalidInput, NotFound
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription
from billhead.plugin import Denied
from billhead.reports import ask, report_of, tabled

APR, MAY = date(2026, 4, 1), date(2026, 5, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def paying(shop, *plans, **more):
    customer = shop.customer(credit_minor=20_000)
    subscription = shop.subscribe(customer, *plans, due=APR, **more)
    shop.run(APR)
    return customer, subscription


def in_order():
    with reading() as session:
        return verify_ledger(session).faults == []


def what_is_owed():
    """By customer, as the reports tell it, held against the ledger."""
    today = date(2026, 4, 30)
    with reading() as session:
        ages, people = report_of("receivables"), report_of("debtors")
        ties = tabled(session, ages, ask(session, ages.report, {}, today)).ties
        assert [tie for tie in ties if tie.difference] == []
        return {
            row[0].key: row[-1].minor for row in tabled(session, people, ask(session, people.report, {}, today)).rows
        }


def owned(shop, customer):
    return sum(lot.remaining_minor for lot in shop.all(CustomerCredit, CustomerCredit.customer_id == customer))


def test_paid_time_moves_along_with_a_subscription(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    other = shop.customer(zone="Pacific/Kiritimati")
    on(date(2026, 4, 16))
    assert do(transfer, subscription, other).customer_id == other
    assert (billed(shop, customer), billed(shop, other)) == (3000, 0)
    shop.run(MAY + timedelta(days=1))
    assert (billed(shop, customer), billed(shop, other)) == (3000, 3000)
    assert shop.get(Subscription, subscription).zone == "Pacific/Kiritimati"
    assert in_order()


def test_what_is_billed_afterwards_is_billed_to_who_has_it_then(shop):
    """Two days of May were watched by who had it before."""
    customer, june = shop.customer(credit_minor=20_000), date(2026, 6, 1)
    subscription = shop.subscribe(customer, shop.plan("tv", 3000), due=APR, timing="arrears", next_bill_on=MAY)
    on(MAY)
    shop.run(MAY)
    other = shop.customer()
    on(date(2026, 5, 3))
    do(transfer, subscription, other)
    assert verify_billing().faults == []
    on(june)
    shop.run(june)
    assert (billed(shop, customer), billed(shop, other)) == (3000, 3000)
    assert verify_billing().faults == []


def test_who_got_paid_time_pays_the_difference_for_more(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    shop.plan("gold", 6000)
    other = shop.customer()
    on(date(2026, 4, 16))
    do(transfer, subscription, other)
    done = do(change, ChangeWish(subscription, plan="gold"))
    # 15 of 30 days: 60.00 → 30.00, less 15.00 of what came along; 15.00 and 20 %
    assert done.total_minor == 1800
    assert (billed(shop, customer), billed(shop, other)) == (3000, 1500)
    (invoice,) = shop.all(Document, Document.customer_id == other)
    assert invoice.corrects_id is None  # whose invoice that was is nothing to who has it now
    assert verify_billing().faults == []
    shop.run(MAY)
    assert billed(shop, other) == 1500 + 6000
    assert in_order()


def test_who_got_paid_time_gets_no_more_for_less_than_was_paid_for_it(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    shop.plan("mini", 1000)
    other = shop.customer()
    on(date(2026, 4, 16))
    do(transfer, subscription, other)
    wish = ChangeWish(subscription, plan="mini", when="immediate")
    with pytest.raises(InvalidInput, match="2026-04-16 to today"):
        do(change, ChangeWish(subscription, plan="mini", on=date(2026, 4, 10)))  # those days were not theirs
    assert do(change, wish).total_minor == -1200  # 30.00 − 10.00 for 15 of 30 days, and 20 %
    assert (billed(shop, customer), billed(shop, other), owned(shop, other)) == (3000, -1000, 1200)
    do(cancel, subscription, "start_of_term", money="credit")
    # the days before were somebody else's, who had them: 15.00 of 30.00 is all that there was to give
    assert (billed(shop, other), owned(shop, other)) == (-1500, 1800)
    assert verify_billing().faults == []
    assert in_order()


def test_credit_for_paid_time_that_came_along_is_no_debt_below_zero(shop):
    """The credit note is of who has it now, the invoice that it gives back of was somebody else's."""
    _, subscription = paying(shop, shop.plan("tv", 3000))
    other = shop.customer()
    on(date(2026, 4, 16))
    do(transfer, subscription, other)
    do(cancel, subscription, "immediate", money="credit")
    assert owned(shop, other) == 1800  # 15 of 30 days, and 20 %
    assert what_is_owed() == {}
    on(date(2026, 4, 20))
    shop.subscribe(other, shop.plan("mini", 500), due=date(2026, 4, 20))
    shop.run(date(2026, 4, 20))
    assert (owned(shop, other), what_is_owed()) == (1200, {})


def test_paid_time_that_was_charged_back_is_worth_nothing_to_who_got_it(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    shop.plan("mini", 1000)
    other = shop.customer()
    on(date(2026, 4, 16))
    do(transfer, subscription, other)
    (invoice,) = shop.all(Document, Document.customer_id == customer)
    shop.change(Document, invoice.id, state="final", settled_minor=0)
    do(cancel, subscription, "immediate", money="credit")
    assert (billed(shop, other), owned(shop, other)) == (0, 0)


def test_paid_time_that_came_along_is_settled_with_the_next(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    shop.plan("gold", 6000)
    second, third = shop.customer(credit_minor=10_000), shop.customer()
    on(date(2026, 4, 11))
    do(transfer, subscription, second)
    do(change, ChangeWish(subscription, plan="gold"))  # 20 of 30 days: 40.00 − 20.00
    on(date(2026, 4, 21))
    done = do(transfer, subscription, third, "settled")  # 10 of 30 days of 60.00, and 20 %
    assert (done.credited_minor, done.charged_minor) == (2400, 2400)
    assert [billed(shop, who) for who in (customer, second, third)] == [3000, 0, 2000]
    assert verify_billing().faults == []
    assert in_order()


def test_a_transfer_that_is_settled_gives_back_to_one_and_charges_the_other(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000), shop.plan("sport", 600, kind="bouquet"))
    other = shop.customer()
    on(date(2026, 4, 16))
    done = do(transfer, subscription, other, "settled")
    assert (done.credited_minor, done.charged_minor) == (2160, 2160)  # 36.00 × 15/30 and 20 %
    assert (billed(shop, customer), billed(shop, other)) == (1800, 1800)
    shop.run(MAY)
    assert (billed(shop, customer), billed(shop, other)) == (1800, 1800 + 3600)
    assert in_order()


def test_a_subscription_follows_the_billing_day_of_who_gets_it(shop):
    tenth, (plan, other) = date(2026, 5, 10), (shop.plan("tv", 3000), shop.customer(billing_day=10))
    (_, moved), (_, settled) = paying(shop, plan), paying(shop, plan)
    on(date(2026, 4, 16))
    do(transfer, moved, other)
    assert do(transfer, settled, other, "settled").charged_minor == 1800
    for subscription in moved, settled:
        row = shop.get(Subscription, subscription)
        assert (row.anchor.day, row.billed_through, row.next_bill_on) == (10, MAY, MAY)
    shop.run(MAY)  # nine days of the thirty from 10 April on, once
    shop.run(tenth)
    for subscription in moved, settled:
        lines = [line[:4] for line in shop.lines(subscription)[-2:]]
        assert lines == [("recurring", MAY, tenth, 900), ("recurring", tenth, date(2026, 6, 10), 3000)]
    assert verify_billing().faults == []
    assert in_order()


def test_who_can_not_get_it_is_told_why(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    dollars, other = shop.customer(currency="USD"), shop.customer()
    for to, money, kind, words in (
        (customer, "moves", InvalidInput, "theirs already"),
        (dollars, "moves", CurrencyMismatch, "expected EUR, got USD"),
        (999, "moves", NotFound, "There is no customer"),
        (other, "half", InvalidInput, "not one of"),
    ):
        with pytest.raises(kind, match=words):
            do(transfer, subscription, to, money)
    do(hold, subscription)
    with pytest.raises(Conflict, match="on hold, and its days were given back"):  # they would be watched for nothing
        do(transfer, subscription, other)
    do(resume, subscription)
    shop.plugins.guard = lambda hook, **facts: Denied("not yet") if hook == "before_transfer" else None
    with pytest.raises(Conflict, match="not yet"):
        do(transfer, subscription, other)
    shop.plugins.guard = lambda hook, **facts: None
    do(cancel, subscription, "immediate")
    with pytest.raises(Conflict, match="can't be handed over"):
        do(transfer, subscription, other)


@pytest.mark.parametrize("money", ["moves", "settled"])
def test_what_is_not_licensed_where_who_gets_it_lives_is_not_handed_over(shop, money):
    """30.00 a month in Finland: nobody in Sweden may buy it, nor its add-on in Norway."""
    gold = shop.plan("gold", 3000, country_rule="except", countries=["SE"])
    sport = shop.plan("sport", 600, kind="bouquet", country_rule="only", countries=["FI", "SE"])
    _, subscription = paying(shop, gold, sport)
    on(APR + timedelta(days=10))
    for country, why in (
        ("SE", "gold is not licensed in SE"),
        ("NO", "sport is licensed only in FI, SE, and not in NO"),
        ("", "no country is known here"),
    ):
        with pytest.raises(InvalidInput, match=why) as refused:
            do(transfer, subscription, shop.customer(country=country), money)
        assert (refused.value.field, refused.value.code) == ("customer", "not_licensed")
    to = shop.customer(credit_minor=5_000)
    assert do(transfer, subscription, to, money).customer_id == to
    assert in_order()
