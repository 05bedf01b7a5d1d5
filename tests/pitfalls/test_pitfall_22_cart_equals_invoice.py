"""Pitfall 22. 3 × 0.83, 33 % off, 20 % tax: cart, order, invoice, PDF, gateway and tax report agree to the cent."""

import json
from datetime import UTC, date, datetime

import pytest
import typst
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.first import first
from billhead.actions.billing.quote import Part, Wanted, quote, read_buyers
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.documents.render_pdf import render_pdf
from billhead.actions.payments._attempts import attempt_view, new_attempt, payable
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import SubscriptionComponent
from billhead.plugin import ExtraLine
from billhead.reports import ask, report_of, tabled

TODAY = date(2026, 11, 22)


class ThirdOff:
    """33 % off the sum of what is drafted, rounded half-up: 2.49 × 33 % = 0.8217 → 0.82."""

    code = "third"

    def apply(self, drafts):
        return [[ExtraLine("off", "33 % off", -self._off(draft))] for draft in drafts]

    def _off(self, draft):
        total = Money.total((line.net for line in draft.lines), draft.lines[0].net.currency)
        return Money((total.minor * 33 + 50) // 100, total.currency)


@pytest.fixture
def printed(monkeypatch):
    """What is given to the typesetter, as text."""
    said = []
    compiled = typst.compile
    monkeypatch.setattr(
        typst, "compile", lambda *args, **more: said.append(json.dumps(more["sys_inputs"])) or compiled(*args, **more)
    )
    return said


@pytest.mark.parametrize(
    ("mode", "inclusive", "net", "tax"),
    [
        ("per_line", False, 167, 34),  # 2.49 → 0.50, -0.82 → -0.16
        ("per_rate_keep_net", False, 167, 33),  # 1.67 × 20 % = 0.334
        ("per_rate_keep_gross", False, 167, 34),  # of 2.01 (line by line) 20/120 are 0.335
        ("per_line", True, 139, 28),  # 2.49 holds 0.415 → 0.42, -0.82 holds -0.14
        ("per_rate_keep_net", True, 139, 28),
        ("per_rate_keep_gross", True, 139, 28),  # 1.67 ÷ 6 = 0.278
    ],
)
def test_pitfall_22_cart_equals_invoice(sqlite_url, tmp_path, printed, mode, inclusive, net, tax):
    with (
        open_shop(sqlite_url, tmp_path, tax_rounding=mode) as shop,
        clock.business_time(datetime(2026, 11, 22, 12, tzinfo=UTC)),
    ):
        shop.plugins.rules = [("shop", ThirdOff())]
        customer, plan = shop.customer(), shop.plan("tv", 83, tax_inclusive=inclusive)
        with reading() as session:
            buyer = read_buyers(session, [customer])[customer]
            cart = quote(session, shop.seller_id, "EUR", [Wanted([Part(None, *plan, 3)])], buyer)
        told = {"cart": (cart.net_minor, cart.tax_minor, cart.total_minor)}

        order = _order(shop, customer, plan)
        with writing(SYSTEM) as tx:
            document, owed = payable(tx, order)
            told["gateway"] = attempt_view(tx, new_attempt(tx, document, shop.cards_id, owed)).amount.minor
        with writing(SYSTEM) as tx:
            invoice = settle_proforma(tx, order)
        for name, document_id in (("order", order), ("invoice", invoice)):
            row = shop.get(Document, document_id)
            lines = shop.all(DocumentLine, DocumentLine.document_id == document_id)
            told[name] = (row.net_minor, row.tax_minor, row.total_minor)
            told[f"lines of {name}"] = _sums(lines)
        with reading() as session:
            assert render_pdf(session, session.get_one(Document, invoice))
            report = report_of("tax")
            table = tabled(session, report, ask(session, report.report, {}, TODAY))
        told["report"] = tuple(row_money.minor for row_money in table.rows[0][6:])

        assert told == {
            "cart": (net, tax, net + tax), "order": (net, tax, net + tax), "invoice": (net, tax, net + tax),
            "lines of order": (net, tax, net + tax), "lines of invoice": (net, tax, net + tax),
            "gateway": net + tax, "report": (net, tax),
        }  # fmt: skip
        assert [tie.difference.minor for tie in table.ties] == [0]
        for minor in (net, tax, net + tax):
            assert f"{Money(minor, 'EUR').decimal():f}" in printed[0]


def _order(shop, customer, plan):
    pending = {"collection": "manual", "state": "pending", "billed_through": None, "paid_through": None}
    subscription = shop.subscribe(customer, plan, due=TODAY, next_bill_on=None, **pending)
    (component,) = shop.all(SubscriptionComponent)
    shop.change(SubscriptionComponent, component.id, quantity=3)
    with writing(SYSTEM) as tx:
        return first(tx, subscription)


def _sums(lines):
    net, tax = sum(line.net_minor for line in lines), sum(line.tax_minor for line in lines)
    return net, tax, net + tax
