"""The reports that count credits: what came, went and is left, beside the ledger; and money beside credits.

It is 22 November 2026.
"""

from dataclasses import replace
from datetime import date

import pytest
from reseller_shop import STAFF, open_reseller_shop, xcr
from sqlalchemy import update

from billhead.actions.resellers.take_credits import take_credits
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.models.credits import CreditLot
from billhead.reports import as_csv, ask, csv_columns, report_of, streamed, tabled
from billhead.reports.reseller_credits import REPORT

TODAY = date(2026, 11, 22)
COLUMNS = [column.code for column in REPORT.columns][1:]


@pytest.fixture
def shop(operator):
    return open_reseller_shop(operator)


def made(code, today=TODAY, **typed):
    found = report_of(code)
    with reading() as session:
        return tabled(session, found, ask(session, found.report, typed, today))


def told(table):
    """Reseller → what is not zero in its row."""
    return {
        row[0].text: {name: str(cell.decimal()) for name, cell in zip(COLUMNS, row[1:], strict=True) if cell}
        for row in table.rows
    }


def sold(shop):
    """Aurora buys 100 for 50.00 and is given 10, passes 20 on; a line is held, one consumed and ended again."""
    shop.grant("aurora", "100.00", cost=Money(5_000, "EUR"))
    shop.grant("aurora", "10.00")
    shop.transfer("aurora", "baltic", "20.00")
    first = shop.add("aurora")
    shop.operator.work()
    shop.terminate(first.subscription_id, shop.acting("aurora"))
    shop.add("baltic")
    shop.grant("gulf", "5.00")
    with writing(replace(STAFF, reason="given by mistake")) as tx:
        take_credits(tx, shop.known["gulf"], xcr("2.00"))


def test_what_came_less_what_went_is_held_and_left(shop):
    sold(shop)
    table = made("reseller-credits")
    rows = told(table)
    back = rows["Aurora"].pop("returned")
    left = xcr("80.00") + xcr(back)
    cost = rows["Aurora"].pop("cost")
    assert rows["Aurora"].pop("left") == str(left.decimal())
    assert rows == {
        "Aurora": {"bought": "100.00", "granted": "10.00", "passed": "20.00", "consumed": "10.00"},
        "Baltic": {"received": "20.00", "held": "10.00", "left": "10.00", "cost": "5.00"},
        "Gulf": {"granted": "5.00", "taken": "2.00", "left": "3.00"},
    }
    assert 0 < float(back) < 10
    # of the 100 that had cost 50.00, 20 went on and 10 were consumed, of which some came back
    assert Money.parse(cost, "EUR").minor in range(3_500, 4_000)
    assert [tie.difference.minor for tie in table.ties] == [0, 0, 0]
    assert table.ties[0].ledger == left + xcr("10.00") + xcr("10.00") + xcr("3.00")


def test_a_later_span_begins_with_what_was_there(shop):
    sold(shop)
    table = made("reseller-credits", date(2026, 12, 5), **{"from": "2026-12-01"})
    rows = told(table)
    assert rows["Baltic"] == {"had": "20.00", "held": "10.00", "left": "10.00", "cost": "5.00"}
    assert rows["Gulf"] == {"had": "3.00", "left": "3.00"}
    assert [tie.difference.minor for tie in table.ties] == [0, 0, 0]
    before = made("reseller-credits", date(2026, 12, 5), **{"from": "2026-10-01", "to": "2026-11-30"})
    assert told(before)["Gulf"] == {"granted": "5.00", "taken": "2.00", "left": "3.00"}
    assert [row[-1] for row in before.rows] == [None, None, None]  # lots know of today only
    assert [tie.difference.minor for tie in before.ties] == [0, 0]


def test_a_lot_that_nobody_booked_shows_as_a_difference(shop):
    sold(shop)
    with writing(STAFF) as tx:
        grown = update(CreditLot).where(CreditLot.source == "grant", CreditLot.reseller_id == shop.known["aurora"])
        tx.session.execute(grown.values(amount_minor=1_100, remaining_minor=CreditLot.remaining_minor + 100))
    assert [tie.difference for tie in made("reseller-credits").ties] == [xcr("1.00"), xcr("0.00"), xcr("1.00")]


def test_who_draws_on_a_credit_line_is_below_zero(operator):
    shop = open_reseller_shop(operator)
    shop.reseller("lent", credit_line_minor=1_500)
    shop.grant("lent", "4.00")
    shop.add("lent")
    shop.operator.work()
    table = made("reseller-credits")
    assert told(table) == {"Lent": {"granted": "4.00", "consumed": "10.00", "left": "-6.00"}}
    assert [tie.difference.minor for tie in table.ties] == [0, 0, 0]


def test_credits_stand_beside_money_and_the_csv_names_the_currency_of_the_money(shop):
    sold(shop)
    margin = made("reseller-margin")
    assert [total.currency for total in margin.totals] == ["EUR", "XCR"]
    assert [total.cells[4:6] for total in margin.totals] == [(None, margin.rows[0][5]), (margin.rows[0][4], None)]
    totals = {total.currency: total.cells for total in made("reseller-credits").totals}
    assert set(totals) == {"EUR", "XCR"}
    assert totals["XCR"][3] == xcr("15.00")  # Gulf's too, though they had cost nothing
    assert (totals["EUR"][3], totals["XCR"][-1]) == (None, None)
    found = report_of("reseller-credits")
    with reading() as session:
        asked = ask(session, found.report, {}, TODAY)
        lines = [as_csv(found.report, row) for row in streamed(session, found, asked)]
    assert csv_columns(found.report)[-1] == "Currency"
    assert [(line[0], str(line[2]), line[-1]) for line in lines] == [
        ("Aurora", "100.00", "EUR"),
        ("Baltic", "0.00", "EUR"),
        ("Gulf", "0.00", "XCR"),
    ]
