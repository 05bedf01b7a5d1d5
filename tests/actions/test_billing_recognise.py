"""Deferred revenue is earned by the day: every line's days sum to its net amount, and nothing is earned twice."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import case, func, select

from billhead.actions.billing.recognise import recognise
from billhead.actions.ledger.verify import verify_ledger
from billhead.db import reading
from billhead.models.documents import Document
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting

NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, zone="Pacific/Kiritimati") as shop:
        yield shop


def earned_by_day():
    signed = case((LedgerPosting.side == "C", LedgerPosting.amount_minor), else_=-LedgerPosting.amount_minor)
    with reading() as session:
        rows = session.execute(
            select(LedgerEntry.day, func.sum(signed))
            .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
            .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
            .where(LedgerAccount.code == "revenue")
            .group_by(LedgerEntry.day)
            .order_by(LedgerEntry.day)
        )
        return {day: int(total) for day, total in rows}


def deferred():
    signed = case((LedgerPosting.side == "C", LedgerPosting.amount_minor), else_=-LedgerPosting.amount_minor)
    with reading() as session:
        assert verify_ledger(session).faults == []
        return session.scalar(
            select(func.sum(signed))
            .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
            .where(LedgerAccount.code == "deferred_revenue")
        )


def test_ten_euros_over_thirty_days_sum_to_ten_euros(shop):
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=NOV)
    shop.run(NOV)
    assert recognise(SYSTEM, date(2026, 11, 3)).earned == {"EUR": 100}
    # 10.00 ÷ 30 = 0.333…: 0.33, 0.33, 0.34 and again
    assert list(earned_by_day().values()) == [33, 33, 34]
    recognise(SYSTEM, date(2027, 2, 1))
    days = earned_by_day()
    assert (len(days), sum(days.values()), max(days)) == (30, 1000, date(2026, 11, 30))
    assert deferred() == 0


def test_the_same_day_is_never_earned_twice(shop):
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=NOV)
    shop.run(NOV)
    recognise(SYSTEM, date(2026, 11, 10))
    assert recognise(SYSTEM, date(2026, 11, 10)).entries == 0


def test_only_days_that_are_over_in_the_sellers_zone(shop):
    shop.subscribe(shop.customer(), shop.plan("tv", 3000), due=NOV)
    shop.run(NOV)
    recognise(SYSTEM, datetime(2026, 11, 1, 9, 59, tzinfo=UTC))  # still 1 November in Kiritimati
    assert earned_by_day() == {}
    recognise(SYSTEM, datetime(2026, 11, 1, 10, tzinfo=UTC))
    assert earned_by_day() == {NOV: 100}


def test_what_is_invoiced_late_is_made_good_on_the_next_day(shop):
    plan = shop.plan("tv", 3000)
    shop.subscribe(shop.customer(), plan, due=NOV)
    shop.run(NOV)
    recognise(SYSTEM, date(2026, 11, 10))
    shop.subscribe(shop.customer(), plan, due=NOV)
    shop.run(NOV)
    recognise(SYSTEM, date(2026, 11, 11))
    assert earned_by_day()[date(2026, 11, 11)] == 100 + 1100
    assert deferred() == 2 * 1900


def test_what_is_voided_is_given_back(shop):
    shop.subscribe(shop.customer(), shop.plan("tv", 3000), due=NOV)
    shop.run(NOV)
    recognise(SYSTEM, date(2026, 11, 10))
    (invoice,) = shop.all(Document)
    shop.change(Document, invoice.id, state="void")
    assert recognise(SYSTEM, date(2026, 11, 11)).earned == {"EUR": -1000}


def test_set_up_is_earned_at_once_and_currencies_stay_apart(shop):
    shop.subscribe(shop.customer(), shop.plan("tv", 0, setup_minor=500), due=NOV, billed_through=None)
    shop.subscribe(shop.customer(currency="JPY"), shop.plan("jp", 3000, currency="JPY"), due=NOV)
    shop.run(NOV)
    assert recognise(SYSTEM, NOV).earned == {"EUR": 16, "JPY": 100}
