"""Revenue stays right when money goes back: earned and deferred sum to what was invoiced less credited."""

from datetime import UTC, date, datetime, timedelta

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import case, func, select

from billhead import clock
from billhead.actions.billing.recognise import recognise
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.void_document import void_document
from billhead.actions.documents.write_off import write_off
from billhead.actions.ledger.verify import verify_ledger
from billhead.db import reading, writing
from billhead.models.documents import Document, DocumentLine
from billhead.models.ledger import LedgerAccount, LedgerPosting

NOV = date(2026, 11, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def at(day, hour=12):
    return clock.business_time(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


def balance(code):
    signed = case((LedgerPosting.side == "C", LedgerPosting.amount_minor), else_=-LedgerPosting.amount_minor)
    with reading() as session:
        assert verify_ledger(session).faults == []
        found = session.scalar(
            select(func.sum(signed))
            .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
            .where(LedgerAccount.code == code)
        )
    return int(found or 0)


def invoices(shop, *prices):
    with at(NOV):
        for price in prices:
            shop.subscribe(shop.customer(card=False), shop.plan(f"tv{price}", price), due=NOV)
        shop.run(NOV)
    return shop.all(Document)


def act(verb, *args, **more):
    with writing(SYSTEM) as tx:
        return verb(tx, *args, reason="outage", **more)


def net_of(shop):
    """What stands: invoiced less credited, without void documents."""
    rows = [one for one in shop.all(Document) if one.state != "void"]
    return sum(one.net_minor if one.kind == "invoice" else -one.net_minor for one in rows)


def test_the_days_that_are_given_back_are_never_earned(shop):
    (invoice,) = invoices(shop, 3000)
    recognise(SYSTEM, date(2026, 11, 15))
    assert balance("revenue") == 1500
    (line,) = shop.all(DocumentLine)
    with at(date(2026, 11, 16)):
        act(issue_credit_note, invoice.id, [Correction(line.id, since=date(2026, 11, 16))])
    recognise(SYSTEM, date(2026, 11, 20))
    # 30.00 ÷ 30 a day; from the 16th on a day earns 1.00 and gives 1.00 back
    assert (balance("revenue"), balance("deferred_revenue")) == (1500, 0)
    recognise(SYSTEM, date(2026, 12, 5))
    assert (balance("revenue"), balance("deferred_revenue")) == (1500, 0)


def test_an_amount_lowers_the_days_that_were_earned_as_well(shop):
    (invoice,) = invoices(shop, 3000)
    recognise(SYSTEM, date(2026, 11, 15))
    (line,) = shop.all(DocumentLine)
    with at(date(2026, 11, 16)):
        act(issue_credit_note, invoice.id, [Correction(line.id, amount_minor=1200)])  # 10.00 net
    recognise(SYSTEM, date(2026, 11, 16))
    # 16 days of 30.00 are 16.00, of 10.00 they are 5.33
    assert balance("revenue") == 1600 - 533
    recognise(SYSTEM, date(2026, 12, 5))
    assert (balance("revenue"), balance("deferred_revenue")) == (2000, 0)


def test_a_void_invoice_earns_nothing_and_a_bad_debt_stays_earned(shop):
    void, bad = invoices(shop, 3000, 600)
    recognise(SYSTEM, date(2026, 11, 10))
    assert balance("revenue") == 1000 + 200
    with at(date(2026, 11, 11)):
        act(void_document, void.id)
        act(write_off, bad.id)
    recognise(SYSTEM, date(2026, 11, 11))
    assert balance("revenue") == 220
    recognise(SYSTEM, date(2026, 12, 5))
    assert (balance("revenue"), balance("deferred_revenue"), balance("write_off")) == (600, 0, -720)


def test_on_every_day_earned_and_deferred_are_what_stands(shop):
    first, second, third = invoices(shop, 999, 3100, 777)
    lines = {one.document_id: one.id for one in shop.all(DocumentLine)}
    happenings = {
        5: lambda: act(issue_credit_note, first.id, [Correction(lines[first.id], amount_minor=333)]),
        9: lambda: act(issue_credit_note, second.id, [Correction(lines[second.id], since=date(2026, 11, 20))]),
        12: lambda: act(void_document, third.id),
        17: lambda: act(issue_credit_note, first.id),
        25: lambda: act(write_off, second.id),
    }
    for number in range(1, 34):
        day = NOV + timedelta(days=number - 1)
        with at(day):
            if number in happenings:
                happenings[number]()
            recognise(SYSTEM, day)
        assert balance("revenue") + balance("deferred_revenue") == net_of(shop), day
        # each line rounds its days by itself: an invoice and its credit notes may be a cent apart for a while, and two
        # invoices are corrected here
        assert balance("deferred_revenue") >= -2, day
    assert balance("deferred_revenue") == 0
