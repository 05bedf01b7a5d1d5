"""Pitfall 16: a plan that was bought at half its price is worth half when it is changed: back comes what was paid."""

from datetime import UTC, date, datetime

from billing_shop import SYSTEM, open_shop
from coupon_shop import make, order, paid

from billhead import clock
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.db import reading, writing
from billhead.models.documents import Document, DocumentLine


def test_pitfall_16_an_upgrade_gives_back_what_was_paid_and_not_the_list_price(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        shop.plan("tv", 3000)
        shop.plan("gold", 6000)
        make(shop, "HALF", percent_ppm=500_000)
        subscription, proforma = order(shop, shop.customer(), "HALF")
        first = shop.get(Document, paid(shop, proforma))
        assert (first.net_minor, first.tax_minor) == (1500, 300)
        shop.change(Document, first.id, state="paid", settled_minor=first.total_minor)
        clock.move_business_clock(datetime(2026, 11, 16, 12, tzinfo=UTC))
        with writing(SYSTEM) as tx:
            done = change(tx, ChangeWish(subscription, plan="gold", when="immediate"))
        back, new = shop.all(DocumentLine, DocumentLine.document_id == done.document_id)
        # 16 to 30 November are 15 of 30 days: of 15.00 and not of 30.00
        assert (back.net_minor, back.tax_minor, back.period_start) == (-750, -150, date(2026, 11, 16))
        # 15 of 30 days of 60.00, at half the price until the coupon's cycle is over
        assert (new.net_minor, new.tax_minor) == (1500, 300)
        with reading() as session:
            assert verify_ledger(session).faults == []
