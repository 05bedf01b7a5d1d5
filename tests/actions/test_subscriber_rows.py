"""A spreadsheet of subscribers is read: good rows become values, and each mistake tells line, column and way out."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from billhead.actions.importing.catalog_file import read_catalog
from billhead.actions.importing.subscriber_rows import COLUMNS, GoodRow, Refusal, read_rows
from billhead.domain.money import Money

CATALOG = read_catalog(Path(__file__).parents[2] / "examples/northcable/catalog.toml")
STREAM = {
    "external_ref": "A-1",
    "name": "Aino Mäkelä",
    "email": "Aino@example.com",
    "phone": "+358 40 1234567",
    "country": "FI",
    "zone": "Europe/Helsinki",
    "currency": "EUR",
    "language": "fi",
    "plan": "basic-stream-1m",
    "connections": "1",
    "kind": "stream",
    "login": "aino",
    "password": "kuusi-9",
    "started_on": "2025-01-31",
    "paid_through": "2026-11-30",
    "payment_method": "tok_ok",
}
MAG = STREAM | {
    "external_ref": "B-1",
    "email": "b@example.com",
    "plan": "basic-mag-1m",
    "kind": "mag",
    "login": "",
    "password": "",
    "mac": "001a.79aa.bb01",
}


def as_csv(*rows, delimiter=",", newline="\n", columns=COLUMNS):
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator=newline, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(content):
    return list(read_rows(io.BytesIO(content), CATALOG.assortment))


def refusals(*rows):
    return [(item.line, item.column, item.code) for item in read(as_csv(*rows)) if isinstance(item, Refusal)]


def the_row(row):
    (good,) = read(as_csv(row))
    assert isinstance(good, GoodRow), good
    return good


def test_a_good_row_is_read_whole():
    good = the_row(STREAM | {"addons": "sport|news", "connections": "3", "balance": "12.5", "vat_id": "fi 0123-4562"})
    assert good.line == 2
    assert good.person.email == "aino@example.com"
    assert good.person.vat_id == "FI01234562"
    assert good.sale.offer.code == "basic-stream-1m"
    # one screen is included, so three are two units
    assert [(bought.addon.code, bought.units) for bought in good.sale.addons] == [
        ("sport", 1),
        ("news", 1),
        ("extra-screen", 2),
    ]
    assert good.balance == Money(1250, "EUR")
    assert (good.payment.way, good.payment.token) == ("card", "tok_ok")
    assert good.access.mac is None


def test_a_mac_is_kept_in_the_one_spelling_that_panels_match():
    assert the_row(MAG).access.mac == "00:1A:79:AA:BB:01"


def test_columns_that_may_be_empty_take_the_plans_and_the_sellers_word():
    row = STREAM | dict.fromkeys(("kind", "connections", "language", "payment_method", "balance", "phone"), "")
    good = the_row(row | {"plan": "premium-stream-1m"})
    assert good.sale.connections == 2
    assert good.person.language == "en"
    assert good.payment.way == "bank_transfer"
    assert good.balance == Money.zero("EUR")


@pytest.mark.parametrize(
    ("currency", "text", "minor"),
    [("EUR", "12.5", 1250), ("JPY", "1500", 1500), ("KWD", "3.75", 3750), ("KWD", "3.755", 3755)],
)
def test_a_balance_has_the_decimals_of_its_currency(currency, text, minor):
    assert the_row(STREAM | {"currency": currency, "balance": text}).balance == Money(minor, currency)


@pytest.mark.parametrize(
    ("written", "way"), [("", "bank_transfer"), ("none", "bank_transfer"), ("manual", "manual"), ("pm_1Abc", "card")]
)
def test_ways_to_pay(written, way):
    assert the_row(STREAM | {"payment_method": written}).payment.way == way


class TestAnchor:
    """The paid time's end may say 30 November and mean the 31st."""

    def test_a_31st_survives_the_short_months(self):
        dates = the_row(STREAM).dates
        assert dates.anchor == date(2025, 1, 31)
        assert dates.paid_through == date(2026, 11, 30)

    def test_a_renewal_by_hand_has_moved_it(self):
        assert the_row(STREAM | {"paid_through": "2026-12-09"}).dates.anchor == date(2026, 12, 9)

    def test_a_year_counts_in_years(self):
        row = STREAM | {"plan": "basic-stream-12m", "started_on": "2024-02-29", "paid_through": "2027-02-28"}
        assert the_row(row).dates.anchor == date(2024, 2, 29)

    def test_a_trial_that_runs_is_anchored_at_its_end(self):
        row = {"plan": "trial-stream-1m", "started_on": "2026-11-20", "paid_through": "2026-11-27"}
        dates = the_row(STREAM | row).dates
        assert dates.in_trial
        assert dates.anchor == date(2026, 11, 27)

    def test_a_trial_that_is_over_counts_from_its_end(self):
        row = {"plan": "trial-stream-1m", "started_on": "2026-10-24", "paid_through": "2026-11-30"}
        dates = the_row(STREAM | row).dates
        assert not dates.in_trial
        assert dates.anchor == date(2026, 10, 31)


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"external_ref": ""}, "external_ref", "missing_value"),
        ({"name": "  "}, "name", "missing_value"),
        ({"name": "x" * 201}, "name", "too_long"),
        ({"name": "Bob\x07"}, "name", "bad_character"),
        ({"email": "aino@localhost"}, "email", "bad_email"),
        ({"email": "a@b.com, c@d.com"}, "email", "bad_email"),
        ({"email": "aino..m@example.com"}, "email", "bad_email"),
        ({"phone": "call me"}, "phone", "bad_phone"),
        ({"country": "UK"}, "country", "bad_country"),
        ({"country": "Finland"}, "country", "bad_country"),
        ({"zone": "Europe"}, "zone", "bad_zone"),
        ({"zone": "../../etc/passwd"}, "zone", "bad_zone"),
        ({"zone": "UTC+3"}, "zone", "bad_zone"),
        ({"currency": "GBP"}, "currency", "unknown_currency"),
        ({"language": "English"}, "language", "bad_language"),
        ({"plan": "basic-stream"}, "plan", "unknown_plan"),
        ({"plan": "basic-stream-5m"}, "plan", "unknown_plan"),
        ({"addons": "opera"}, "addons", "unknown_addon"),
        ({"addons": "sport|sport"}, "addons", "repeated_addon"),
        ({"addons": "extra-screen"}, "addons", "addon_by_connections"),
        ({"addons": "late-night"}, "addons", "addon_not_for_plan"),
        ({"connections": "0"}, "connections", "bad_connections"),
        ({"connections": "-1"}, "connections", "bad_connections"),
        ({"connections": "1.5"}, "connections", "bad_connections"),
        ({"connections": "6"}, "connections", "bad_connections"),
        ({"plan": "premium-stream-1m"}, "connections", "bad_connections"),
        ({"kind": "box"}, "kind", "bad_kind"),
        ({"kind": "mag"}, "kind", "kind_mismatch"),
        ({"login": ""}, "login", "missing_login"),
        ({"login": "aino m"}, "login", "bad_login"),
        ({"password": ""}, "password", "missing_password"),
        ({"password": "p/w"}, "password", "bad_password"),
        ({"mac": "00:1A:79:AA:BB:01"}, "mac", "mac_not_used"),
        ({"mac": "00:1A:79"}, "mac", "bad_mac"),
        ({"started_on": "2026-02-30"}, "started_on", "bad_date"),
        ({"started_on": "20250131"}, "started_on", "bad_date"),
        ({"paid_through": "30.11.2026"}, "paid_through", "bad_date"),
        ({"paid_through": "2206-11-30"}, "paid_through", "bad_date"),
        ({"paid_through": "2025-01-31"}, "paid_through", "date_order"),
        ({"payment_method": "visa"}, "payment_method", "bad_payment_method"),
        ({"payment_method": "none", "timing": "later"}, "timing", "bad_timing"),
        ({"payment_method": "manual", "timing": "arrears"}, "timing", "bad_timing"),
        ({"payment_method": "4242-4242-4242-4242"}, "payment_method", "card_number"),
        ({"payment_method": "credits"}, "reseller", "missing_reseller"),
        ({"reseller": "nobody"}, "reseller", "unknown_reseller"),
        ({"balance": "12.505"}, "balance", "bad_amount"),
        ({"balance": "1,250.00"}, "balance", "bad_amount"),
        ({"balance": "NaN"}, "balance", "bad_amount"),
        ({"currency": "JPY", "balance": "1500.5"}, "balance", "bad_amount"),
        ({"balance": "-3.00"}, "balance", "negative_balance"),
        ({"vat_id": "pending"}, "vat_id", "bad_vat_id"),
        ({"plan": "basic-enigma2-1m", "kind": "enigma2", "currency": "KWD"}, "currency", "price_not_offered"),
        (
            {"plan": "premium-paired-1m", "kind": "paired", "connections": "", "mac": ""},
            "mac",
            "missing_mac",
        ),
        (
            {"plan": "premium-stream-1m", "connections": "", "payment_method": "credits", "reseller": "gulf-stream"},
            "plan",
            "plan_not_for_reseller",
        ),
    ],
)
def test_one_mistake_is_one_refusal(changes, column, code):
    (refusal,) = read(as_csv(STREAM | changes))
    assert (refusal.line, refusal.column, refusal.code) == (2, column, code)
    assert refusal.reason
    assert refusal.hint.endswith((".", "?"))


