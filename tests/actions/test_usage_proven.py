"""What was invoiced for metered use is proven by lines, by what was written down, and by the events. 20 % tax."""

from datetime import UTC, date, datetime

import pytest
from asking import statements
from billing_shop import SYSTEM, open_shop
from metered_shop import meter, metric, tell, used
from tampering import tampered

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.change_line import change_line
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.documents.void_document import void_document
from billhead.actions.subscriptions.transfer import transfer
from billhead.actions.usage.correct_event import correct_event
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import AuditEntry
from billhead.models.sellers import Seller

NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


@pytest.fixture
def tv(shop):
    """600 minutes a month are included, and each one over them costs 0.004."""
    sold = shop.plan("tv", 1000)
    meter(shop, sold, metric(shop), "standard", unit="0.004", included="600")
    return sold


def since_november(shop, *plans, who=None, **more):
    who = who or shop.customer()
    return shop.subscribe(who, *plans, anchor=NOVEMBER, due=DECEMBER, **more)


def november(subscription):
    """1400 minutes, 800 of them over what is included: 3.20."""
    first = used(subscription, 500, "2026-11-03T20:00:00Z")
    tell(first, used(subscription, 900, "2026-11-28T23:59:59Z"))
    return first


@pytest.fixture
def anna(shop, tv):
    """Billed for November."""
    key = since_november(shop, tv)
    november(key)
    shop.run(DECEMBER)
    assert shop.lines(key)[-1] == ("usage:minutes", NOVEMBER, DECEMBER, 320, 64)
    return key


def faults():
    with clock.business_time(datetime(2026, 12, 1, 12, tzinfo=UTC)):
        return [(one.where, one.what) for one in verify_billing().faults]


def told(*statements):
    assert faults() == []
    tampered(*statements)
    return faults()


USED = "minutes used from 2026-11-01: "


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("SET quantity = 2", "the line says 2 × 3.20 EUR, and it was rated at 3.20 EUR"),
        ("SET unit_minor = 32", "the line says 1 × 0.32 EUR, and it was rated at 3.20 EUR"),
        ("SET discount_minor = 20", "the line says 1 × 3.20 EUR less 0.20 EUR, and it was rated at 3.20 EUR"),
        ("SET period_end = '2026-11-30'", "the line goes to 2026-11-30, and it was rated to 2026-12-01"),
        (
            "SET description = 'tv: Viewing time, 140 minutes, 600 included'",
            "the line says 'tv: Viewing time, 140 minutes, 600 included', and 1400 minutes were rated",
        ),
    ],
)
def test_a_line_over_use_that_says_something_else_than_was_rated_is_named(shop, anna, statement, what):
    assert told(f"UPDATE document_line {statement} WHERE kind = 'usage:minutes'") == [
        ("subscription 1, document 1", USED + what)
    ]


def test_a_line_that_charges_more_with_its_document_and_entry_made_to_fit_is_named(shop, anna):
    """5.20 instead of 3.20, everywhere but where it was rated."""
    found = told(
        "UPDATE document_line SET net_minor = 520, tax_minor = 104, unit_minor = 520 WHERE kind = 'usage:minutes'",
        "UPDATE document SET net_minor = 1520, tax_minor = 304, total_minor = 1824",
    )
    assert ("subscription 1, document 1", USED + "the line charges 5.20 EUR, and it was rated at 3.20 EUR") in found


def test_what_was_rated_and_stands_on_no_line_is_named_and_the_other_way_round(shop, anna):
    found = told("DELETE FROM document_line WHERE kind = 'usage:minutes'")
    assert ("subscription 1", USED + "3.20 EUR was rated, and stands on no line") in found


def test_a_line_over_use_that_nobody_rated_is_named(shop, anna):
    found = told("UPDATE document_line SET period_start = '2026-11-02' WHERE kind = 'usage:minutes'")
    assert (
        "subscription 1, document 1",
        "minutes used from 2026-11-02: it stands on a line, and was never rated",
    ) in found


