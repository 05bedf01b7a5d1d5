"""What must hold after each step of a street's story: see `check_prices`. The sums are made of the rows themselves."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from any_order_checks import check_books, written_lines
from any_order_prices import WEIGHTS, Street
from billing_shop import SYSTEM

from billhead import clock
from billhead.actions.billing.recognise import recognise
from billhead.db import reading
from billhead.models.documents import Document, DocumentLine
from billhead.reports import ask, report_of, tabled

__all__ = ["all_is_earned", "check_prices"]


def check_prices(street: Street) -> None:
    """The books as `check_books` has them, and:

    * each customer has been charged what their `PriceLedger` says, which knows who pays which version of a price
    * no coupon takes more off a line than it costs, and nobody gets more back of a line or invoice than it came to
    * what a bundle was billed for is shared out over its parts, whole
    * each day has earned what the days of the lines say
    """
    rows = written_lines()
    _charged(street, rows)
    _nothing_below_zero(rows)
    _given_back_at_most(street, rows)
    check_books(street)
    _bundles(street, rows)
    _earned(street, rows)


_Rows = list[tuple[Document, DocumentLine]]


def _sign(document: Document) -> int:
    return -1 if document.kind == "credit_note" else 1


def _charged(street: Street, rows: _Rows) -> None:
    billed: dict[int, int] = defaultdict(int)
    for document, line in rows:
        minor = line.net_minor + (line.tax_minor if street.begins.inclusive else 0)
        billed[document.customer_id] += _sign(document) * minor
    for one in street.neighbours:
        assert billed[one.customer] == one.owes.owed(), one


def _nothing_below_zero(rows: _Rows) -> None:
    for document, line in rows:
        if document.kind == "invoice" and line.kind == "recurring":
            assert line.net_minor >= 0
            assert 0 <= line.discount_minor <= line.quantity * line.unit_minor
        assert document.total_minor >= 0


def _given_back_at_most(street: Street, rows: _Rows) -> None:
    """Of a line, whoever gives it back; of an invoice, what staff do."""
    back: dict[int, int] = defaultdict(int)
    notes: dict[int, int] = defaultdict(int)
    for document, line in rows:
        if line.corrects_line_id is not None:
            back[line.corrects_line_id] -= _sign(document) * (line.net_minor + line.tax_minor)
    for document in {document.id: document for document, line in rows if line.kind == "corrected"}.values():
        if document.corrects_id is not None:
            notes[document.corrects_id] += document.total_minor
    for document, line in rows:
        came = _sign(document) * (line.net_minor + line.tax_minor)
        if line.kind == "recurring" or came < 0:
            assert min(came, 0) <= back[line.id] <= max(came, 0), (document.id, line.id)
        assert notes[document.id] <= document.total_minor


def _bundles(street: Street, rows: _Rows) -> None:
    """To the cent of what was billed for it; each part's share is off by less than a cent a line."""
    mine = [_sign(document) * line.net_minor for document, line in rows if line.plan_id == street.plans["duo"]]
    with reading() as session:
        report = report_of("bundle-revenue")
        table = tabled(session, report, ask(session, report.report, {"from": "2020-01-01"}, date(2035, 1, 1)))
    shares = {row[1]: row[-1].minor for row in table.first_rows}
    assert sum(shares.values()) == sum(mine)
    for code, minor in shares.items():
        assert abs(minor * sum(WEIGHTS.values()) - sum(mine) * WEIGHTS[code]) < len(mine) * sum(WEIGHTS.values())


def _earned(street: Street, rows: _Rows) -> None:
    yesterday = clock.today_in("UTC") - timedelta(days=1)  # of the shop
    revenue = -dict(street.balances()).get("revenue", 0)
    assert revenue == sum(_sign(document) * _share(document, line, yesterday) for document, line in rows)


def _share(document: Document, line: DocumentLine, day: date) -> int:
    if document.issued_on > day or line.period_start is None or line.period_end is None:
        return 0
    length, passed = (line.period_end - line.period_start).days, (day - line.period_start).days + 1
    minor = abs(line.net_minor) * min(max(passed, 0), length) // length
    return minor if line.net_minor > 0 else -minor


def all_is_earned(street: Street) -> None:
    """In the end, when all days are over."""
    rows = written_lines()
    recognise(SYSTEM, max([street.today, *(line.period_end for _, line in rows if line.period_end)]))
    balances: dict[str, Any] = defaultdict(int, street.balances())
    assert -balances["revenue"] == sum(_sign(document) * line.net_minor for document, line in rows)
    assert balances["deferred_revenue"] == 0
