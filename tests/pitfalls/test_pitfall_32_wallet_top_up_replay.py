"""Pitfall 32, the side of money that comes in: the same transfer, booked again, is one credit."""

import pytest
from card_shop import open_card_shop

from billhead.actions.payments.book_receipt import book_receipt
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict
from billhead.models.credits import CustomerCredit


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


def test_pitfall_32_the_same_request_and_the_same_transfer_are_credit_once(shop):
    keyed = Context.system("test").keyed("0" * 31 + "1")
    made = []
    for _ in range(3):
        with writing(keyed) as tx:
            made.append(book_receipt(tx, shop.customer, shop.bank, 5000, "EUR", "top-up 7"))
    assert made[0] == made[1] == made[2]
    with pytest.raises(Conflict, match="booked already"):
        shop.act(book_receipt, shop.customer, shop.bank, 5000, "EUR", " top-up 7 ")
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [5000]
