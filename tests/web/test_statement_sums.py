"""The statement's sums are as large as the ledger's, and its pages and file hold all of it."""

import csv
import re
from io import StringIO

from billing_shop import SYSTEM, open_shop

from billhead.actions.credits.grant_credit import grant_credit
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.web.customer.statement import _rows


def test_more_than_four_bytes_of_cents(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        customer = shop.customer()
        with writing(SYSTEM) as tx:
            grant_credit(tx, customer, Money(3_000_000_000, "EUR"), "a currency with large numbers")
        with reading() as session:
            (row,) = _rows(session, customer, "EUR")
    assert (row.credit, row.credit_after) == (3_000_000_000, 3_000_000_000)


def test_pages_of_rows_that_say_a_sum_are_counted_from_the_oldest(shop):
    ada = shop.customer()
    with shop.app.app_context():
        for number in range(1, 31):
            with writing(SYSTEM) as tx:
                grant_credit(tx, 1, Money(100, "EUR"), f"gift {number}")
    for path, credit_after in (("/account/statement", 7), ("/account/credit", 5)):
        first = ada.get(path).text
        assert ("Credit given" if path == "/account/statement" else "Given") in first
        assert "€30.00" in first
        assert first.count("<tr>") == 26, "25 rows and the head"
        older = re.search(r'href="([^"]+before=5[^"]*)"', first).group(1)
        second = ada.get(older).text
        assert second.count("<tr>") == 6
        assert ("€5.00" in second) == (path == "/account/credit"), "the statement says what is owed"
        assert f'href="{path}?before=30"' in second, "and back"
        assert ada.get(f"{path}?before=99999999999999999999").text.count("<tr>") == 26
        rows = list(csv.reader(StringIO(ada.get(f"{path}?format=csv").text.lstrip("\ufeff"))))
        assert len(rows) == 31
        assert rows[30][credit_after] == "30.00"
    assert "gift 7" in ada.get("/account/credit?format=csv").text
