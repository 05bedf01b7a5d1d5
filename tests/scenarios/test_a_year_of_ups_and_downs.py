"""Fourteen months of a customer in Kiritimati (UTC+14), who changes their mind often and always pays in the end.

Prices are with 20 % of tax: TV is 18.00 a month, gold 30.00, a screen more 6.00; a week on trial is 1.00. The shop's
own day is that of UTC, where it is still yesterday: what is issued bears that date.
"""

from datetime import date

from billing_shop import SYSTEM
from coupon_shop import make
from long_story import tell_story

from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change, preview_change
from billhead.actions.subscriptions.hold import hold, preview_hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import Tx, reading
from billhead.models.subscriptions import Service, Subscription

ZONE = "Pacific/Kiritimati"


def catalogue(shop):
    for code, minor, more in (("tv", 1800, {"trial_term": "7 days", "trial_minor": 100}), ("gold", 3000, {})):
        shop.plan(code, minor, tax_inclusive=True, **more)
    fits = {"plans": ["tv", "gold"], "max_units": 3}
    shop.plan("screen", 600, tax_inclusive=True, kind="connection", details=fits)
    make(shop, "SPRING", percent_ppm=250_000, cycles=3)


def shown(preview, *args, **named):
    with reading() as session:
        return preview(Tx(SYSTEM, session), *args, **named)


def blocked(shop):
    (service,) = shop.all(Service)
    return service.desired_blocked


def a_screen_and_a_better_plan(story, tv):
    story.on(date(2027, 2, 15))  # the plan has begun on 31 January, at 25 % off for three cycles
    assert (story.state(tv), story.cards.total()) == ("active", 100 + 1350)
    wish = ChangeWish(tv, addons=(AddOnOrder("screen", 1),), when="immediate")
    promised = shown(preview_change, wish).total_minor
    # 13 of 28 days of 6.00 are 2.79, less 25 %
    assert promised == story.do(change, wish).total_minor == 209

    story.on(date(2027, 3, 16))
    assert story.cards.total() == 1450 + 209 + 1800  # 13.50 and 4.50 since 28 February
    wish = ChangeWish(tv, plan="gold", when="immediate")
    promised = shown(preview_change, wish).total_minor
    # 15 of 31 days: 6.53 of the 13.50 that were paid come back, 10.89 of gold's 22.50 are charged
    assert promised == story.do(change, wish).total_minor == 1089 - 653


def a_month_on_hold(story, tv):
    shop = story.shop
    story.on(date(2027, 5, 10))  # the coupon's last cycle was from 31 March to 30 April
    assert story.cards.total() == 3459 + 436 + (2250 + 450) + 3600
    promised = shown(preview_hold, tv).credit_minor
    story.do(hold, tv)
    # 21 of 31 days: 20.32 of 30.00 and 4.06 of 6.00
    assert (promised, story.credit(), story.state(tv), blocked(shop)) == (2438, 2438, "suspended", True)

    story.on(date(2027, 6, 9))  # a month that is neither billed nor watched
    back = story.do(resume, tv)
    # 21 of 30 days: 21.00 and 4.20, of which the credit pays 24.38
    assert (back.total_minor, story.credit(), blocked(shop)) == (2520, 0, False)
    assert story.cards.total() == 10_195 + 82


def no_money_on_the_card(story, tv):
    shop = story.shop
    story.on(date(2027, 6, 29))
    story.cards.empty = True
    story.on(date(2027, 7, 2))  # declined on 30 June and a day later
    assert (story.newest().state, story.told().count("payment_failed"), story.state(tv)) == ("final", 2, "active")
    story.cards.empty = False
    story.on(date(2027, 7, 4))  # the third day: tried again
    assert (story.newest().state, story.cards.total()) == ("paid", 10_277 + 3600)

    story.on(date(2027, 8, 25))
    story.cards.empty = True
    story.on(date(2027, 9, 6))
    assert (story.state(tv), story.told().count("suspended")) == ("past_due", 1)  # that one was the hold
    story.on(date(2027, 9, 10))  # due on 2 September; five days later it is stopped
    assert (story.state(tv), blocked(shop), story.balances()["receivable"]) == ("suspended", True, 3600)
    story.cards.empty = False
    story.pays(story.newest().id)
    assert (story.state(tv), blocked(shop), story.told()[-2:]) == ("active", False, ["restored", "receipt"])


