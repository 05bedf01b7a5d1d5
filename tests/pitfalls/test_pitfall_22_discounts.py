"""Given 3 × 0.83, 33 % off and 20 % tax: cart, proforma, invoice, what the gateway is asked for and the ledger's tax
are the same to the cent, with tax added or included."""

import pytest
from billing_shop import open_shop
from coupon_shop import lines, make, order, paid

from billhead.actions.billing.quote import Part, Wanted, quote, read_buyers
from billhead.db import reading
from billhead.models.documents import Document
from billhead.models.ledger import LedgerAccount, LedgerPosting


@pytest.mark.parametrize(
    ("inclusive", "nets", "total"),
    [
        (False, [55, 56, 56], 200),  # 33 % of 2.49 = 0.82; 1.67 net; tax 0.11 each line: 0.33
        (True, [46, 47, 47], 167),  # 1.67 with tax in it: 0.09 + 0.09 + 0.09
    ],
)
def test_pitfall_22_a_third_off_three_small_lines(database_url, tmp_path, inclusive, nets, total):
    with open_shop(database_url, tmp_path) as shop:
        plans = [shop.plan("tv", 83, tax_inclusive=inclusive)]
        plans += [
            shop.plan(code, 83, tax_inclusive=inclusive, kind="bouquet", details={"plans": ["tv"]})
            for code in ("news", "films")
        ]
        make(shop, "THIRD", percent_ppm=330_000)
        customer = shop.customer()
        with reading() as session:
            buyer = read_buyers(session, [customer])[customer]
            parts = [Part(None, *plan, 1) for plan in plans]
            cart = quote(session, shop.seller_id, "EUR", [Wanted(parts, coupons=("THIRD",))], buyer)
        _, proforma = order(shop, customer, "THIRD", addons=("news", "films"))
        invoice = shop.get(Document, paid(shop, proforma))
        assert [line.net_minor for line in cart.lines] == nets
        assert [net for net, _, _ in lines(shop, invoice.id)] == nets
        assert [off for _, off, _ in lines(shop, invoice.id)] == [28, 27, 27]  # together 0.82
        totals = [cart.total_minor, shop.get(Document, proforma).total_minor, invoice.total_minor]
        assert totals == [total] * 3
        (tax,) = shop.all(LedgerAccount, LedgerAccount.code == "tax")
        with reading() as session:
            booked = session.query(LedgerPosting).filter_by(account_id=tax.id).one()
        assert booked.amount_minor == invoice.tax_minor == cart.tax_minor
