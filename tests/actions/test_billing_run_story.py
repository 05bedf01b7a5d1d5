"""The billing run in stories: what is billed when, to the cent, in every zone and at every month's end."""

from datetime import UTC, date, datetime, timedelta

import pytest
from asking import statements
from billing_shop import open_shop

from billhead.actions.ledger.verify import verify_ledger
from billhead.db import reading
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, FailedItem
from billhead.models.operations import Event, EventDelivery, Job
from billhead.models.people import Customer
from billhead.models.sellers import NumberSeries
from billhead.models.subscriptions import Service, Subscription

NOV, DEC, JAN = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        yield shop


def in_order(shop):
    with reading() as session:
        return verify_ledger(session).faults == []


def test_a_month_of_plan_and_addon_with_tax_is_invoiced_booked_and_collected(shop):
    plan, addon = shop.plan("tv", 999), shop.plan("sport", 299)
    customer = shop.customer()
    subscription = shop.subscribe(customer, plan, addon, due=NOV)
    report = shop.run(NOV)
    # 9.99 + 2.99 = 12.98; 20 %: 2.00 + 0.60 = 2.60
    assert shop.lines(subscription) == [("recurring", NOV, DEC, 999, 200), ("recurring", NOV, DEC, 299, 60)]
    (invoice,) = shop.all(Document)
    assert (invoice.state, invoice.number_text, invoice.total_minor) == ("final", "2026-000001", 1558)
    assert (invoice.issued_on, invoice.due_on, invoice.run_id) == (NOV, date(2026, 11, 15), report.run_id)
    after = shop.get(Subscription, subscription)
    assert (after.billed_through, after.paid_through, after.next_bill_on, after.version) == (DEC, NOV, DEC, 2)
    (job,) = shop.all(Job)
    assert (job.kind, job.args, job.key) == ("payments.collect", {"document_id": invoice.id}, f"collect:{invoice.id}")
    assert report.totals() == {"EUR": 1558}
    assert in_order(shop)


def test_only_a_resellers_shop_is_asked_what_its_credits_pay(shop):
    """What credit has paid in full runs on at once: 10.00 + 2.00 tax."""
    subscription = shop.subscribe(shop.customer(credit_minor=1200), shop.plan("tv", 1000), due=NOV)
    with statements() as asked:
        shop.run(NOV)
    assert shop.get(Subscription, subscription).paid_through == DEC
    assert [one for one in asked if "payer_reseller_id IS NOT NULL" in one] == []


def test_credit_pays_before_the_card_and_gifted_before_bought(shop):
    plan = shop.plan("tv", 1000)
    customer = shop.customer()
    bought, gifted = shop.grant(customer, 5000), shop.grant(customer, 300, kind="gifted")
    subscription = shop.subscribe(customer, plan, due=NOV)
    shop.run(NOV)
    # 10.00 + 2.00 = 12.00: 3.00 gifted, 9.00 of the bought 50.00
    assert [row.remaining_minor for row in shop.all(CustomerCredit)] == [4100, 0]
    assert [(row.customer_credit_id, row.amount_minor) for row in shop.all(Allocation)] == [
        (gifted, 300),
        (bought, 900),
    ]
    (invoice,) = shop.all(Document)
    assert (invoice.state, invoice.settled_minor) == ("paid", 1200)
    assert shop.get(Subscription, subscription).paid_through == DEC
    (line,) = shop.all(Service)
    assert line.desired_expires_at == datetime(2026, 12, 4, tzinfo=UTC)  # 1 December and 72 hours
    assert (line.desired_version, line.sync) == (2, "pending")
    (job,) = shop.all(Job)
    assert (job.kind, job.key, job.lane) == ("provisioning.converge", f"converge:{line.id}", f"panel:{shop.panel_id}")
    assert [row.type for row in shop.all(Event)] == ["document.issued", "document.paid"]
    assert in_order(shop)


def test_one_credit_serves_two_subscriptions_until_it_is_used_up(shop):
    plan = shop.plan("tv", 1000)
    customer = shop.customer(credit_minor=2000)
    for _ in range(2):
        shop.subscribe(customer, plan, due=NOV)
    shop.run(NOV)
    assert [(row.state, row.settled_minor) for row in shop.all(Document)] == [("paid", 1200), ("partly_paid", 800)]
    assert in_order(shop)


def test_credit_of_another_currency_and_expired_credit_are_left_alone(shop):
    plan = shop.plan("tv", 1000)
    customer = shop.customer()
    shop.grant(customer, 900, "USD")
    shop.grant(customer, 900, expires_on=NOV)
    shop.subscribe(customer, plan, due=NOV)
    shop.run(NOV)
    assert [row.settled_minor for row in shop.all(Document)] == [0]


def test_the_second_run_writes_nothing(shop):
    plan = shop.plan("tv", 1000)
    for _ in range(5):
        shop.subscribe(shop.customer(credit_minor=500), plan, due=NOV)
    shop.run(NOV)
    before = shop.canonical()
    again = shop.run(NOV)
    assert (again.considered, again.run_id) == (0, None)
    assert shop.canonical() == before