def less_and_then_nothing(story, tv):
    shop = story.shop
    story.on(date(2027, 10, 15))
    down = story.do(change, ChangeWish(tv, plan="tv"))
    assert (down.state, down.effective_on, down.total_minor) == ("scheduled", "2027-10-31", 0)
    story.on(date(2027, 11, 10))
    assert story.newest().total_minor == 1800 + 600

    assert story.do(cancel, tv, "end_of_term").ends_on == "2027-11-30"
    story.on(date(2027, 11, 20))
    story.do(keep, tv)
    story.on(date(2028, 3, 16))
    row = shop.get(Subscription, tv)
    assert (row.state, row.paid_through) == ("active", date(2028, 3, 31))
    promised = preview_cancel(SYSTEM, tv, "immediate", money="credit").total_minor
    gone = story.do(cancel, tv, "immediate", money="credit")
    # 15 of 31 days since 29 February: 8.71 of 18.00 and 2.90 of 6.00
    assert (promised, gone.total_minor, story.credit()) == (-1161, -1161, 1161)


def test_a_year_of_ups_and_downs(database_url, tmp_path):
    with tell_story(database_url, tmp_path, ZONE, date(2027, 1, 24), terms_days=3) as story:
        shop = story.shop
        catalogue(shop)
        who = shop.customer(country="KI", zone=ZONE, card=False)
        order = Order(who, "tv", "1 month", trial=True, coupons=("SPRING",))
        started = story.do(start_subscription, order)
        tv = started.subscription_id
        story.pays(started.document_id, save=True)
        assert (story.state(tv), story.cards.total()) == ("trial", 100)

        a_screen_and_a_better_plan(story, tv)
        a_month_on_hold(story, tv)
        no_money_on_the_card(story, tv)
        less_and_then_nothing(story, tv)
        story.on(date(2028, 3, 31))
        assert (story.state(tv), shop.get(Subscription, tv).next_bill_on) == ("canceled", None)
        assert story.written() == WRITTEN
        # every cent that came is revenue, its tax, or the customer's
        assert story.balances()["clearing"] == story.cards.total() == 36_677
        story.in_order()
        earned = {code: minor for code, minor in story.balances().items() if code != "clearing"}
        assert earned == {"credit_bought": -1161, "revenue": -29_596, "tax": -5920}


WRITTEN = [
    ("invoice", "2027-01-23", 83, 17, "paid"),
    ("invoice", "2027-01-30", 1125, 225, "paid"),
    ("invoice", "2027-02-14", 174, 35, "paid"),
    ("invoice", "2027-02-27", 1500, 300, "paid"),
    ("invoice", "2027-03-15", 363, 73, "paid"),
    ("invoice", "2027-03-30", 2250, 450, "paid"),
    ("invoice", "2027-04-29", 3000, 600, "paid"),
    ("credit_note", "2027-05-09", 2031, 407, "paid"),
    ("invoice", "2027-06-08", 2100, 420, "paid"),
    ("invoice", "2027-06-29", 3000, 600, "paid"),
    ("invoice", "2027-07-30", 3000, 600, "paid"),
    ("invoice", "2027-08-30", 3000, 600, "paid"),
    ("invoice", "2027-09-29", 3000, 600, "paid"),
    ("invoice", "2027-10-30", 2000, 400, "paid"),
    ("invoice", "2027-11-29", 2000, 400, "paid"),
    ("invoice", "2027-12-30", 2000, 400, "paid"),
    ("invoice", "2028-01-30", 2000, 400, "paid"),
    ("invoice", "2028-02-28", 2000, 400, "paid"),
    ("credit_note", "2028-03-15", 968, 193, "paid"),
]
