"""The expected band of a billing run: days are compared, by what they come to and by their average invoice."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.db import writing
from billhead.domain.errors import RunNeedsConfirmation
from billhead.models.catalogue import Price
from billhead.models.documents import BillingRun, Document
from billhead.models.subscriptions import Subscription

NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def ran(day, total, invoices, **more):
    """A run that is over: so much in all, in cents."""
    with writing(SYSTEM) as tx:
        about = {"as_of": day, "state": "done", "totals": {"EUR": total}, "invoices": {"EUR": invoices}, **more}
        tx.session.add(BillingRun(**about, started_at=clock.now()))


def bills(shop, how_many, minor, due=NOV):
    """So many customers are due at a price of so much, and 20 % tax."""
    plan = shop.plan(f"tv{minor}", minor)
    for _ in range(how_many):
        shop.subscribe(shop.customer(), plan, due=due, line=False)


@pytest.fixture
def six_a_day(shop):
    """15 days of 6 invoices of 12.00, 72.00 a day, each day in two runs."""
    for day in range(17, 32):
        ran(date(2026, 10, day), 4800, 4)
        ran(date(2026, 10, day), 2400, 2)


def test_two_zeros_too_many_are_seen_at_fifteen_invoices_a_day(shop, six_a_day):
    bills(shop, 15, 100_000)  # 1,200.00 with tax instead of 12.00: 18,000.00
    with pytest.raises(RunNeedsConfirmation, match=r"1200\.00 EUR on each of 15 invoices; up to 36\.00 EUR is usual"):
        shop.run(NOV)
    assert shop.all(Document) == []
    asks = shop.all(BillingRun)[-1]
    assert asks.unusual == {"currency": "EUR", "minor": 120_000, "usual_minor": 3600, "invoices": 15}


def test_and_at_three(shop, six_a_day):
    bills(shop, 3, 100_000)
    with pytest.raises(RunNeedsConfirmation, match=r"on each of 3 invoices; up to 720\.00 EUR is usual"):  # 60 × 12.00
        shop.run(NOV)


def test_one_who_pays_a_year_stops_nobody(shop, six_a_day):
    bills(shop, 1, 12_000)  # 144.00
    assert shop.run(NOV).unusual is None
    bills(shop, 10, 1000)  # (144.00 + 10 × 12.00) ÷ 11 = 24.00: less than 36.00
    assert shop.run(NOV).unusual is None
    later = date(2026, 11, 2)
    bills(shop, 3, 12_001, due=later)  # three of them, and nobody else: 144.01
    assert shop.run(later).unusual is None


def test_the_runs_of_a_day_count_together(shop, six_a_day):
    bills(shop, 9, 4000)  # 48.00, more than 36.00: among 9 that may be
    assert shop.run(datetime(2026, 11, 1, 1, tzinfo=UTC)).invoices == 9
    bills(shop, 1, 4001)
    with pytest.raises(RunNeedsConfirmation, match=r"48\.00 EUR on each of 10 invoices"):
        shop.run(datetime(2026, 11, 1, 2, tzinfo=UTC))
    assert len(shop.all(Document)) == 9
    assert shop.run(NOV, confirmed=True).invoices == 1
    bills(shop, 1, 4002)  # and the rest of the day is as usual as that
    assert shop.run(datetime(2026, 11, 1, 3, tzinfo=UTC)).invoices == 1


def test_a_day_that_was_confirmed_before_anything_asked_is_usual_too(shop, six_a_day):
    bills(shop, 10, 4000)
    assert shop.run(NOV, confirmed=True).unusual == "EUR"
    bills(shop, 1, 4001)
    assert shop.run(NOV).invoices == 1


def test_a_hundred_small_runs_of_a_day_are_as_much_as_one_large(shop, six_a_day):
    for _ in range(33):
        ran(NOV, 3600, 3)  # 1,188.00 already, of 12.00 each; 216.00 is usual
    bills(shop, 1, 1000)
    with pytest.raises(RunNeedsConfirmation, match=r"1200\.00 EUR in all; up to 216\.00 EUR is usual"):
        shop.run(NOV)


def test_free_days_say_nothing_about_what_is_usual(shop):
    for day in range(1, 8):
        ran(date(2026, 10, day), 0, 20)
    bills(shop, 12, 1000)
    assert shop.run(NOV).unusual is None


@pytest.fixture
def five_usual_runs(shop):
    with writing(SYSTEM) as tx:
        for day in range(1, 6):
            about = {"as_of": date(2026, 10, day), "state": "done", "totals": {"EUR": 10_000 * day}}
            about["invoices"] = {"EUR": 10}  # on average 10.00, 20.00, … 50.00
            tx.session.add(BillingRun(**about, started_at=clock.now()))


def test_a_run_far_above_the_usual_stops_asks_and_goes_on_when_confirmed(shop, five_usual_runs, monkeypatch):
    monkeypatch.setattr("billhead.actions.billing._band._IN_ALL", 2)
    plan = shop.plan("tv", 50_000)  # 500.00 instead of 5.00
    for _ in range(6):
        shop.subscribe(shop.customer(), plan, due=NOV)
    assert shop.run(NOV, dry_run=True).unusual == "EUR"
    # 3 × the largest, 500.00, is 1,500.00; two at 600.00 fit
    with pytest.raises(RunNeedsConfirmation, match=r"up to 1500\.00 EUR is usual"):
        shop.run(NOV, chunk_size=1)
    assert len(shop.all(Document)) == 2
    asks = shop.all(BillingRun)[-1]
    assert asks.state == "needs_confirmation"
    assert asks.unusual == {"currency": "EUR", "minor": 180_000, "usual_minor": 150_000, "invoices": 0}
    shop.run(NOV, confirmed=True)
    assert len(shop.all(Document)) == 6


def test_a_run_that_bills_next_to_nothing_on_each_invoice_asks_too(shop, five_usual_runs, monkeypatch):
    monkeypatch.setattr("billhead.actions.billing._band._EACH", 3)
    slipped = shop.plan("sports", 270)
    good = [shop.subscribe(shop.customer(), shop.plan(f"tv{n}", 280), due=NOV) for n in range(3)]
    assert shop.run(NOV, dry_run=True).unusual is None  # 3.36 with tax: more than a third of 10.00, the lowest average
    for subscription in good:
        shop.change(Subscription, subscription, next_bill_on=None)
    later = date(2026, 11, 2)
    for _ in range(5):  # 3.24
        shop.subscribe(shop.customer(), slipped, due=later)
    assert shop.run(later, dry_run=True).unusual == "EUR"
    with pytest.raises(RunNeedsConfirmation, match=r"3\.24 EUR on each of 3 invoices; 3\.33 EUR or more is usual"):
        shop.run(later, chunk_size=1)
    assert len(shop.all(Document)) == 2
    assert shop.all(BillingRun)[-1].unusual == {"currency": "EUR", "minor": 324, "usual_minor": 333, "invoices": 3}
    assert shop.run(later, confirmed=True).invoices == 3


def test_what_a_run_asks_waits_for_an_answer_however_many_hours_pass(shop, five_usual_runs, monkeypatch):
    monkeypatch.setattr("billhead.actions.billing._band._IN_ALL", 2)
    plan = shop.plan("tv", 50_000)  # 600.00 with tax; 1,500.00 is usual
    for _ in range(9):
        shop.subscribe(shop.customer(), plan, due=NOV)
    for hour in (1, 2, 3):
        with pytest.raises(RunNeedsConfirmation):
            shop.run(datetime(2026, 11, 1, hour, tzinfo=UTC), chunk_size=1)
        assert len(shop.all(Document)) == 2  # not two more each hour
    with pytest.raises(RunNeedsConfirmation):  # nor when the day is over
        shop.run(DEC)
    assert shop.run(NOV, only=(9,)).invoices == 1  # somebody has picked this one; it answers nothing
    assert shop.run(NOV, dry_run=True).invoices == 6
    with pytest.raises(RunNeedsConfirmation):
        shop.run(NOV)
    assert shop.run(NOV, confirmed=True).invoices == 6
    assert {row.state for row in shop.all(BillingRun)} == {"done"}
    shop.subscribe(shop.customer(), plan, due=NOV)
    assert shop.run(NOV).invoices == 1


def test_first_runs_do_not_ask(shop):
    bills(shop, 12, 50_000)
    assert shop.run(NOV).unusual is None


def repriced(shop, sold, minor):
    """Existing subscriptions pay another price from December on."""
    plan, price = sold
    book = shop.get(Price, price).book_id
    return shop.price(plan, book, "1 month", minor, version=2, existing_from=DEC)


@pytest.fixture
def once_a_month(shop):
    """Twelve customers at 10.00, all billed on the first: in five weeks there are never five days to compare with."""
    sold = shop.plan("tv", 1000)
    for _ in range(12):
        shop.subscribe(shop.customer(), sold, due=NOV, line=False)
    assert shop.run(NOV).invoices == 12
    return sold


def test_who_bills_on_one_day_of_the_month_is_asked_about_two_zeros_too_many(shop, once_a_month):
    repriced(shop, once_a_month, 100_000)
    assert shop.run(DEC, dry_run=True).unusual == "EUR"
    with pytest.raises(RunNeedsConfirmation, match=r"1000\.00 EUR on each of 12 invoices; up to 30\.00 EUR is usual"):
        shop.run(DEC)
    assert len(shop.all(Document)) == 12
    asks = shop.all(BillingRun)[-1]
    assert (asks.state, asks.unusual["minor"], asks.unusual["usual_minor"]) == ("needs_confirmation", 100_000, 3000)
    shop.change(Subscription, 12, next_bill_on=date(2026, 12, 2))
    assert shop.run(DEC, confirmed=True).invoices == 11
    shop.change(Subscription, 12, next_bill_on=DEC)
    assert shop.run(DEC).invoices == 1  # what is left of a day that was answered is not asked about again


def test_and_about_next_to_nothing(shop, once_a_month):
    repriced(shop, once_a_month, 100)
    with pytest.raises(RunNeedsConfirmation, match=r"1\.00 EUR on each of 12 invoices; 3\.33 EUR or more is usual"):
        shop.run(DEC)


def test_a_price_that_is_twice_as_high_new_customers_and_months_of_an_outage_ask_nothing(shop, once_a_month):
    repriced(shop, once_a_month, 2000)
    dear = shop.plan("all", 90_000)
    for _ in range(12):
        shop.subscribe(shop.customer(), dear, due=DEC, line=False)
    assert shop.run(date(2027, 3, 1)).unusual is None  # December to March of all of them


def test_of_one_invoice_only_two_zeros_too_many_are_asked_about(shop):
    anna, bea = shop.plan("anna", 1000), shop.plan("bea", 1000)
    for sold in (anna, bea):
        shop.subscribe(shop.customer(), sold, due=NOV, line=False)
    shop.run(NOV)
    repriced(shop, anna, 9900)
    assert shop.run(DEC, only=(1,)).unusual is None
    repriced(shop, bea, 100_000)
    with pytest.raises(RunNeedsConfirmation, match=r"1000\.00 EUR on each of 1 invoices; up to 600\.00 EUR is usual"):
        shop.run(DEC)
    assert len(shop.all(Document)) == 3


def test_what_cost_nothing_before_asks_nothing(shop):
    free = shop.plan("free", 0)
    for _ in range(12):
        shop.subscribe(shop.customer(), free, due=NOV, line=False)
    shop.run(NOV)
    repriced(shop, free, 5000)
    assert shop.run(DEC).unusual is None
