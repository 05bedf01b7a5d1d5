"""Pitfall 25: 50 finalisations in parallel, some roll back: consecutive, unique, no gaps, per fiscal year and series;
credit notes have their own series, and switching series or format never gives a number again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import select

from billhead import clock
from billhead.actions.documents.add_line import FreeLine, add_line
from billhead.actions.documents.draft_invoice import draft_invoice
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.sellers.set_number_series import preview_set_number_series, set_number_series
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.documents import Document
from billhead.models.sellers import NumberSeries, Seller
from billhead.reports._number_gaps import series_counted

STAFF = replace(SYSTEM, reason="test")


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def drafts(shop, count):
    customer = shop.customer(card=False)
    made = []
    with writing(STAFF) as tx:
        for _ in range(count):
            draft = draft_invoice(tx, customer).document_id
            add_line(tx, draft, FreeLine("Box", 100))
            made.append(draft)
    return made


def finalised(draft):
    with writing(STAFF) as tx:
        return finalise_draft(tx, draft).number


def gaps():
    with reading() as session:
        return [(one.kind, one.fiscal_year, one.given, one.missing, one.sound) for one in series_counted(session)]


def test_pitfall_25_fifty_parallel_finalisations_leave_no_gap_though_some_roll_back(shop):
    start = threading.Barrier(8)

    def finalise(numbered):
        number, draft = numbered
        with shop.app.app_context():
            if number < 8:
                start.wait()
            try:
                with writing(STAFF) as tx:
                    finalise_draft(tx, draft)
                    if number % 5 == 0:
                        raise KeyError("rolled back")
            except KeyError:
                return 0
            return 1

    with clock.business_time(datetime(2026, 12, 31, 12, tzinfo=UTC)), ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(finalise, enumerate(drafts(shop, 50)))) == 40
    with reading() as session:
        numbers = session.scalars(select(Document.number).where(Document.number.is_not(None)))
        assert sorted(numbers) == list(range(1, 41))
    (series,) = gaps()
    assert series[2:] == (40, (), True)
    waiting = [row.id for row in shop.all(Document, Document.state == "draft")]
    assert len(waiting) == 10  # what rolled back is as it was, and its number went to another
    with clock.business_time(datetime(2031, 1, 1, 12, tzinfo=UTC)):
        assert finalised(waiting[0]) == "2031-000001"  # a new year begins a new series


def test_pitfall_25_switching_the_format_goes_on_and_a_gap_is_found(shop):
    one, two, three, four = drafts(shop, 4)
    with clock.business_time(datetime(2027, 2, 3, 12, tzinfo=UTC)):
        assert finalised(one) == "2027-000001"
        with writing(STAFF) as tx:
            done = set_number_series(tx, shop.seller_id, "invoice", 2027, "{prefix}{yy}{month}/{number:04d}", "NC")
        assert done.next_text == "NC2702/0002"
        assert finalised(two) == "NC2702/0002"
        with writing(STAFF) as tx:  # and back
            set_number_series(tx, shop.seller_id, "invoice", 2027, "{prefix}{year}-{number:06d}", "")
        assert finalised(three) == "2027-000003"
    assert gaps() == [("invoice", 2027, 3, (), True)]
    with writing(STAFF) as tx:  # somebody has tampered with the series
        series = tx.session.scalars(select(NumberSeries).where(NumberSeries.kind == "invoice")).one()
        series.next_number = 6
    with clock.business_time(datetime(2027, 2, 3, 12, tzinfo=UTC)):
        assert finalised(four) == "2027-000006"
    assert gaps() == [("invoice", 2027, 4, (4, 5), False)]


def test_pitfall_25_a_year_that_begins_in_april_and_numbers_that_go_on_from_another_system(shop):
    shop.change(Seller, shop.seller_id, fiscal_year_start_month=4)
    one, two = drafts(shop, 2)
    with writing(STAFF) as tx:
        set_number_series(tx, shop.seller_id, "invoice", 2026, "{prefix}{year}-{number:06d}", "", 1200)
    with clock.business_time(datetime(2027, 3, 31, 12, tzinfo=UTC)):
        assert finalised(one) == "2026-001200"
    with clock.business_time(datetime(2027, 4, 1, 12, tzinfo=UTC)):
        assert finalised(two) == "2027-000001"
    assert [row[-1] for row in gaps()] == [True, True]
    with pytest.raises(Conflict, match="goes on without a gap"), writing(STAFF) as tx:
        set_number_series(tx, shop.seller_id, "invoice", 2026, "{prefix}{year}-{number:06d}", "", 5000)


REFUSED = [
    ("{prefix}{year}", "", "format"), ("{year}-{number}-{number}", "", "format"), ("{prefix}{number}", "A-", "format"),
    ("{year}{number}", "", "format"), ("{year}-{prefix}{number}", "7", "format"), ("{year}-{number!r}", "", "format"),
    ("{year}-{number.__class__}", "", "format"), ("{year}-{number:>9}", "", "format"), ("{year}-{number", "", "format"),
    ("{yy:02d}-{number}", "", "format"), ("{year}-{serial}", "", "format"), ("{year}<b>{number}", "", "format"),
    ("{year}-{number}", "ü", "prefix"), ("{year}-{number:09d}-" + "x" * 30, "", "format"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "prefix", "field"), REFUSED)
def test_pitfall_25_a_format_that_could_give_a_number_twice_or_is_none_is_refused(pattern, prefix, field):
    with pytest.raises(InvalidInput) as refused:
        preview_set_number_series(pattern, prefix, 2027, 1, date(2027, 1, 1))
    assert refused.value.field == field


def test_pitfall_25_two_series_that_look_alike_are_refused(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop:
        finalised(drafts(shop, 1)[0])
        year = clock.today_in("UTC").year
        with pytest.raises(Conflict, match="would look the same"), writing(STAFF) as tx:
            set_number_series(tx, shop.seller_id, "credit_note", year, "{prefix}{year}-{number:06d}", "")
        with pytest.raises(InvalidInput, match="kind"), writing(STAFF) as tx:
            set_number_series(tx, shop.seller_id, "receipt", year, "{prefix}{year}-{number:06d}", "R-")