def test_what_was_written_down_with_another_amount_than_it_comes_to_is_named(shop, anna):
    """Line, document and entry agree with it: 2.20, where 1400 minutes come to 3.20."""
    found = told(
        "UPDATE usage_billed SET amount_minor = 220",
        "UPDATE document_line SET net_minor = 220, tax_minor = 44, unit_minor = 220 WHERE kind = 'usage:minutes'",
    )
    assert ("subscription 1", USED + "it comes to 3.20 EUR, and 2.20 EUR were billed") in found


@pytest.mark.parametrize(
    ("statement", "there"),
    [
        ("UPDATE usage_event SET quantity = 50 WHERE quantity = 500", "2 events of 950 minutes"),
        ("DELETE FROM usage_event WHERE quantity = 900", "1 events of 500 minutes"),
    ],
)
def test_events_that_were_changed_behind_our_back_are_named(shop, anna, statement, there):
    assert told(statement) == [("subscription 1", f"{USED}{there} are there, and 2 events of 1400 minutes were billed")]


def test_events_that_were_put_away_are_no_fault_of_what_was_billed_for_them(shop, anna):
    tell(used(anna, 700, "2026-12-05T20:00:00Z"))
    shop.run(JANUARY)
    assert told("DELETE FROM usage_event WHERE day < 20788") == []  # 2026-12-01 is the day 20788
    # what was written down then is still rated, and so is all that was not put away
    tampered("UPDATE usage_billed SET used = 2400 WHERE used = 1400")
    assert (USED + "it comes to 7.20 EUR, and 3.20 EUR were billed") in [what for _, what in faults()]
    tampered("UPDATE usage_billed SET used = 1400 WHERE used = 2400", "UPDATE usage_event SET quantity = 1")
    assert [what for _, what in faults()] == [
        "minutes used from 2026-12-01: 1 events of 1 minutes are there, and 1 events of 700 minutes were billed"
    ]


def test_late_and_corrected_use_is_the_next_runs_and_no_fault_before_or_after_it(shop, tv):
    key = since_november(shop, tv)
    first = november(key)
    shop.run(DECEMBER)
    tell(used(key, 100, "2026-11-29T10:00:00Z"))
    assert faults() == []
    with writing(SYSTEM) as tx:
        at = datetime(2026, 11, 3, 20, tzinfo=UTC)
        correct_event(tx, "panel", first.id, f"subscription:{key}", "minutes", at, 0)
    assert faults() == []
    shop.run(JANUARY)
    assert [line[3] for line in shop.lines(key) if line[0] == "usage:minutes"] == [320, -160]  # 1000 − 600 over
    assert faults() == []
    found = told("UPDATE document_line SET quantity = 3 WHERE net_minor = -160")
    assert [what for _, what in found] == [USED + "the line says 3 × -1.60 EUR, and it was rated at -1.60 EUR"]


def test_a_credit_note_over_use_alone_is_proven_too(shop):
    sold = shop.plan("year", 10_000, "1 year")
    meter(shop, sold, metric(shop), "standard", unit="0.01")
    key = shop.subscribe(shop.customer(credit_minor=5000), sold, anchor=NOVEMBER, due=date(2027, 11, 1))
    first = used(key, 500, "2026-11-03T20:00:00Z")
    tell(first)
    shop.run(DECEMBER)
    with writing(SYSTEM) as tx:
        at = datetime(2026, 11, 3, 20, tzinfo=UTC)
        correct_event(tx, "panel", first.id, f"subscription:{key}", "minutes", at, 100)
    shop.run(JANUARY)
    assert [one.kind for one in shop.all(Document)] == ["invoice", "credit_note"]
    assert faults() == []
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == 2)
    found = told(f"UPDATE document_line SET quantity = 2 WHERE id = {line.id}")
    assert [what for _, what in found] == [USED + "the line says 2 × -4.00 EUR, and it was rated at -4.00 EUR"]


@pytest.fixture
def draft(shop, tv):
    """Of November, held for review."""
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    key = since_november(shop, tv)
    november(key)
    shop.run(DECEMBER)
    (line,) = shop.all(DocumentLine, DocumentLine.kind == "usage:minutes")
    return line


