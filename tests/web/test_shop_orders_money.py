"""What an order of a reseller's shop costs its reseller, and what it brings.

A month of Basic costs 25.00 EUR in the shop of Aurora and takes 10.00 of its credits, a second screen 6.00 and 3.00.
"""

from datetime import date

from sqlalchemy import delete, event
from white_label import WhiteLabel

from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.resellers.set_own_price import set_own_price
from billhead.actions.shops._supplying import ask_supplies
from billhead.actions.shops.set_shop_price import set_shop_price
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.models.documents import Document, DocumentLine
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription
from billhead.reports._margins import margins


def earned(white: WhiteLabel) -> list[tuple[int, int, int, int]]:
    """(purchases, those with a price, credits, sold)."""
    with white.shop.app.app_context(), reading() as session:
        found = margins(session, None, None, date(2100, 1, 1))
    return [(row.purchases, row.priced, row.credits_minor, row.sold_minor) for row in found]


def test_the_margin_counts_what_the_shops_invoice_says(white_label: WhiteLabel):
    aurora = white_label.area.ids["aurora"]
    white_label.act(set_own_price, aurora, "basic", "1 month", Money(1500, "EUR"), who="aurora")  # beside its shop
    white_label.sell()
    white_label.shop.work()
    assert earned(white_label) == [(1, 1, 1000, 2500)]


def test_however_many_orders_a_run_has_paid_it_asks_for_their_credits_by_as_many_statements(white_label: WhiteLabel):
    aurora, shop = white_label.area.ids["aurora"], white_label.shop
    ids = []
    for who in ("ada", "eve", "ida", "joe", "kim"):
        white_label.sell(f"{who}@example.com")
        ids.append(shop.rows(Subscription)[-1].id)
    shop.work()
    invoices = [row.id for row in shop.rows(Document, Document.kind == "invoice")]
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.execute(delete(ShopSupply))
    said: list[str] = []

    def asked(pairs: list[tuple[int, int]]) -> int:
        said.clear()
        with shop.app.app_context(), writing(Context.system("test")) as tx:
            event.listen(db.engine, "before_cursor_execute", note)
            ask_supplies(tx, [(key, invoice, date(2026, 12, 24)) for key, invoice in pairs])
            event.remove(db.engine, "before_cursor_execute", note)
        return len(said)

    note = lambda *seen: said.append(seen[2])  # noqa: E731
    pairs = list(zip(ids, invoices, strict=True))
    asked(pairs[:1])  # the job that looks after them is queued
    assert asked(pairs[1:2]) == asked(pairs[2:])
    rows = shop.rows(ShopSupply)
    assert [(row.subscription_id, row.document_id) for row in rows] == pairs
    assert {row.reseller_id for row in rows} == {aurora}


def test_what_was_credited_before_it_was_supplied_takes_no_credits(white_label: WhiteLabel):
    aurora = white_label.area.ids["aurora"]
    white_label.act(set_shop_price, aurora, "screen", "1 month", Money(600, "EUR"), who="aurora")
    white_label.leave(0)
    browser = white_label.customer("aurora")
    assert white_label.order(browser, "aurora", **{"addon-screen": "1"}).status_code == 303
    white_label.pay("aurora")
    white_label.shop.work()
    assert [(row.state, row.credits_minor) for row in white_label.shop.rows(ShopSupply)] == [("waiting", 1300)]
    (invoice,) = white_label.shop.rows(Document, Document.kind == "invoice")
    (screen,) = white_label.shop.rows(
        DocumentLine, DocumentLine.document_id == invoice.id, DocumentLine.net_minor == 600
    )
    white_label.act(issue_credit_note, invoice.id, [Correction(screen.id)], reason="does not want the screen")
    white_label.grant(1000)
    white_label.shop.work()
    assert [(row.state, row.credits_minor) for row in white_label.shop.rows(ShopSupply)] == [("supplied", 1000)]
    assert earned(white_label) == [(1, 1, 1000, 2500)]
