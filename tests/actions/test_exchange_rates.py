"""Exchange rates: taken in from files, used once a day for a whole run, frozen on documents, and never guessed."""

import json
from datetime import UTC, date, datetime
from threading import Thread

import pytest
from billing_shop import SYSTEM, open_shop
from click.testing import CliRunner
from sqlalchemy import event, text

from billhead import clock
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.rates._csv import read_rates
from billhead.actions.rates._lookup import Pair, rates_on, worth_minor
from billhead.actions.rates.enter_rate import enter_rate
from billhead.actions.rates.fill_worth import fill_worth
from billhead.actions.rates.import_rates import import_rates
from billhead.cli import main
from billhead.db import db, reading, writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.documents import Document, DocumentLine, Party
from billhead.models.sellers import ExchangeRate
from processes import until

NOV = date(2026, 11, 1)
LONG = "day,currency,base,rate\n2026-10-30,USD,EUR,0.9215\n2026-11-02,USD,EUR,0.9300\n"
WIDE = "Date,USD,JPY,CYP,\n2026-10-30,1.0852,163.40,N/A,\n2026-10-29,1.0900,,,\n"


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


@pytest.fixture
def small(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop:
        yield shop


def take_in(text, since=None):
    with writing(SYSTEM) as tx:
        return import_rates(tx, text, "test.csv", since)


def rate(day, currency, base):
    with reading() as session:
        return rates_on(session, day, {Pair(currency, base)})[Pair(currency, base)]


def billed_in_dollars(shop, minor=1000, count=1):
    plan = shop.plan("tv", minor, currency="USD")
    for _ in range(count):
        shop.subscribe(shop.customer(currency="USD"), plan, due=NOV)
    shop.run(NOV)
    return shop.all(Document)


def test_a_rate_is_entered_by_hand_and_the_last_word_of_a_day_counts(shop):
    def enter(day="2026-10-30", currency="USD", base="EUR", worth="0.9215", source="ECB"):
        with writing(SYSTEM) as tx:
            return enter_rate(tx, date.fromisoformat(day), currency, base, worth, source)

    assert enter(worth="0.92150").before == ""
    assert rate(NOV, "USD", "EUR") == "0.9215"
    assert enter(worth="0.93").before == "0.9215"
    assert [row.rate for row in shop.all(ExchangeRate)] == ["0.93"]
    for wrong, field in (
        ({"worth": "0"}, "rate"), ({"worth": "-1"}, "rate"), ({"worth": "1e1"}, "rate"), ({"worth": ""}, "rate"),
        ({"currency": "EURO"}, "currency"), ({"base": "XCR"}, "base"), ({"base": "USD"}, "base"),
        ({"day": "9000-01-01"}, "day"), ({"source": " "}, "source"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            enter(**wrong)
        assert refused.value.field == field, wrong


def test_of_two_who_enter_a_day_at_once_the_second_is_told_what_is_there(postgresql_url, tmp_path):
    """Not so on SQLite, where the second begins when the first is done, and replaces what it finds."""

    def enter_too():
        with shop.app.app_context(), pytest.raises(Conflict) as refused, writing(SYSTEM) as tx:
            enter_rate(tx, NOV, "USD", "EUR", "0.93", "Fed")
        told.append((refused.value.field, refused.value.message))

    told = []
    with open_shop(postgresql_url, tmp_path) as shop:
        second = Thread(target=enter_too)
        with writing(SYSTEM) as tx:
            enter_rate(tx, NOV, "USD", "EUR", "0.9215", "ECB")
            second.start()
            until(lambda: waits(tx.session), "the second waits for the first")
        second.join()
        assert told == [("rate", "0.9215 has just been entered for that day, as ECB says")]
        assert [(row.rate, row.source) for row in shop.all(ExchangeRate)] == [("0.9215", "ECB")]
        with writing(SYSTEM) as tx:
            assert enter_rate(tx, NOV, "USD", "EUR", "0.93", "Fed").before == "0.9215"


def waits(session):
    """Whether somebody waits for what this transaction has written."""
    return session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))


def test_a_document_freezes_what_it_is_worth_at_home(shop):
    take_in(LONG)
    (invoice,) = billed_in_dollars(shop)
    # 10.00 + 20 % = 12.00 USD at 0.9215 of the Friday before = 11.058 EUR
    frozen = (invoice.base_currency, invoice.fx_rate, invoice.base_minor)
    assert (*frozen, invoice.total_minor, invoice.issued_on) == ("EUR", "0.9215", 1106, 1200, NOV)
    take_in("day,currency,base,rate\n2026-10-30,USD,EUR,0.5\n")
    (later,) = shop.all(Document)
    assert (later.fx_rate, later.base_minor) == ("0.9215", 1106)


def credited(shop, day, invoice, *amounts):
    """Credit notes of that day over so much each, with tax; over all of the invoice, where none is said."""
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == invoice.id)
    with clock.business_time(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)), writing(SYSTEM) as tx:
        for amount in amounts or (None,):
            issue_credit_note(tx, invoice.id, [Correction(line.id, amount_minor=amount)], reason="outage")
    return shop.all(Document, Document.kind == "credit_note")


