"""Days that are given to many at once, and subscriptions that change hands."""

from datetime import UTC, date, datetime, timedelta

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.cancel_gift import cancel_gift
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.give_days import GiftScope, give_days, preview_give_days
from billhead.actions.subscriptions.give_days_batch import give_days_batch
from billhead.actions.subscriptions.transfer import transfer
from billhead.db import Tx, reading, writing
from billhead.domain.errors import Conflict, CurrencyMismatch, InvalidInput, NotFound
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry, Job
from billhead.models.subscriptions import DayGift, Service, Subscription
from billhead.plugin import Denied

APR, MAY, JUN = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)


def on(day):
    clock.move_business_clock(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def do(verb, *args, **named):
    with writing(SYSTEM) as tx:
        return verb(tx, *args, **named)


def paying(shop, *plans, **more):
    customer = shop.customer(credit_minor=20_000)
    subscription = shop.subscribe(customer, *plans, due=APR, **more)
    shop.run(APR)
    return customer, subscription


def billed(shop, customer):
    documents = shop.all(Document, Document.customer_id == customer)
    return sum(-one.net_minor if one.kind == "credit_note" else one.net_minor for one in documents)


def in_order():
    with reading() as session:
        return verify_ledger(session).faults == []


def finish(gift_id):
    while do(give_days_batch, gift_id).more:
        pass


def test_three_days_after_an_outage_move_the_end_the_lines_and_the_next_invoice(shop):
    plan = shop.plan("tv", 3000)
    _, one = paying(shop, plan)
    _, leaving = paying(shop, plan)
    elsewhere = shop.subscribe(shop.customer(), plan, due=APR, line=False)
    on(date(2026, 4, 10))
    do(cancel, leaving, "end_of_term")
    with reading() as session:
        assert preview_give_days(Tx(SYSTEM, session), GiftScope(panel_id=shop.panel_id), 3).subscriptions == 2
    asked = do(give_days, GiftScope(panel_id=shop.panel_id), 3, "The night of 9 April")
    (job,) = shop.all(Job, Job.kind == "subscriptions.give_days")
    assert job.args == {"gift_id": asked.gift_id}
    finish(asked.gift_id)
    finish(asked.gift_id)  # a job that starts again gives nothing twice
    fourth = date(2026, 5, 4)
    for subscription, next_bill_on in ((one, fourth), (leaving, None)):
        after = shop.get(Subscription, subscription)
        assert (after.paid_through, after.next_bill_on) == (fourth, next_bill_on)
    assert shop.get(Subscription, leaving).service_ends_on == fourth
    assert {line.desired_expires_at for line in shop.all(Service)} == {datetime(2026, 5, 7, tzinfo=UTC)}
    assert shop.get(Subscription, elsewhere).paid_through == APR
    gift = shop.get(DayGift, asked.gift_id)
    assert (gift.state, gift.total, gift.given) == ("done", 2, 2)
    assert f"day_gift:{gift.id}" in {row.subject for row in shop.all(AuditEntry)}
    shop.run(fourth)
    assert shop.lines(one)[-1] == ("recurring", fourth, date(2026, 6, 4), 3000, 600)
    assert in_order()


def test_a_change_in_given_days_costs_nothing_for_them(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    shop.plan("gold", 6000)
    finish(do(give_days, GiftScope(panel_id=shop.panel_id), 10, "outage").gift_id)
    on(date(2026, 4, 16))
    do(change, ChangeWish(subscription, plan="gold"))
    assert billed(shop, customer) == 3000 - 1500 + 3000  # 15 of 30 days of April; the ten days of May are given
    assert in_order()


def test_a_gift_is_stopped_half_way(shop):
    plan = shop.plan("tv", 3000)
    for _ in range(3):
        paying(shop, plan)
    gift = do(give_days, GiftScope(plan_id=plan[0]), 5, "outage").gift_id
    assert do(cancel_gift, gift).given == 0
    finish(gift)
    assert {row.paid_through for row in shop.all(Subscription)} == {MAY}
    with pytest.raises(Conflict, match="canceled already"):
        do(cancel_gift, gift)


def test_what_can_not_be_given_is_refused(shop):
    plan = shop.plan("tv", 3000)
    for scope, days, reason, kind, words in (
        (GiftScope(), 3, "x", InvalidInput, "one panel"),
        (GiftScope(panel_id=1, plan_id=plan[0]), 3, "x", InvalidInput, "one panel"),
        (GiftScope(panel_id=99), 3, "x", NotFound, "There is no panel"),
        (GiftScope(plan_id=99), 3, "x", NotFound, "There is no plan"),
        (GiftScope(bouquet_id=99), 3, "x", NotFound, "There is no bouquet"),
        (GiftScope(plan_id=plan[0]), 0, "x", InvalidInput, "from 1 to 366"),
        (GiftScope(plan_id=plan[0]), -3, "x", InvalidInput, "from 1 to 366"),
        (GiftScope(plan_id=plan[0]), 2.5, "x", InvalidInput, "from 1 to 366"),
        (GiftScope(plan_id=plan[0]), 3, " ", InvalidInput, "is needed"),
    ):
        with pytest.raises(kind, match=words):
            do(give_days, scope, days, reason)
    assert shop.all(DayGift) == []


def test_paid_time_moves_along_with_a_subscription(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    shop.plan("gold", 6000)
    other = shop.customer(zone="Pacific/Kiritimati")
    on(date(2026, 4, 16))
    assert do(transfer, subscription, other).customer_id == other
    assert (billed(shop, customer), billed(shop, other)) == (3000, 0)
    do(change, ChangeWish(subscription, plan="gold"))
    assert billed(shop, other) == 0
    shop.run(MAY + timedelta(days=1))
    assert billed(shop, other) == 6000
    assert shop.get(Subscription, subscription).zone == "Pacific/Kiritimati"
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
    shop.plugins.guard = lambda hook, **facts: Denied("not yet") if hook == "before_transfer" else None
    with pytest.raises(Conflict, match="not yet"):
        do(transfer, subscription, other)
    shop.plugins.guard = lambda hook, **facts: None
    do(cancel, subscription, "immediate")
    with pytest.raises(Conflict, match="can't be handed over"):
        do(transfer, subscription, other)
