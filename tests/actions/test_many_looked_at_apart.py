"""What is shown of many before it is done to them keeps none of them locked while it looks at the next."""

from datetime import date
from threading import Event, Thread
from time import sleep

from billing_shop import SYSTEM, open_shop
from coupon_shop import make, order, used
from debt_shop import at
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from billhead.actions.bulk._each import each_before
from billhead.actions.bulk.ask_bulk import BulkWish
from billhead.actions.payments._allocating import locked_documents
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import writing
from billhead.models.subscriptions import Subscription

NOV = date(2026, 11, 1)


def test_two_orders_with_one_coupon_and_a_customer_who_takes_one_back(postgresql_url, tmp_path):
    with open_shop(postgresql_url, tmp_path) as shop, at(NOV):
        shop.plan("tv", 1000)
        coupon = make(shop, "TEN", percent_ppm=100_000)
        first, _ = order(shop, shop.customer(), "TEN")
        second, proforma = order(shop, shop.customer(), "TEN")
        held, goes_on, failed, seen = Event(), Event(), [], []

        def beside(act):
            def run():
                try:
                    with shop.app.app_context():
                        act()
                except DBAPIError as error:  # a deadlock is one
                    failed.append(error)

            return Thread(target=run)

        def takes_back():
            with writing(SYSTEM) as tx:
                locked_documents(tx, [proforma])
                held.set()
                goes_on.wait(20)
                cancel(tx, second, "immediate")

        def looks():
            wish = BulkWish(shop.seller_id, "cancel", {})
            seen.extend(each_before(SYSTEM, wish, select(Subscription.id))[0])

        customer, staff = beside(takes_back), beside(looks)
        customer.start()
        assert held.wait(20)
        staff.start()
        sleep(2)  # they have seen the first, and wait for the second
        goes_on.set()
        customer.join(30)
        staff.join(30)
        assert failed == []
        assert [(one.id, bool(one.left_out)) for one in seen] == [(first, False), (second, True)]
        assert (shop.get(Subscription, first).state, shop.get(Subscription, second).state) == ("pending", "canceled")
        assert used(shop, coupon) == 1