def test_pitfall_10_the_31st_comes_back_after_short_months(shop):
    plan = shop.plan("tv", 1000)
    subscription = shop.subscribe(shop.customer(), plan, due=date(2027, 1, 31), anchor=date(2027, 1, 31))
    for month in range(1, 13):
        shop.run(date(2027 + month // 12, month % 12 + 1, 1))
    starts = [start for _, start, *_ in shop.lines(subscription)]
    assert [(start.month, start.day) for start in starts] == [
        (1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31), (8, 31), (9, 30), (10, 31), (11, 30), (12, 31),
    ]  # fmt: skip


def test_pitfall_11_a_leap_day_returns_in_leap_years(shop):
    plan = shop.plan("tv", 9900, term="1 year")
    leap = date(2028, 2, 29)
    subscription = shop.subscribe(shop.customer(), plan, due=leap, anchor=leap)
    shop.run(date(2032, 3, 1))
    assert [start for _, start, *_ in shop.lines(subscription)] == [
        leap, date(2029, 2, 28), date(2030, 2, 28), date(2031, 2, 28), date(2032, 2, 29),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "first_due_at"),
    [
        ("Pacific/Kiritimati", datetime(2026, 10, 31, 10, tzinfo=UTC)),  # UTC+14
        ("Pacific/Niue", datetime(2026, 11, 1, 11, tzinfo=UTC)),  # UTC-11
        ("America/New_York", datetime(2026, 11, 1, 4, tzinfo=UTC)),  # the day on which the clocks go back
    ],
)
def test_pitfall_12_the_customers_own_midnight_decides_and_bills_once(shop, zone, first_due_at):
    plan = shop.plan("tv", 1000)
    subscription = shop.subscribe(shop.customer(zone=zone), plan, due=NOV)
    moments = [first_due_at + timedelta(minutes=minutes) for minutes in (-600, -1, 0, 1, 60, 1380)]
    assert [shop.run(moment).invoices for moment in moments] == [0, 0, 1, 0, 0, 0]
    assert [line[1:3] for line in shop.lines(subscription)] == [(NOV, DEC)]


def test_a_move_to_another_zone_leaves_no_gap_and_no_overlap(shop):
    plan = shop.plan("tv", 1000)
    customer = shop.customer(zone="Pacific/Niue", credit_minor=9000)
    subscription = shop.subscribe(customer, plan, due=NOV)
    shop.change(Customer, customer, zone="Pacific/Kiritimati")
    shop.run(datetime(2026, 11, 1, 10, 59, tzinfo=UTC))  # already 2 November where they live now, 31 October before
    assert shop.lines(subscription) == []
    shop.run(datetime(2026, 11, 1, 11, tzinfo=UTC))
    shop.run(datetime(2026, 11, 30, 10, tzinfo=UTC))
    assert [line[1:3] for line in shop.lines(subscription)] == [(NOV, DEC), (DEC, JAN)]
    (line,) = shop.all(Service)
    assert line.desired_expires_at == datetime(2027, 1, 3, 10, tzinfo=UTC)  # midnight of 1 January there, and 72 hours


def test_a_month_without_runs_is_made_good_in_one_invoice(shop):
    plan = shop.plan("tv", 1000)
    subscription = shop.subscribe(shop.customer(), plan, due=NOV)
    shop.run(date(2027, 1, 10))
    assert [line[1] for line in shop.lines(subscription)] == [NOV, DEC, JAN]
    assert len(shop.all(Document)) == 1


def test_postpaid_is_billed_at_the_end_of_the_period(shop):
    plan = shop.plan("tv", 1000)
    subscription = shop.subscribe(
        shop.customer(credit_minor=5000), plan, due=NOV, timing="arrears", next_bill_on=DEC, paid_through=NOV
    )
    assert shop.run(date(2026, 11, 30)).invoices == 0
    shop.run(DEC)
    assert [line[1:3] for line in shop.lines(subscription)] == [(NOV, DEC)]
    assert shop.get(Subscription, subscription).next_bill_on == JAN
    assert shop.all(Service)[0].desired_expires_at == datetime(2027, 1, 4, tzinfo=UTC)  # it goes on for another month


def test_a_paid_trial_turns_into_full_price_at_its_end(shop):
    plan = shop.plan("tv", 1000, trial_term="7 days", trial_minor=100)
    ends = date(2026, 11, 8)
    subscription = shop.subscribe(
        shop.customer(), plan, due=ends, anchor=ends, state="trial", phase="trial", phase_ends_on=ends
    )
    assert shop.run(date(2026, 11, 7)).considered == 0
    shop.run(ends)
    assert shop.lines(subscription) == [("recurring", ends, date(2026, 12, 8), 1000, 200)]
    after = shop.get(Subscription, subscription)
    assert (after.state, after.phase) == ("active", "recurring")


def test_what_ends_inside_a_cycle_is_charged_for_its_days(shop):
    plan = shop.plan("tv", 3000)
    subscription = shop.subscribe(shop.customer(), plan, due=NOV, billing_ends_on=date(2026, 11, 11))
    shop.run(NOV)
    # 30.00 × 10 ÷ 30 days
    assert shop.lines(subscription) == [("recurring", NOV, date(2026, 11, 11), 1000, 200)]
    assert shop.get(Subscription, subscription).next_bill_on is None


def test_set_up_is_charged_with_the_first_period_only(shop):
    plan = shop.plan("tv", 1000, setup_minor=500)
    subscription = shop.subscribe(shop.customer(), plan, due=NOV, billed_through=None)
    shop.run(NOV)
    shop.run(DEC)
    assert [(kind, net) for kind, _, _, net, _ in shop.lines(subscription)] == [
        ("setup", 500), ("recurring", 1000), ("recurring", 1000),
    ]  # fmt: skip


def test_prices_with_tax_included_keep_their_gross(shop):
    plan = shop.plan("tv", 999, tax_inclusive=True)
    subscription = shop.subscribe(shop.customer(), plan, due=NOV)
    shop.run(NOV)
    # 9.99 ÷ 1.2: 8.32 or 8.33; tax 1.665 → 1.67, net what is left
    assert shop.lines(subscription) == [("recurring", NOV, DEC, 832, 167)]


def test_pitfall_23_yen_have_no_cents_and_totals_never_mix(shop):
    euros, yen = shop.plan("tv", 1000), shop.plan("tv-jp", 1500, currency="JPY")
    shop.subscribe(shop.customer(), euros, due=NOV)
    shop.subscribe(shop.customer(currency="JPY", country="JP"), yen, due=NOV)
    assert shop.run(NOV).totals() == {"EUR": 1200, "JPY": 1800}
    assert in_order(shop)


def test_a_price_of_another_currency_or_term_fails_that_subscription_by_name(shop):
    plan, dollars = shop.plan("tv", 1000), shop.plan("tv-us", 1000, currency="USD")
    yearly = shop.plan("sport", 9900, term="1 year")
    wrong_money = shop.subscribe(shop.customer(), plan, dollars, due=NOV)
    wrong_term = shop.subscribe(shop.customer(), plan, yearly, due=NOV)
    good = shop.subscribe(shop.customer(), plan, due=NOV)
    report = shop.run(NOV)
    assert (report.invoices, report.failed) == (1, 2)
    with reading() as session:
        reasons = {row.subscription_id: row.error for row in session.query(FailedItem)}
    assert "expected EUR, got USD" in reasons[wrong_money]
    assert "it is for 1 year, the subscription for 1 month" in reasons[wrong_term]
    assert len(shop.lines(good)) == 1


def test_what_costs_nothing_is_paid_when_it_is_issued(shop):
    plan = shop.plan("free", 0)
    subscription = shop.subscribe(shop.customer(), plan, due=NOV)
    shop.run(NOV)
    (invoice,) = shop.all(Document)
    assert (invoice.state, invoice.total_minor, invoice.entry_id) == ("paid", 0, None)
    assert shop.get(Subscription, subscription).paid_through == DEC
    assert [job.kind for job in shop.all(Job)] == ["provisioning.converge"]


def test_suspended_expired_and_credit_settled_subscriptions_are_not_billed(shop):
    plan = shop.plan("tv", 1000)
    for state in ("suspended", "expired", "canceled", "pending"):
        shop.subscribe(shop.customer(), plan, due=NOV, state=state)
    shop.subscribe(shop.customer(), plan, due=NOV, settlement="credits")
    assert shop.run(NOV).considered == 0


def test_observers_get_one_delivery_per_event(shop):
    shop.plugins.watching = ["crm", "webhooks"]
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=NOV)
    shop.run(NOV)
    (event,) = shop.all(Event)
    (invoice,) = shop.all(Document)
    assert event.aggregate == f"document:{invoice.id}"
    assert event.data["total_minor"] == 1200
    assert [(row.event_id, row.plugin) for row in shop.all(EventDelivery)] == [
        (event.id, "crm"),
        (event.id, "webhooks"),
    ]


def test_a_new_fiscal_year_begins_with_number_one_and_keeps_the_format(shop):
    plan = shop.plan("tv", 1000)
    shop.subscribe(shop.customer(), plan, due=DEC)
    shop.run(DEC)
    (series,) = shop.all(NumberSeries)
    shop.change(NumberSeries, series.id, format="{prefix}{number}/{year}", prefix="NC-")
    shop.run(JAN)
    assert [row.number_text for row in shop.all(Document)] == ["2026-000001", "NC-1/2027"]


def test_the_buyer_is_frozen_and_shared_by_documents_until_they_move(shop):
    plan = shop.plan("tv", 1000)
    customer = shop.customer()
    shop.subscribe(customer, plan, due=NOV)
    shop.run(NOV)
    shop.run(DEC)
    shop.change(Customer, customer, name="Married")
    shop.run(JAN)
    first, second, third = (row.buyer_id for row in shop.all(Document))
    assert first == second != third