def test_a_plan_without_its_term_is_answered_with_the_terms():
    (refusal,) = read(as_csv(STREAM | {"plan": "trial-stream"}))
    assert refusal.hint == "Write plan and term: trial-stream-1m."


def test_a_box_cannot_show_two_programmes():
    assert refusals(MAG | {"connections": "2"}) == [(2, "connections", "connections_not_offered")]


def test_all_mistakes_of_a_row_are_told_at_once():
    changes = {"email": "n/a", "zone": "Kuwait", "mac": "unknown", "started_on": "2026-02-30", "balance": "-1"}
    assert refusals(MAG | changes) == [
        (2, "email", "bad_email"),
        (2, "zone", "bad_zone"),
        (2, "mac", "bad_mac"),
        (2, "balance", "negative_balance"),
        (2, "started_on", "bad_date"),
    ]


def test_the_second_of_two_alike_is_refused_and_names_the_first():
    twin = MAG | {"external_ref": "B-2", "email": "B@EXAMPLE.com", "mac": "00-1A-79-AA-BB-01"}
    good, *told = read(as_csv(MAG, twin))
    assert isinstance(good, GoodRow)
    assert [(item.line, item.column, item.code) for item in told] == [
        (3, "email", "duplicate_email"),
        (3, "mac", "duplicate_mac"),
    ]
    assert told[1].reason == "line 2 has it already"


