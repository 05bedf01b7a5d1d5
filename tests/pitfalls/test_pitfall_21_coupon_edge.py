"""Given a 100 % first-order coupon, or one shorter than the cycle: the first invoice is 0.00 and the renewal still
happens at full price; a coupon for N cycles counts N cycles, also on anchors 29 to 31."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import open_shop
from coupon_shop import lines, make, order, paid, standing

from billhead import clock
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Subscription

NOV = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, lead_days=7) as shop, clock.business_time(NOV):
        shop.plan("tv", 1000, setup_minor=500)
        yield shop


def test_pitfall_21_all_off_the_first_order_and_the_renewal_at_full_price(shop):
    make(shop, "FREE", percent_ppm=1_000_000, first_order=True)
    subscription, invoice_id = order(shop, shop.customer(card=False), "FREE")
    invoice = shop.get(Document, invoice_id)
    assert (invoice.kind, invoice.state, invoice.total_minor) == ("invoice", "paid", 0)
    assert lines(shop, invoice_id) == [(0, 500, "FREE"), (0, 1000, "FREE")]
    assert standing(shop, subscription) == [("used", 0, None, 1500)]
    after = shop.get(Subscription, subscription)
    assert (after.state, after.paid_through) == ("active", date(2026, 12, 1))
    shop.run(date(2026, 11, 24))
    (offer,) = shop.all(Document, Document.kind == "proforma", Document.state == "open")
    assert offer.total_minor == 1200  # 10.00 and 20 %
    assert lines(shop, offer.id) == [(1000, 0, "")]


@pytest.mark.parametrize(("day", "cycles"), [(29, 1), (30, 3), (31, 5)])
def test_pitfall_21_so_many_cycles_on_the_last_days_of_a_month(shop, day, cycles):
    make(shop, "HALF", percent_ppm=500_000, cycles=cycles, covers_setup=False)
    with clock.business_time(datetime(2026, 10, day, 12, tzinfo=UTC)):
        subscription, proforma = order(shop, shop.customer(), "HALF")
    paid(shop, proforma, f"2026-10-{day}")
    shop.change(
        Subscription, subscription, collection="auto", next_bill_on=shop.get(Subscription, subscription).billed_through
    )
    for month in range(11, 20):  # a run a month, up to July
        year, of = divmod(2026 * 12 + month - 1, 12)
        shop.run(date(year, of + 1, 28 if of == 1 else 30))
        shop.run(date(year, of + 1, 28) if of == 1 else date(year, of + 1, 30 + (of + 1 in (1, 3, 5, 7, 8, 10, 12))))
    recurring = shop.all(
        DocumentLine,
        DocumentLine.subscription_id == subscription,
        DocumentLine.kind == "recurring",
        DocumentLine.period_start.is_not(None),
    )
    assert len(recurring) == 10
    assert [line.net_minor for line in recurring] == [500] * cycles + [1000] * (10 - cycles)
    assert standing(shop, subscription) == [("used", 0, None, 500 * cycles)]


def test_pitfall_21_all_off_for_ever_renews_by_itself(shop):
    make(shop, "STAFF", percent_ppm=1_000_000, cycles=None)
    subscription, _ = order(shop, shop.customer(card=False), "STAFF")
    for day in (date(2026, 11, 24), date(2026, 12, 25), date(2027, 1, 25)):
        shop.run(day)
    after = shop.get(Subscription, subscription)
    assert (after.paid_through, after.next_bill_on) == (date(2027, 3, 1), date(2027, 2, 22))
    documents = shop.all(Document)
    assert [row.kind for row in documents if row.state == "paid"] == ["invoice"] * 4
    assert not [row for row in documents if row.state == "open"]
