"""A plan that adds the missing days, where none can be added: nobody pays the full price of a part for nothing."""

from datetime import UTC, date, datetime

import pytest
from april import do, on
from billing_shop import open_shop

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change, preview_change
from billhead.db import Tx, reading
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import InvalidInput

APR, MAY, JUN = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        for code, minor in (("basic", 1000), ("gold", 3000)):
            shop.plan(code, minor, proration="extend")
        yield shop


@pytest.fixture
def april(shop):
    """Somebody who pays April in May, and whoever signs in as them."""
    customer = shop.customer(credit_minor=50_000)
    basic = shop.plan("bronze", 1000, proration="extend")
    april = shop.subscribe(customer, basic, due=APR, timing="arrears", next_bill_on=MAY)
    return april, Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))


def months_pass(shop):
    for day in (MAY, JUN):
        on(day)
        for _ in range(2):
            shop.run(day)
            do(begin_scheduled)
    assert verify_billing().faults == []


def test_what_is_billed_afterwards_changes_at_the_end_of_its_period(shop, april):
    subscription, customer = april
    on(date(2026, 4, 16))
    wish = ChangeWish(subscription, plan="gold")
    with reading() as session:
        shown = preview_change(Tx(customer, session), wish)
    assert (shown.when, shown.effective_on, shown.total_minor, shown.days) == ("end_of_term", MAY, 0, 0)
    done = do(change, wish, shown.seen, ctx=customer)
    assert (done.state, done.effective_on) == ("scheduled", "2026-05-01")
    months_pass(shop)
    # and not 10.00 and 30.00 for one April
    assert [line[1:4] for line in shop.lines(subscription)] == [(APR, MAY, 1000), (MAY, JUN, 3000)]


@pytest.mark.parametrize(("field", "asked"), [("when", {"when": "immediate"}), ("on", {"on": date(2026, 4, 10)})])
def test_staff_who_want_it_within_the_period_are_told_why_not(shop, april, field, asked):
    on(date(2026, 4, 16))
    with pytest.raises(InvalidInput, match="no day can be added") as refused:
        do(change, ChangeWish(april[0], plan="gold", **asked))
    assert refused.value.field == field
    assert do(change, ChangeWish(april[0], plan="gold", on=APR)).state == "done"  # no part of a period
    months_pass(shop)
    assert [line[1:4] for line in shop.lines(april[0])] == [(APR, MAY, 3000), (MAY, JUN, 3000)]


def test_an_add_on_that_is_charged_by_day_comes_at_once(shop, april):
    shop.plan("screen", 600, kind="connection", details={"plans": ["bronze"], "max_units": 4})
    on(date(2026, 4, 16))
    assert do(change, ChangeWish(april[0], addons=(AddOnOrder("screen", 1),))).state == "done"
    months_pass(shop)
    assert (date(2026, 4, 16), MAY, 300) in [line[1:4] for line in shop.lines(april[0])]
