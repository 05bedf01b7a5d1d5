"""Deferred revenue is earned by the day: every line's days sum to its net amount, and nothing is earned twice."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import case, func, select

from billhead import clock
from billhead.actions.billing.recognise import recognise
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.void_document import void_document
from billhead.actions.ledger.verify import verify_ledger
from billhead.db import reading, writing
from billhead.models.documents import Document, DocumentLine
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.reports import ask, report_of, tabled

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


@pytest.mark.parametrize("every_day", [True, False])
def test_the_books_are_the_same_whenever_the_job_runs(shop, every_day):
    """Two pay 30.00 for November ahead, one is billed afterwards. On 1 December, before that is booked, one of the two
    is credited in full and the other voided."""
    tv = shop.plan("tv", 3000)
    for _ in range(2):
        shop.subscribe(shop.customer(), tv, due=NOV, billing_ends_on=DEC)
    afterwards = {"timing": "arrears", "billed_through": NOV, "billing_ends_on": DEC}
    shop.subscribe(shop.customer(), tv, anchor=NOV, due=DEC, **afterwards)
    with clock.business_time(datetime(2026, 11, 1, 1, tzinfo=UTC)):
        shop.run(NOV)
    recognise(SYSTEM, date(2026, 11, 29 if every_day else 10))
    if every_day:
        recognise(SYSTEM, date(2026, 11, 30))
    with clock.business_time(datetime(2026, 12, 1, 1, tzinfo=UTC)):
        shop.run(DEC)
        first, second = shop.all(Document, Document.issued_on == NOV)
        (line,) = shop.all(DocumentLine, DocumentLine.document_id == first.id)
        with writing(SYSTEM) as tx:
            issue_credit_note(tx, first.id, [Correction(line.id)], reason="outage")
            void_document(tx, second.id, reason="outage")
    recognise(SYSTEM, DEC)
    days = earned_by_day()
    assert [days[date(2026, 11, day)] for day in (1, 29, 30)] == [200, 200, 200]
    assert days[DEC] == 3000 - 3000 - 3000
    with reading() as session:
        report = report_of("deferred-revenue")
        span = {"from": "2026-11-01", "to": "2026-12-31"}
        rows = tabled(session, report, ask(session, report.report, span, date(2026, 12, 31))).first_rows
    # month, deferred at its start, invoiced, earned, deferred at its end, difference
    assert [[getattr(one, "minor", one) for one in row] for row in rows] == [
        ["2026-11", 0, 6000, 6000, 0, 0],
        ["2026-12", 0, -3000, -3000, 0, 0],
    ]
