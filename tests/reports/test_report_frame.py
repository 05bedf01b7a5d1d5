"""What every report is given by the frame: parameters of their kinds, pages, totals, and plugins' faults named."""

import re
from datetime import date

import pytest
from billing_shop import open_shop
from sqlalchemy import text

from billhead.db import reading
from billhead.domain.errors import InvalidInput, NotFound, PluginFailed
from billhead.domain.money import Money
from billhead.plugin import Report, ReportColumn, ReportParameter
from billhead.reports import FoundReport, all_reports, as_csv, as_json, ask, csv_columns, report_of, streamed, tabled
from billhead.reports._source import Source, tables
from source_tree import ROOT

TODAY = date(2026, 11, 22)
PARAMETERS = (
    ReportParameter("from", "From", "date", default="year_ago"),
    ReportParameter("to", "To", "date", default="today"),
    ReportParameter("seller", "Seller", "seller"),
    ReportParameter("currency", "Currency", "currency"),
    ReportParameter("kind", "Kind", "choice", options=(("paid", "Paid"), ("open", "Open"))),
    ReportParameter("least", "At least", "count", default="3"),
)
COLUMNS = (ReportColumn("n", "Number", "count", total=True), ReportColumn("sum", "Sum", "money", total=True))


def report(rows, columns=COLUMNS, **more):
    return Report("test", "Test", "For tests.", columns, lambda source, asked: rows, PARAMETERS, **more)


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop:
        yield shop


def asked_for(**typed):
    with reading() as session:
        return ask(session, report([]), typed, TODAY)


def test_parameters_become_values_and_what_is_missing_its_default(shop):
    assert dict(asked_for().values) == {
        "from": date(2025, 12, 1), "to": TODAY, "seller": None, "currency": None, "kind": None, "least": 3,
    }  # fmt: skip
    asked = asked_for(**{"from": "2026-02-28", "to": "2026-02-28", "seller": "shop", "currency": "eur", "least": "0"})
    assert (asked["from"], asked.until, asked["currency"]) == (date(2026, 2, 28), date(2026, 3, 1), "EUR")
    assert (asked["seller"], asked["least"]) == (shop.seller_id, 0)


@pytest.mark.parametrize(
    ("typed", "field", "why"),
    [
        ({"from": "28.02.2026"}, "from", "is not a date"),
        ({"from": "2026-02-30"}, "from", "is not a date"),
        ({"from": "0001-01-01"}, "from", "outside of the years"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to", "before the first day 2026-03-02"),
        ({"seller": "nobody"}, "seller", "there is no seller 'nobody'"),
        ({"currency": "EURO"}, "currency", "is not a currency"),
        ({"kind": "lost"}, "kind", "is none of paid, open"),
        ({"least": "-1"}, "least", "is not a whole number"),
        ({"least": "NaN"}, "least", "is not a whole number"),
        ({"least": "٣"}, "least", "is not a whole number"),
    ],
)
def test_what_is_no_value_is_refused_with_its_field(shop, typed, field, why):
    with pytest.raises(InvalidInput, match=why) as refused:
        asked_for(**typed)
    assert refused.value.field == field


def table_of(rows, page=1, size=2, plugin="", **more):
    found = FoundReport(report(rows, **more), plugin)
    with reading() as session:
        return tabled(session, found, ask(session, found.report, {}, TODAY), page=page, size=size)


def test_pages_and_totals_over_all_rows(shop):
    rows = [(n, Money(100 * n, "EUR")) for n in range(1, 6)]
    pages = [[row[0] for row in table_of(rows, page).rows] for page in (1, 2, 3, 4)]
    assert pages == [[1, 2], [3, 4], [5], [5]]
    table = table_of(rows, 9)
    assert (table.page, table.pages, table.count) == (3, 3, 5)
    assert [total.cells for total in table.totals] == [(15, Money(1500, "EUR"))]


def test_no_rows_are_one_empty_page(shop):
    table = table_of([])
    assert (table.rows, table.count, table.pages, table.totals) == ([], 0, 1, [])


def test_rows_for_programs(shop):
    two = report([])
    assert csv_columns(two) == ["Number", "Sum", "Currency"]
    assert [str(cell) for cell in as_csv(two, (3, Money(-150, "EUR")))] == ["3", "-1.50", "EUR"]
    assert as_json(two, (3, Money(5, "JPY"))) == {"n": 3, "sum": {"amount": "5", "currency": "JPY"}}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((1,), "1 cells where 2 columns"),
        ((1, 2.5), "holds 2.5, which is no money"),
        (("1", None), "holds '1', which is no count"),
        ((True, None), "which is no count"),
    ],
)
def test_a_plugin_that_yields_nonsense_is_named(shop, row, why):
    with pytest.raises(PluginFailed, match=why) as failed:
        table_of([row], plugin="acme")
    assert failed.value.plugin == "acme"


def test_a_report_that_does_not_exist(shop):
    with pytest.raises(NotFound) as refused:
        report_of("nothing")
    assert "receivables" in refused.value.hint


def test_every_report_of_the_house_can_be_made_of_nothing(shop):
    for found in all_reports():
        with reading() as session:
            table = tabled(session, found, ask(session, found.report, {}, TODAY))
            assert [tie for tie in table.ties if tie.difference] == []
            assert found.report.description.endswith(".")
            assert list(streamed(session, found, ask(session, found.report, {}, TODAY))) == table.rows


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (lambda: ReportColumn("x", "X", "float"), "none of text, money"),
        (lambda: ReportColumn("x", "X", "date", total=True), "only money and counts"),
        (lambda: ReportParameter("x", "X", "date", default="yesterday"), "'yesterday' is none of"),
        (lambda: ReportParameter("x", "X", "choice"), "needs options"),
        (lambda: report([], columns=(*COLUMNS, *COLUMNS)), "each code once"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused_where_it_stands(declare, why):
    with pytest.raises(InvalidInput, match=why):
        declare()


def test_the_report_tables_have_the_columns_that_the_docs_name(shop):
    documented = re.findall(r"^\| `(\w+)` \| ((?:\w+, )+.*) \|$", (ROOT / "docs" / "reports.md").read_text(), re.M)
    with reading() as session:
        there = tables(session.get_bind().dialect.name)
        assert {name for name, _ in documented} == set(there)
        for name, columns in documented:
            wanted = [column.split()[0] for column in columns.split(", ")]
            told = [(1, "shop", "Shop", "FI", "EUR")] if name == "sellers" else []
            assert list(Source(session).select(f"SELECT {', '.join(wanted)} FROM {name}")) == told, name
            assert list(session.execute(text(there[name])).keys()) == wanted


def test_a_report_may_only_read(shop):
    with reading() as session, pytest.raises(InvalidInput, match="one SELECT"):
        next(Source(session).select("DELETE FROM customer"))
