""" "I pay on Friday": what is given, until when, and what follows when it is not kept.

12.00 EUR is due on 15 November 2026 (a Sunday) and suspends on the 20th.
"""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import (
    SUSPEND,
    TERMINATE,
    THROTTLE,
    WARN,
    at,
    debtor,
    give,
    invoices,
    november,
    pay,
    policy,
    run,
    state,
    told,
)

from billhead.actions.dunning.promise_payment import preview_promise, promise_payment
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.dunning import PromiseTerms, Stage
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.dunning import PaymentPromise
from billhead.models.people import Reseller
from billhead.models.subscriptions import Service, Subscription

WEEK = PromiseTerms(max_days=7, every_days=30)


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path, terms_days=14, grace_hours=24) as shop:
        yield shop


@pytest.fixture
def any_shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14, grace_hours=24) as shop:
        yield shop


def owner(shop, subscription):
    customer_id = shop.get(Subscription, subscription).customer_id
    return Context(f"customer:{customer_id}", Role.CUSTOMER, Scope(customer_id=customer_id))


def promise(shop, subscription, day, ctx=None):
    with writing(ctx or owner(shop, subscription)) as tx:
        return promise_payment(tx, subscription, day)


def offer(shop, subscription):
    with reading() as session:
        return preview_promise(Tx(owner(shop, subscription), session), subscription)


def suspended(shop, **terms):
    policy(shop, (3, WARN), (5, SUSPEND), (12, TERMINATE), promises=PromiseTerms(**{"max_days": 7, **terms}))
    subscription = debtor(shop)
    (service,) = shop.all(Service)
    shop.change(Service, service.id, desired_expires_at=datetime(2026, 11, 2, tzinfo=UTC))
    run(november(20))
    assert state(shop, subscription) == "suspended"
    return subscription


def test_a_promise_gives_the_service_back_until_its_day_and_is_kept(any_shop):
    shop = any_shop
    subscription = suspended(shop)
    with at(november(21)):
        assert (offer(shop, subscription).latest, offer(shop, subscription).owed.minor) == (november(28), 1200)
        made = promise(shop, subscription, november(27))
    assert made.restored
    (service,) = shop.all(Service)
    assert (service.desired_blocked, service.desired_expires_at) == (False, datetime(2026, 11, 28, tzinfo=UTC))
    assert state(shop, subscription) == "past_due"
    for day in (22, 25, 27):
        run(november(day), 23)
    assert state(shop, subscription) == "past_due"
    with at(november(27), 23):
        pay(invoices(shop)[0].id)
    assert (state(shop, subscription), shop.get(PaymentPromise, 1).state) == ("active", "kept")
    run(november(29))
    assert state(shop, subscription) == "active"
    assert told(shop) == ["warning", "suspended", "restored", "promised", "receipt"]


def test_a_broken_promise_goes_on_where_the_clock_would_be(shop):
    subscription = suspended(shop)
    with at(november(21)):
        promise(shop, subscription, november(25))
    run(november(25), 23)
    assert state(shop, subscription) == "past_due"
    run(november(26), 0)  # 11 days after the due day: suspended since the fifth, ended on the twelfth
    (service,) = shop.all(Service)
    assert shop.get(PaymentPromise, 1).state == "broken"
    assert (state(shop, subscription), service.desired_blocked) == ("suspended", True)
    assert service.desired_expires_at == datetime(2026, 11, 2, tzinfo=UTC), "what is paid, and the grace of a day"
    run(november(27))
    assert state(shop, subscription) == "canceled"


def test_in_a_resellers_shop_a_promise_lends_no_time_that_no_credits_have_paid(shop):
    """Supplied until 2 November; restored on the 21st, and there is nothing to take back on the 26th."""
    subscription = suspended(shop)
    with writing(SYSTEM) as tx:
        aurora = Reseller(
            seller_id=shop.seller_id, code="aurora", name="Aurora", tier="reseller", created_on=november(1)
        )
        tx.session.add(aurora)
        tx.session.flush()
        tx.session.get_one(Subscription, subscription).payer_reseller_id = aurora.id
    supplied = datetime(2026, 11, 2, tzinfo=UTC)
    with at(november(21)):
        assert promise(shop, subscription, november(25)).restored
    (service,) = shop.all(Service)
    assert (service.desired_blocked, service.desired_expires_at) == (False, supplied)
    lent = datetime(2026, 11, 26, tzinfo=UTC)  # the same day, but of credits
    shop.change(Service, service.id, desired_expires_at=lent)
    run(november(26), 0)
    assert (shop.get(PaymentPromise, 1).state, shop.get(Service, service.id).desired_expires_at) == ("broken", lent)