def test_a_credit_note_takes_back_what_its_invoice_was_worth(shop):
    take_in(LONG)
    invoice, other = billed_in_dollars(shop, count=2)
    note, *_ = credited(shop, date(2026, 11, 20), invoice)  # by then it is 0.93
    assert (note.base_currency, note.fx_rate, note.base_minor) == ("EUR", "0.9215", invoice.base_minor)
    _, half = credited(shop, date(2026, 11, 20), other, 600)
    assert (half.fx_rate, half.base_minor) == ("0.9215", 553)  # 6.00 × 0.9215 = 5.529


def test_nor_had_it_a_rate_when_its_invoice_had_none_and_both_are_filled_in_alike(shop):
    (invoice,) = billed_in_dollars(shop)
    take_in(LONG)
    (note,) = credited(shop, date(2026, 11, 20), invoice)
    assert (note.issued_on, note.fx_rate, note.base_minor) == (date(2026, 11, 20), None, None)
    with writing(SYSTEM) as tx:
        assert fill_worth(tx).filled == 2
    assert [one.base_minor for one in shop.all(Document)] == [1106, 1106]


def test_what_an_invoice_was_filled_in_with_its_credit_notes_take_back(shop):
    (invoice, other) = billed_in_dollars(shop, count=2)
    take_in(LONG)
    with writing(SYSTEM) as tx:
        fill_worth(tx)
        enter_rate(tx, NOV, "USD", "EUR", "0.9", "a better source")
    credited(shop, date(2026, 11, 20), invoice)
    credited(shop, date(2026, 11, 20), other, 600)
    with writing(SYSTEM) as tx:
        assert fill_worth(tx).filled == 2
    # 11.06 and what of it is 6.00 of 12.00
    assert [one.base_minor for one in shop.all(Document)] == [1106, 1106, 1106, 553]


def test_at_home_no_rate_is_asked_for(shop):
    plan = shop.plan("tv", 1000)
    shop.subscribe(shop.customer(), plan, due=NOV)
    shop.run(NOV)
    (invoice,) = shop.all(Document)
    assert (invoice.base_currency, invoice.fx_rate, invoice.base_minor) == ("EUR", "1", 1200)


def test_a_missing_rate_stops_no_invoice_and_is_filled_in_for_reports_alone(shop):
    (invoice,) = billed_in_dollars(shop)
    assert (invoice.number_text, invoice.fx_rate, invoice.base_minor) == ("2026-000001", None, None)
    take_in(LONG)
    with writing(SYSTEM) as tx:
        done = fill_worth(tx)
    assert (done.filled, done.missing, done.resume_after) == (1, 0, None)
    (invoice,) = shop.all(Document)
    assert (invoice.fx_rate, invoice.base_minor) == (None, 1106)  # what it shows has not changed
    with writing(SYSTEM) as tx:
        assert fill_worth(tx).filled == 0


def test_a_run_asks_for_a_pair_once_a_day_however_many_documents(shop):
    take_in(LONG)
    asked = []
    listen = (db.engine, "before_cursor_execute", lambda c, cur, text, *_: asked.append(text))
    event.listen(*listen)
    try:
        documents = billed_in_dollars(shop, count=40)
    finally:
        event.remove(*listen)
    assert len(documents) == 40
    assert len([text for text in asked if "FROM exchange_rate" in text]) == 1


def test_parties_freeze_language_reference_and_bank_account(shop):
    plan = shop.plan("tv", 1000)
    customer = shop.customer(language="de", invoicing={"reference": "04011000-12345-34"})
    shop.subscribe(customer, plan, due=NOV)
    shop.run(NOV)
    (invoice,) = shop.all(Document)
    buyer = shop.get(Party, invoice.buyer_id).data
    assert (buyer["language"], buyer["invoicing"]) == ("de", {"reference": "04011000-12345-34"})