def test_a_value_of_a_refused_row_is_still_taken():
    # Otherwise the double would come to light only when the first row is mended.
    twin = STREAM | {"external_ref": "A-2", "email": "other@example.com", "login": "AINO"}
    assert refusals(STREAM | {"zone": "Mars"}, twin) == [(2, "zone", "bad_zone"), (3, "login", "duplicate_login")]


def test_empty_macs_are_not_alike():
    second = STREAM | {"external_ref": "A-2", "email": "b@example.com", "login": "ben"}
    assert refusals(STREAM, second) == []


def test_no_password_and_no_card_number_is_shown():
    told = read(as_csv(STREAM | {"password": "geheim 1", "payment_method": "4242 4242 4242 4242"}))
    assert {item.value for item in told} == {"(hidden)"}
    assert not any("geheim" in str(item) or "4242" in str(item) for item in told)


class TestFilesAsProgramsWriteThem:
    def test_excel_with_semicolons_bom_crlf_and_decimal_commas(self):
        content = b"\xef\xbb\xbf" + as_csv(STREAM | {"balance": "12,50"}, delimiter=";", newline="\r\n")
        (good,) = read(content)
        assert good.person.external_ref == "A-1"
        assert good.balance == Money(1250, "EUR")

    def test_a_comma_in_a_yen_amount_is_not_guessed_at(self):
        (refusal,) = read(as_csv(STREAM | {"currency": "JPY", "balance": "1,500"}, delimiter=";"))
        assert (refusal.column, refusal.code) == ("balance", "bad_amount")

    def test_tabs_and_columns_in_another_order(self):
        (good,) = read(as_csv(STREAM, delimiter="\t", columns=tuple(reversed(COLUMNS))))
        assert good.person.name == "Aino Mäkelä"

    def test_columns_that_nobody_needs_may_be_left_out(self):
        needed = tuple(name for name in COLUMNS if STREAM.get(name))
        (good,) = read(as_csv(STREAM, columns=needed))
        assert good.person.notes == ""

    def test_a_note_may_span_lines_and_lines_are_still_counted(self):
        noted = STREAM | {"notes": 'He said\n"only mornings",\nthen left'}
        second = STREAM | {"external_ref": "A-2", "zone": "Mars"}
        good, *told = read(as_csv(noted, second))
        assert good.person.notes == 'He said\n"only mornings",\nthen left'
        assert {item.line for item in told} == {5}

    def test_empty_lines_at_the_end_are_no_rows(self):
        assert len(read(as_csv(STREAM) + b"," * (len(COLUMNS) - 1) + b"\n\n \n")) == 1

    def test_bytes_in_another_encoding_cost_one_row(self):
        lines = as_csv(STREAM, MAG).split(b"\n")
        lines[1] = lines[1].decode().encode("latin-1")
        told, good = read(b"\n".join(lines))
        assert (told.line, told.column, told.code) == (2, "name", "bad_encoding")
        assert told.value == "Aino M\\xe4kel\\xe4"
        assert good.person.external_ref == "B-1"