def test_a_policy_that_restores_nothing_only_stands_still(shop):
    subscription = suspended(shop, restores=False)
    with at(november(21)):
        assert not promise(shop, subscription, november(28)).restored
    run(november(28))
    assert state(shop, subscription) == "suspended", "not ended on the twelfth day"


def test_a_throttled_line_runs_freely_until_the_day(shop):
    policy(shop, Stage(1, THROTTLE), promises=WEEK)
    subscription = debtor(shop)
    run(november(16))
    assert shop.all(Service)[0].limit_connections == 1
    with at(november(16)):
        promise(shop, subscription, november(18))
    assert shop.all(Service)[0].limit_connections is None
    run(november(18))
    assert shop.all(Service)[0].limit_connections is None
    run(november(19))
    assert shop.all(Service)[0].limit_connections == 1


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"max_days": 0}, "payment can't be put off here"),
        ({"most": {"EUR": 1199}}, r"12\.00 EUR is overdue, and at most 11\.99 EUR can be put off"),
    ],
)
def test_what_the_seller_does_not_allow(shop, terms, why):
    subscription = suspended(shop, **terms)
    with at(november(21)), pytest.raises(Conflict, match=why):
        promise(shop, subscription, november(22))


@pytest.mark.parametrize("day", [20, 29])
def test_a_day_that_is_over_or_too_late(shop, day):
    subscription = suspended(shop)
    with at(november(21)), pytest.raises(InvalidInput, match="must be from 2026-11-21 to 2026-11-28"):
        promise(shop, subscription, november(day))


def test_once_in_so_many_days_and_not_while_one_is_broken_or_open(shop):
    subscription = suspended(shop)
    with at(november(21)):
        promise(shop, subscription, november(22))
        with pytest.raises(Conflict, match="payment by 2026-11-22 is promised already"):
            promise(shop, subscription, november(23))
    run(november(23))
    with at(november(23)), pytest.raises(Conflict, match="the last promise was not kept"):
        promise(shop, subscription, november(24))
    other = debtor(shop)
    run(november(20))
    with at(november(21)):
        promise(shop, other, november(22))
        give(shop, other, 1200)
    assert shop.all(PaymentPromise)[-1].state == "kept"
    with at(november(23)), pytest.raises(Conflict, match="nothing is overdue"):
        promise(shop, other, november(24))


def test_a_promise_that_was_broken_and_paid_in_the_end_bars_nobody(any_shop):
    shop = any_shop
    policy(shop, (5, WARN), promises=WEEK)
    subscription = debtor(shop, again=True)
    with at(november(16)):
        promise(shop, subscription, november(17))
    run(november(18))
    assert shop.get(PaymentPromise, 1).state == "broken"
    with at(november(19)), pytest.raises(Conflict, match="the last promise was not kept"):
        promise(shop, subscription, november(20))
    with at(november(20)):
        pay(invoices(shop)[0].id)
    december = date(2026, 12, 1)
    with at(december):
        shop.run(december)
    with at(date(2026, 12, 17)):  # its invoice was due on the 15th, and the last promise is a month ago
        assert promise(shop, subscription, date(2026, 12, 20)).day == "2026-12-20"


def test_nobody_promises_for_another(shop):
    subscription = suspended(shop)
    stranger = Context("customer:99", Role.CUSTOMER, Scope(customer_id=99))
    with at(november(21)), pytest.raises(NotFound):
        promise(shop, subscription, november(22), stranger)
    with at(november(21)):
        assert promise(shop, subscription, november(22), SYSTEM).restored


def test_pressed_twice_it_is_one_promise(shop):
    subscription = suspended(shop)
    with at(november(21)):
        ctx = owner(shop, subscription).keyed("a" * 32)
        assert promise(shop, subscription, november(22), ctx) == promise(shop, subscription, november(22), ctx)
    assert len(shop.all(PaymentPromise)) == 1
