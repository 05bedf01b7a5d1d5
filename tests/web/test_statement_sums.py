"""The statement's sums are as large as the ledger's."""

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
