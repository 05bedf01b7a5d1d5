"""Pitfall 8: money that the gateway collects by itself pays the invoice that is open, and is no orphan credit."""

import pytest
from card_shop import open_card_shop

from billhead.actions.payments.book_receipt import book_receipt
from billhead.models.credits import CustomerCredit


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


def test_pitfall_08_it_pays_the_open_invoice(shop):
    """A standing order: the money names the customer, no document."""
    _, invoice = shop.renewal("2026-12-22", card="4000000000000341")
    with shop.at("2026-12-23"):
        done = shop.act(book_receipt, shop.customer, shop.bank, 1255, "EUR", "standing order 12/26")
    assert done.document_ids == [invoice.id]
    assert shop.invoices()[-1].state == "paid"
    assert shop.rows(CustomerCredit) == []


def test_pitfall_08_what_comes_before_its_invoice_pays_it_as_soon_as_it_is_written(shop):
    with shop.at("2026-11-22"):
        shop.bought(save=True)
    with shop.at("2026-12-20"):
        shop.act(book_receipt, shop.customer, shop.bank, 1255, "EUR", "standing order 12/26")
        assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [1255]
    with shop.at("2026-12-22", hour=1):
        from billhead import clock
        from billhead.actions.billing.run import run_billing

        run_billing(clock.business_now())
        assert shop.collect_due() == []
    assert shop.invoices()[-1].state == "paid"
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [0]
