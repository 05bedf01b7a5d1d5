"""Everything that was billed, recomputed from nothing: a run leaves no difference, and what is wrong is named."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import event, text

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.db import db, writing
from billhead.models.subscriptions import SubscriptionComponent

APR, MAY = date(2026, 4, 1), date(2026, 5, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def test_runs_and_changes_leave_no_difference_and_what_was_forgotten_is_named(shop):
    plan = shop.plan("tv", 1000)
    sport = shop.plan("sport", 300, kind="bouquet", details={"plans": ["tv", "gold"]})
    shop.plan("gold", 3000)
    subscriptions = [shop.subscribe(shop.customer(), plan, sport, due=APR) for _ in range(4)]
    shop.run(APR)
    clock.move_business_clock(datetime(2026, 4, 16, 12, tzinfo=UTC))
    with writing(SYSTEM) as tx:
        change(tx, ChangeWish(subscriptions[0], plan="gold"))
        hold(tx, subscriptions[1])
    clock.move_business_clock(datetime(2026, 5, 1, 12, tzinfo=UTC))
    shop.run(MAY)
    found = verify_billing()
    assert (found.subscriptions, found.differing) == (4, 0)
    # somebody ends an add-on in the database, and no bill says so: 3.00 × 16/31 of May are too much
    part = shop.all(SubscriptionComponent, SubscriptionComponent.subscription_id == subscriptions[2])[1]
    shop.change(SubscriptionComponent, part.id, ends_on=date(2026, 5, 16))
    (fault,) = verify_billing().faults
    assert (fault.subscription_id, fault.amount_minor) == (subscriptions[2], -155)


def test_a_day_that_two_lines_charge_is_named(shop):
    subscription = shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=APR)
    shop.run(APR)
    with writing(SYSTEM) as tx:
        columns = "document_id, position, subscription_id, component_id, price_id, plan_id, kind, description, term, "
        columns += "quantity, unit_minor, discount_minor, net_minor, tax_minor, tax_code, tax_rate_ppm, revision"
        tx.session.execute(
            text(
                f"INSERT INTO document_line ({columns}, period_start, period_end, discount_code, tax_class) "
                f"SELECT {columns}, '2026-04-10', '2026-04-20', discount_code, tax_class FROM document_line"
            )
        )
    (fault,) = verify_billing().faults
    assert (fault.subscription_id, fault.what) == (subscription, "2026-04-10 is billed twice")


def test_the_number_of_statements_does_not_grow_with_the_subscriptions(shop):
    plan = shop.plan("tv", 1000)

    def statements():
        seen = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listener)
        verify_billing()
        event.remove(db.engine, "before_cursor_execute", listener)
        return len(seen)

    for _ in range(2):
        shop.subscribe(shop.customer(), plan, due=APR)
    shop.run(APR)
    few = statements()
    for _ in range(40):
        shop.subscribe(shop.customer(), plan, due=APR)
    shop.run(APR)
    assert statements() == few