def test_a_central_banks_file_is_turned_round_and_crossed(small):
    done = take_in(WIDE)
    assert (done.new, done.skipped) == (3, ("CYP",))
    assert rate(NOV, "EUR", "USD") == "1.0852"
    assert rate(NOV, "USD", "EUR") == "0.9214891264"  # 1 / 1.0852
    assert rate(NOV, "USD", "JPY") == "150.5713233"  # 163.40 / 1.0852
    assert rate(NOV, "GBP", "EUR") is None
    assert rate(date(2026, 10, 29), "EUR", "USD") == "1.09"
    assert rate(date(2026, 10, 28), "EUR", "USD") is None  # none of the days after


def test_a_rate_older_than_31_days_is_no_rate(small):
    take_in(LONG)
    assert rate(date(2026, 12, 2), "USD", "EUR") == "0.93"
    assert rate(date(2026, 12, 3), "USD", "EUR") is None


def test_minor_units_of_both_sides_count():
    assert worth_minor(1200, Pair("USD", "JPY"), "150.57") == 1807  # 12.00 USD = 1806.84 JPY
    assert worth_minor(1806, Pair("JPY", "EUR"), "0.0061") == 1102  # 1806 JPY = 11.0166 EUR
    assert worth_minor(5250, Pair("KWD", "EUR"), "3") == 1575  # 5.250 KWD = 15.75 EUR
    assert worth_minor(-1200, Pair("USD", "EUR"), "0.9215") == -1106


def test_the_same_file_twice_changes_nothing_and_since_takes_a_part(small):
    assert take_in(LONG, date(2026, 11, 1)).new == 1
    done = take_in(LONG)
    assert (done.new, done.replaced, done.unchanged) == (1, 0, 1)
    done = take_in(LONG.replace("0.9215", "0.92"))
    assert (done.new, done.replaced, done.unchanged) == (0, 1, 1)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "file"),
        ("a,b\n1,2\n", "file"),
        ("day,currency,base,rate\n2026-13-01,USD,EUR,1\n", "line 2: day"),
        ("day,currency,base,rate\n2026-11-01,USD,EUR,1\n\n2026-11-01,XXQ,EUR,1\n", "line 4: currency"),
        ("day,currency,base,rate\n2026-11-01,USD,USD,1\n", "line 2: base"),
        ("day,currency,base,rate\n2026-11-01,USD,EUR,-1\n", "line 2: rate"),
        ("day,currency,base,rate\n2026-11-01,USD,EUR,NaN\n", "line 2: rate"),
        ("day,currency,base,rate\n2026-11-01,USD,EUR,0.000\n", "line 2: rate"),
        ("day,currency,base,rate\n2026-11-01,USD,EUR\n", "line 2"),
        ("day,currency,base,rate\n2026-11-01,USD,EUR,1\n2026-11-01,USD,EUR,2\n", "file"),
        ('Date,USD\n2026-11-01,"1,08"\n', "line 2: rate"),
    ],
)
def test_a_bad_file_is_refused_with_the_line(text, field):
    with pytest.raises(InvalidInput) as refused:
        read_rates(text)
    assert refused.value.field == field


def test_of_a_bad_file_nothing_is_taken_in(small):
    with pytest.raises(InvalidInput):
        take_in(LONG + "2026-11-03,USD,EUR,0\n")
    assert small.all(ExchangeRate) == []


def test_the_command_imports_lists_and_fills(small, tmp_path):
    billed_in_dollars(small)
    file = tmp_path / "rates.csv"
    file.write_text(LONG)

    def said(*words):
        return CliRunner().invoke(main, ["rates", *words], obj=small.app)

    assert said("import", str(file)).stdout == "2 rates are new, 0 replaced, 0 were known.\n"
    told = json.loads(said("list", "--json").stdout)
    assert (told["day"], told["documents_without"]) == ("2026-11-02", 1)
    assert "billhead rates fill" in said("list", "--on", "2026-10-30").stdout
    assert said("fill").stdout == "1 documents have a value now, 0 still have none.\n"
    file.write_bytes(b"\xff\xfe")
    assert said("import", str(file)).stderr.startswith("Error: file: it is not text in UTF-8")
