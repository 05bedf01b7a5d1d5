"""A day that lies more than ten years ahead is a slip: refused at its field, wherever a day is taken."""

from datetime import UTC, date, datetime, timedelta

import pytest
from billing_shop import SYSTEM, open_shop
from coupon_shop import make

from billhead import clock
from billhead.actions.catalogue.reprice import RepriceWish, preview_reprice, reprice
from billhead.actions.catalogue.stop_price import stop_price
from billhead.actions.coupons.change_coupon import change_coupon
from billhead.actions.coupons.create_coupon import NewCoupon, create_coupon
from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.hold import hold, preview_hold
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money

NOV, DEC, LAST_OF_ALL = date(2026, 11, 1), date(2026, 12, 1), date(9999, 12, 31)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        yield shop


def test_the_last_day_of_all_is_refused_at_its_field(shop):
    tv = shop.plan("tv", 1000)
    customer = shop.customer()
    anna = shop.subscribe(customer, tv, due=DEC, anchor=NOV)
    coupon = make(shop, "OFF", percent_ppm=500_000)
    wish = {"seller_id": shop.seller_id, "percent_ppm": 100_000, "tell_days": None}
    asked = {
        "on": [(cancel, anna, "on_date", {"on": LAST_OF_ALL})],
        "starts_on": [
            (hold, anna, LAST_OF_ALL, {}),
            (preview_hold, anna, LAST_OF_ALL, {}),
            (start_subscription, Order(customer, "tv", "1 month", starts_on=LAST_OF_ALL), {}),
            (create_coupon, shop.seller_id, NewCoupon("A12", "percent", percent_ppm=1, starts_on=LAST_OF_ALL), {}),
        ],
        "ends_on": [
            (hold, anna, NOV, LAST_OF_ALL, {}),
            (create_coupon, shop.seller_id, NewCoupon("A12", "percent", percent_ppm=1, ends_on=LAST_OF_ALL), {}),
            (change_coupon, coupon, {"disabled": False, "ends_on": LAST_OF_ALL}),
        ],
        "valid_from": [(reprice, RepriceWish(existing_from=None, valid_from=LAST_OF_ALL, **wish), {})],
        "existing_from": [(reprice, RepriceWish(existing_from=LAST_OF_ALL, **wish), {})],
        "until": [(stop_price, tv[1], LAST_OF_ALL, {})],
        "expires_on": [(grant_credit, customer, Money(500, "EUR"), "sorry", LAST_OF_ALL, {})],
    }

    for field, ones in asked.items():
        for verb, *args, named in ones:
            with writing(SYSTEM) as tx, pytest.raises(InvalidInput) as refused:
                verb(tx, *args, **named)
            assert refused.value.field == field, verb.__name__
    with reading() as session, pytest.raises(InvalidInput, match="9999-12-31 is more than ten years ahead"):
        preview_reprice(session, RepriceWish(existing_from=LAST_OF_ALL, **wish))


def test_ten_years_are_not_too_far(shop):
    anna = shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=DEC, anchor=NOV)
    with writing(SYSTEM) as tx:
        assert cancel(tx, anna, "on_date", on=NOV + timedelta(days=3650)).ends_on == "2036-10-29"