def test_what_staff_make_of_a_line_is_theirs_and_what_somebody_else_does_is_not(shop, draft):
    with writing(Context.system("test", reason="a faulty box")) as tx:
        change_line(tx, draft.id, "tv: 700 minutes, out of kindness", 1, 120)
        finalise_draft(tx, draft.document_id)
    assert faults() == []
    found = told("UPDATE document_line SET unit_minor = 20 WHERE kind = 'usage:minutes'")
    assert any("the line charges 1.20 EUR, and it was rated at 3.20 EUR" in what for _, what in found)


def test_a_line_is_taken_as_it_is_when_the_audit_trail_of_its_time_is_over(shop, draft):
    with writing(Context.system("test", reason="a faulty box")) as tx:
        change_line(tx, draft.id, "tv: 700 minutes", 1, 120)
        finalise_draft(tx, draft.document_id)
    for row in shop.all(AuditEntry):
        tampered(f"DELETE FROM audit_entry WHERE id = {row.id}")
    assert faults() != []
    tampered("UPDATE document SET created_at = '2019-11-01 00:00:00+00:00'")
    assert faults() == []


def test_a_void_draft_gives_its_use_back_to_the_next_run_and_leaves_no_fault(shop, draft):
    with writing(SYSTEM) as tx:
        void_document(tx, draft.document_id, reason="the price was wrong")
    assert faults() == []
    shop.change(Seller, shop.seller_id, hold_for_review=False)
    shop.run(DECEMBER)
    assert [one.state for one in shop.all(Document)] == ["void", "final"]
    assert faults() == []


def test_what_comes_late_after_it_changed_hands_is_nobodys_and_no_fault(shop, tv):
    key = since_november(shop, tv, who=shop.customer(credit_minor=10_000))
    november(key)
    shop.run(DECEMBER)
    bea = shop.customer(credit_minor=10_000)
    with clock.business_time(datetime(2026, 12, 10, 12, tzinfo=UTC)), writing(SYSTEM) as tx:
        transfer(tx, key, bea, "settled")
    tell(used(key, 40, "2026-11-06T20:00:00Z"), used(key, 700, "2026-12-15T20:00:00Z"))
    shop.run(JANUARY)
    assert faults() == []


def test_every_way_to_count_and_to_price_is_proven(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop, "films", "unique"), "standard", unit="1.50")
    meter(shop, tv, metric(shop, "streams", "max"), "volume", tiers=[{"up_to": "2", "unit": "0"}, {"unit": "1"}])
    meter(shop, tv, metric(shop, "bought", "sum", decimals=2), "percentage", percent="2.5", event_fee="0.05")
    meter(shop, tv, metric(shop, "each"), "standard", unit="0.01", included="100", shared=False)
    key = since_november(shop, tv)
    tell(
        *(used(key, code="films", item=item) for item in ("film:1", "film:2", "film:1")),
        *(used(key, streams, code="streams") for streams in (2, 3, 1)),
        *(used(key, amount, code="bought") for amount in ("1.00", "4.99", "100.00")),
        used(key, 180, code="each", whose=f"login:u{key}"), used(key, 160, code="each"),
    )  # fmt: skip
    shop.run(DECEMBER)
    assert len([line for line in shop.lines(key) if line[0].startswith("usage")]) == 4
    assert faults() == []
    # 80 and 60 minutes over each line's own 100; all of one line they are 240 over it
    found = told("UPDATE usage_event SET service_id = 0")
    assert [what for _, what in found] == ["each used from 2026-11-01: it comes to 2.40 EUR, and 1.40 EUR were billed"]


def test_the_number_of_statements_does_not_grow_with_what_is_metered(shop, tv):
    def asked():
        with statements() as seen:
            assert faults() == []
        return len(seen)

    for _ in range(2):
        november(since_november(shop, tv))
    shop.run(DECEMBER)
    few = asked()
    for _ in range(20):
        november(since_november(shop, tv))
    shop.run(JANUARY)
    assert asked() == few
