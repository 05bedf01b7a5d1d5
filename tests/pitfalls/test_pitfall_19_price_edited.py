"""Given a price that changed after it was billed: when the subscription is canceled, what comes back is a share of the
price that was billed, not of the new one."""

from datetime import UTC, date, datetime

from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.catalogue.add_price import NewPrice, Tag, add_price
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import writing
from billhead.models.catalogue import Price
from billhead.models.documents import Document, DocumentLine

DEC, JAN = date(2026, 12, 1), date(2027, 1, 1)


def test_pitfall_19_what_comes_back_is_a_share_of_what_was_billed(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        with clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
            plan, price = shop.plan("tv", 3100, cancel_policy="immediate", details={"cancel_money": "credit"})
            subscription = shop.subscribe(shop.customer(), (plan, price), due=DEC, anchor=DEC, billed_through=None)
            book = shop.get(Price, price).book_id
            with writing(SYSTEM) as tx:
                add_price(
                    tx, NewPrice(book, plan, "1 month", Tag(6200), existing_from=date(2026, 12, 15), tell_days=None)
                )
        shop.run(DEC)
        with clock.business_time(datetime(2026, 12, 22, 12, tzinfo=UTC)), writing(SYSTEM) as tx:
            cancel(tx, subscription, "immediate")
        billed, back = shop.all(DocumentLine, DocumentLine.subscription_id == subscription)
        assert (billed.unit_minor, billed.net_minor, billed.price_id) == (3100, 3100, price)
        assert back.corrects_line_id == billed.id
        assert back.net_minor == 1000  # 22 to 31 December: 31.00 × 10 / 31, on a credit note
        assert shop.get(Document, back.document_id).kind == "credit_note"