class TestNothingIsLost:
    """A broken line costs itself, never the lines below it."""

    def test_a_quote_that_is_never_closed(self):
        rows = [MAG | {"external_ref": f"C-{n}", "email": f"c{n}@example.com", "mac": f"001A79AABB{n}"} for n in "12"]
        lines = as_csv(STREAM, *(row | {"mac": row["mac"] + "0"[: 12 - len(row["mac"])]} for row in rows)).split(b"\n")
        lines[1] = lines[1].replace("Aino Mäkelä".encode(), '"Aino Mäkelä'.encode())
        told, *good = read(b"\n".join(lines))
        assert (told.line, told.column, told.code) == (2, "", "bad_quoting")
        assert [item.person.external_ref for item in good] == ["C-1", "C-2"]

    def test_an_unclosed_quote_does_not_pair_up_with_one_below(self):
        lines = as_csv(STREAM, MAG | {"notes": 'a "VIP", he says'}).split(b"\n")
        lines[1] = lines[1].replace(b"Aino@", b'"Aino@')
        told, good = read(b"\n".join(lines))
        assert (told.line, told.code) == (2, "bad_quoting")
        assert (good.line, good.person.notes) == (3, 'a "VIP", he says')

    def test_a_hundred_open_quotes_are_a_hundred_refusals(self):
        header, _row, _end = as_csv(STREAM).split(b"\n")
        told = read(b"\n".join([header, *[b'x,"open'] * 100]))
        assert [(item.line, item.code) for item in told] == [(n, "bad_quoting") for n in range(2, 102)]

    @pytest.mark.parametrize(("change", "reason"), [(b",more", "has 25 columns"), (b"", "has 1 columns")])
    def test_too_many_and_too_few_columns(self, change, reason):
        header, row, _end = as_csv(STREAM).split(b"\n")
        told, good = read(b"\n".join([header, row + change if change else b"A-1", as_csv(MAG).split(b"\n")[1]]))
        assert (told.line, told.column, told.code) == (2, "", "bad_column_count")
        assert told.reason == f"{reason}, the header has 24"
        assert good.line == 3


class TestHeader:
    def test_a_missing_and_a_misspelt_column_are_named_and_no_row_is_read(self):
        content = as_csv(STREAM).replace(b"external_ref", b"external_id", 1)
        assert [(item.line, item.column, item.code) for item in read(content)] == [
            (1, "external_ref", "missing_column"),
            (1, "external_id", "unknown_column"),
        ]

    def test_a_column_that_stands_there_twice(self):
        content = as_csv(STREAM).replace(b"region", b"Name ", 1)
        assert [(item.column, item.code) for item in read(content)] == [("name", "repeated_column")]

    @pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b",,,\n"])
    def test_an_empty_file(self, content):
        (told,) = read(content)
        assert (told.line, told.code) == (1, "no_header")

    def test_utf_16_is_told_to_be_saved_again(self):
        told = read(as_csv(STREAM).decode().encode("utf-16"))
        assert {item.line for item in told} == {1}
        assert any("UTF-8" in item.hint for item in told)


def test_rows_come_one_by_one_and_the_file_stays_open():
    class Counted(io.BytesIO):
        reads = 0

        def read1(self, size=-1):
            self.reads += 1
            return super().read1(size)

    lots = [STREAM | {"external_ref": f"A-{n}", "email": f"a{n}@example.com", "login": f"aino{n}"} for n in range(500)]
    stream = Counted(as_csv(*lots))
    rows = read_rows(stream, CATALOG.assortment)
    assert next(rows).person.external_ref == "A-0"
    early = stream.reads
    assert len(list(rows)) == 499
    assert stream.reads > early
    assert not stream.closed
