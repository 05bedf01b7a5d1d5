"""Everything that was billed, recomputed from nothing: a run leaves no difference, and what is wrong is named."""

from datetime import UTC, date, datetime

import pytest
from asking import statements
from billing_shop import SYSTEM, open_shop
from tampering import tampered

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.issue_credit_note import issue_credit_note
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.db import writing
from billhead.models.documents import DocumentLine
from billhead.models.subscriptions import Subscription, SubscriptionComponent

APR, MAY = date(2026, 4, 1), date(2026, 5, 1)
SHORTER = """
    UPDATE document_line SET period_end = '2026-04-21', cycle_start = '2026-04-01', cycle_end = '2026-05-01',
    cycle_minor = 1000 WHERE period_start = '2026-04-01'
"""
A_HOLD = """
    INSERT INTO free_time (subscription_id, why, starts_on, ends_on, recorded_at)
    VALUES (1, 'hold', '2026-04-11', '2026-04-21', '2026-04-11 00:00:00')
"""


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
    assert found.faults == []
    assert (found.subscriptions, found.documents, found.differing) == (4, 9, 0)
    # somebody ends an add-on in the database, and no bill says so: 3.00 × 16/31 of May are too much
    part = shop.all(SubscriptionComponent, SubscriptionComponent.subscription_id == subscriptions[2])[1]
    shop.change(SubscriptionComponent, part.id, ends_on=date(2026, 5, 16))
    charged, differs = verify_billing().faults
    assert (differs.subscription_id, differs.amount_minor) == (subscriptions[2], -155)
    assert charged.what == f"component {part.id}: 2026-05-16 to 2026-06-01 is charged, and it was not had"


def test_what_costs_nothing_needs_no_line(shop):
    shop.plan("free", 0)
    subscription = shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=APR)
    shop.run(APR)
    with writing(SYSTEM) as tx:
        change(tx, ChangeWish(subscription, plan="free", when="immediate"))
    assert verify_billing().faults == []


@pytest.fixture
def given_back(shop):
    """All of April, out of kindness."""
    shop.plan("basic", 1000)
    subscription = shop.subscribe(shop.customer(credit_minor=9000), shop.plan("gold", 3000), due=APR)
    shop.run(APR)
    with writing(SYSTEM) as tx:
        assert issue_credit_note(tx, 1, reason="goodwill").credited == 3600
    return subscription


@pytest.mark.parametrize("day", [1, 6])
def test_a_month_that_was_given_back_whole_is_charged_to_nobody_who_changes_or_leaves(shop, given_back, day):
    clock.move_business_clock(datetime(2026, 4, day, 12, tzinfo=UTC))
    with writing(SYSTEM) as tx:
        done = change(tx, ChangeWish(given_back, plan="basic", when="immediate"))
    # 10.00 for the 30 or 25 days that are left, and 20 %; nothing comes back that was given already
    assert done.total_minor == {1: 1200, 6: 1000}[day]
    assert verify_billing().faults == []
    with writing(SYSTEM) as tx:
        assert cancel(tx, given_back, "start_of_term", money="credit").total_minor == -done.total_minor
    assert verify_billing().faults == []


def test_a_month_that_was_given_back_whole_is_not_charged_again(shop, given_back):
    twice = ("subscription 1, document 1", "2026-04-10 to 2026-04-20 is charged twice, also on document 1")
    assert twice in told(charged_again())


def told(*statements):
    """What is wrong after somebody has written these into the database; nothing was before."""
    assert verify_billing().faults == []
    tampered(*statements)
    return [(fault.where, fault.what) for fault in verify_billing().faults]


def charged_again():
    """A statement that has days of April on a second line, for the same money."""
    columns = "document_id, position, subscription_id, component_id, price_id, plan_id, kind, description, term, "
    columns += "quantity, unit_minor, discount_minor, net_minor, tax_minor, tax_code, tax_rate_ppm, revision"
    again = f"INSERT INTO document_line ({columns}, period_start, period_end, discount_code, tax_class) "
    again += f"SELECT {columns}, '2026-04-10', '2026-04-20', discount_code, tax_class FROM document_line "
    return again + "WHERE document_id = 1"


def test_a_day_that_two_lines_charge_is_named(shop):
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=APR)
    shop.run(APR)
    assert told(charged_again()) == [
        ("subscription 1, document 1", "2026-04-10 to 2026-04-20 is charged twice, also on document 1"),
        ("subscription 1", "-3.33 EUR differs for 2026-04-10 to 2026-04-20"),  # a correction would give it back
        ("subscription 1, document 1", "its lines come to 20.00 EUR, and it says 10.00 EUR before tax"),
        ("subscription 1, document 1", "the tax of its lines comes to 4.00 EUR, and it says 2.00 EUR"),
        ("subscription 1, document 1", "the ledger has 2.00 EUR of tax FI:standard, and its lines 4.00 EUR"),
    ]


@pytest.mark.parametrize(
    ("statement", "faults"),
    [
        (
            SHORTER,
            [
                ("subscription 1", "2026-04-21 to 2026-05-01 is not charged"),
                (
                    "subscription 1, document 1",
                    "20 of the 30 days from 2026-04-01 come to 10.00 EUR, and are worth 6.67 EUR",
                ),
            ],
        ),
        (
            "UPDATE document_line SET period_start = '2026-05-11' WHERE period_start = '2026-05-01'",
            [("subscription 1", "2026-05-01 to 2026-05-11 is not charged")],
        ),
        (
            "UPDATE document_line SET period_end = '2026-06-11' WHERE period_start = '2026-05-01'",
            [
                ("subscription 1, document 1", "2026-06-01 to 2026-06-11 is charged, and it was not had"),
                ("subscription 1", "-2.44 EUR differs for 2026-06-01 to 2026-06-11"),
            ],
        ),
        (
            A_HOLD,
            [
                (
                    "subscription 1, document 1",
                    "20 of the 30 days from 2026-04-01 come to 10.00 EUR, and are worth 6.67 EUR",
                ),
                ("subscription 1", "-3.33 EUR differs for 2026-04-11 to 2026-04-21"),
            ],
        ),
    ],
)
def test_days_that_documents_have_otherwise_are_named(shop, statement, faults):
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=APR)
    shop.run(MAY)
    assert told(statement) == faults


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "UPDATE document SET net_minor = 999, total_minor = 1199",
            [
                "its lines come to 10.00 EUR, and it says 9.99 EUR before tax",
                "the ledger has 12.00 EUR of it as owed, and it says 11.99 EUR",
            ],
        ),
        (
            "UPDATE document_line SET tax_code = 'SE:standard'",
            [
                "the ledger has 2.00 EUR of tax FI:standard, and its lines 0.00 EUR",
                "the ledger has 0.00 EUR of tax SE:standard, and its lines 2.00 EUR",
            ],
        ),
        (
            "UPDATE document SET entry_id = NULL",
            [
                "the ledger has 0.00 EUR of it as owed, and it says 12.00 EUR",
                "the ledger has 0.00 EUR of tax FI:standard, and its lines 2.00 EUR",
            ],
        ),
        (
            "UPDATE document SET settled_minor = 1200, state = 'paid'",
            ["0.00 EUR were put on it, and it says 12.00 EUR"],
        ),
    ],
)
def test_documents_that_ledger_lines_and_payments_have_otherwise_are_named(shop, statement, fault):
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=APR)
    shop.run(APR)
    assert told(statement) == [("subscription 1, document 1", what) for what in fault]


def test_a_price_that_the_biller_would_get_wrong_is_found_in_the_documents_alone(shop):
    """The line, its document, its entry and the list of prices agree: only the days don't."""
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=APR, anchor=APR, billed_through=None)
    shop.change(Subscription, 1, anchor=date(2026, 3, 16))
    shop.run(APR)
    line = shop.all(DocumentLine)[0]
    assert (line.period_start, line.period_end, line.net_minor) == (APR, date(2026, 4, 16), 484)  # 15 of 31 days
    wrong = "UPDATE document_line SET period_end = '2026-04-15' WHERE id = 1"
    found = told(wrong, "UPDATE subscription SET billed_through = '2026-04-15'")
    assert found[0] == (
        "subscription 1, document 1",
        "14 of the 31 days from 2026-03-16 come to 4.84 EUR, and are worth 4.52 EUR",
    )


def test_the_number_of_statements_does_not_grow_with_the_subscriptions(shop):
    plan = shop.plan("tv", 1000)

    def asked():
        with statements() as seen:
            verify_billing()
        return len(seen)

    for _ in range(2):
        shop.subscribe(shop.customer(), plan, due=APR)
    shop.run(APR)
    few = asked()
    for _ in range(40):
        shop.subscribe(shop.customer(), plan, due=APR)
    shop.run(APR)
    assert asked() == few
