"""What is used on the day of a cancellation at once: billed up to that moment, once. 20 % tax everywhere."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from metered_shop import billed, meter, meter_of, metric, rejects, tell, used

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.void_document import void_document
from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.actions.subscriptions.keep import keep
from billhead.actions.usage.usage_of_period import usage_of_period
from billhead.db import reading, writing
from billhead.models.documents import Document
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
ELEVENTH, TWELFTH = date(2026, 11, 11), date(2026, 11, 12)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def metered(shop, *, included="300", details=None, **more):
    """30.00 a month, billed in advance; a cent a minute beyond what is included."""
    tv = shop.plan("tv", 3000, details={"cancel_money": "credit", **(details or {})})
    meter(shop, tv, metric(shop), "standard", unit="0.01", included=included, **more)
    return tv


def since_november(shop, tv, **who):
    """Billed for November by the run, on its first day."""
    anna = shop.subscribe(shop.customer(**who), tv, anchor=NOVEMBER, due=NOVEMBER)
    shop.run(NOVEMBER)
    return anna


def at(text):
    return clock.business_time(datetime.fromisoformat(text).replace(tzinfo=UTC))


def canceled(anna, when, policy="immediate", **more):
    """Then, as it was shown before to the cent."""
    with at(when):
        shown = preview_cancel(SYSTEM, anna, policy, **more)
        with writing(SYSTEM) as tx:
            done = cancel(tx, anna, policy, seen=shown.seen, **more)
        assert (done.total_minor, done.billed_until) == (shown.total_minor, shown.billed_until)
    return done


def usage_lines(shop, anna):
    return [line[1:] for line in shop.lines(anna) if line[0].startswith("usage")]


def proven(day):
    with clock.business_time(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)):
        assert verify_billing().faults == []


def test_what_was_used_up_to_the_cancellation_is_billed_once_and_nothing_after_it(shop):
    tv = metered(shop, minimum="3")
    anna = since_november(shop, tv)
    tell(used(anna, 200, "2026-11-10T23:00:00Z"), used(anna, 50, "2026-11-11T14:59:59Z"))
    # 20 of 30 days come back: 20.00 and 4.00 of tax
    assert canceled(anna, "2026-11-11T15:00:00").total_minor == -2400
    told = tell(used(anna, 60, "2026-11-11T14:00:00Z"), used(anna, 900, "2026-11-11T15:00:00Z", id="after"))
    assert (told.accepted, told.late, rejects()) == (1, 0, [("after", "after_end")])
    assert run_billing(ELEVENTH, dry_run=True).invoices == 0  # the day isn't over: its panel may still tell of it
    assert shop.run(ELEVENTH).invoices == 0
    assert shop.run(TWELFTH).invoices == 1
    # eleven of thirty days include 110 of 300; 200 + 50 + 60 used, a cent each; ten days' minimum would be 1.00
    assert usage_lines(shop, anna) == [(NOVEMBER, TWELFTH, 200, 40)]
    assert meter_of(anna) == (TWELFTH, None, None)
    assert shop.run(JANUARY).invoices == 0
    proven(JANUARY)


def test_the_day_that_is_given_back_costs_no_minimum(shop):
    anna = since_november(shop, metered(shop, minimum="3"))
    tell(used(anna, 1, "2026-11-11T01:00:00Z"))
    canceled(anna, "2026-11-11T15:00:00")
    shop.run(TWELFTH)
    assert usage_lines(shop, anna) == [(NOVEMBER, TWELFTH, 100, 20)]  # ten of thirty days


def test_use_of_a_first_day_is_billed_although_nothing_else_is(shop):
    tv = metered(shop)
    anna = since_november(shop, tv)
    tell(used(anna, 30, "2026-11-01T09:00:00Z"))
    assert canceled(anna, "2026-11-01T10:00:00").total_minor == -3600
    shop.run(date(2026, 11, 2))
    assert usage_lines(shop, anna) == [(NOVEMBER, date(2026, 11, 2), 20, 4)]  # a thirtieth of 300 is included
    proven(DECEMBER)


def test_who_leaves_on_the_first_day_of_a_month_that_was_billed_already(shop):
    anna = since_november(shop, metered(shop, included="0"))
    tell(used(anna, 40, "2026-11-30T23:00:00Z"))
    shop.run(DECEMBER)
    tell(used(anna, 7, "2026-12-01T08:00:00Z"))
    canceled(anna, "2026-12-01T09:00:00")
    shop.run(date(2026, 12, 2))
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 40, 8), (DECEMBER, date(2026, 12, 2), 7, 1)]
    proven(JANUARY)


def test_the_day_is_the_customers_own(shop):
    """Kiritimati is fourteen hours ahead: its 11 November begins at 10:00 UTC on the tenth."""
    anna = since_november(shop, metered(shop, included="0"), zone="Pacific/Kiritimati")
    tell(used(anna, 10, "2026-11-10T09:59:59Z"), used(anna, 20, "2026-11-10T10:00:00Z"),
         used(anna, 40, "2026-11-10T20:29:59Z"), used(anna, 80, "2026-11-10T20:30:00Z"))  # fmt: skip
    assert canceled(anna, "2026-11-10T20:30:00").billed_until == "2026-11-11"
    shop.run(datetime(2026, 11, 11, 9, 59, tzinfo=UTC))
    assert usage_lines(shop, anna) == []
    shop.run(datetime(2026, 11, 11, 10, 0, tzinfo=UTC))
    assert usage_lines(shop, anna) == [(NOVEMBER, TWELFTH, 70, 14)]
    proven(JANUARY)


def test_what_comes_after_the_last_bill_is_billed_as_the_difference(shop):
    anna = since_november(shop, metered(shop, included="0"))
    tell(used(anna, 100, "2026-11-11T09:00:00Z"))
    canceled(anna, "2026-11-11T15:00:00")
    shop.run(TWELFTH)
    assert tell(used(anna, 25, "2026-11-11T14:00:00Z")).late == 1
    shop.run(date(2028, 1, 1))
    assert usage_lines(shop, anna) == [(NOVEMBER, TWELFTH, 100, 20), (NOVEMBER, TWELFTH, 25, 5)]
    assert tell(used(anna, 25, "2026-11-11T15:00:01Z")).rejected == 1


def test_time_that_stays_paid_is_billed_for_no_use_after_the_end(shop):
    """Nothing comes back: the use of the month is billed when that is over, up to the moment of the cancellation."""
    anna = since_november(shop, metered(shop, details={"cancel_money": "nothing"}))
    shop.change(Subscription, anna, paid_through=DECEMBER)
    tell(used(anna, 310, "2026-11-11T14:00:00Z"), used(anna, 500, "2026-11-11T16:00:00Z"))
    assert canceled(anna, "2026-11-11T15:00:00").total_minor == 0
    assert shop.run(TWELFTH).invoices == 0
    shop.run(DECEMBER)
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 10, 2)]


def test_a_day_that_counts_is_billed_up_to_the_moment(shop):
    anna = since_november(shop, metered(shop, details={"cancel_day_counts": True}, included="0"))
    tell(used(anna, 10, "2026-11-11T14:00:00Z"), used(anna, 500, "2026-11-11T16:00:00Z"))
    canceled(anna, "2026-11-11T15:00:00")
    shop.run(TWELFTH)
    assert usage_lines(shop, anna) == [(NOVEMBER, TWELFTH, 10, 2)]


def test_a_term_given_back_whole_gives_its_use_back(shop):
    anna = since_november(shop, metered(shop, included="0"))
    tell(used(anna, 10, "2026-11-11T14:00:00Z"))
    assert canceled(anna, "2026-11-11T15:00:00", "start_of_term").total_minor == -3600
    shop.run(DECEMBER)
    assert usage_lines(shop, anna) == []


def test_a_cancellation_taken_back_leaves_the_month_as_it_was(shop):
    anna = since_november(shop, metered(shop))
    with at("2026-11-11T15:00:00"), writing(SYSTEM) as tx:
        cancel(tx, anna, "on_date", on=date(2026, 11, 20))
    with at("2026-11-12T15:00:00"), writing(SYSTEM) as tx:
        keep(tx, anna)
    tell(used(anna, 310, "2026-11-11T16:00:00Z"))
    shop.run(DECEMBER)
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 10, 2)]
    proven(DECEMBER)


def test_a_last_bill_that_is_void_as_a_draft_is_billed_anew_and_as_an_invoice_never(shop):
    anna = since_november(shop, metered(shop, included="0"))
    tell(used(anna, 100, "2026-11-11T09:00:00Z"), used(anna, 900, "2026-11-11T15:30:00Z"))
    canceled(anna, "2026-11-11T15:00:00")
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    shop.run(TWELFTH)
    shop.change(Seller, shop.seller_id, hold_for_review=False)
    (draft,) = shop.all(Document, Document.state == "draft")
    with at("2026-11-12T15:00:00"), writing(SYSTEM) as tx:
        void_document(tx, draft.id, reason="looked at")
    shop.run(date(2026, 11, 13))
    (again,) = shop.all(Document, Document.kind == "invoice", Document.issued_on > NOVEMBER, Document.state == "final")
    assert again.net_minor == 100
    with at("2026-11-14T15:00:00"), writing(SYSTEM) as tx:
        void_document(tx, again.id, reason="given")
    assert shop.run(JANUARY).invoices == 0
    assert sum(row[-1] for row in billed(anna)) == 100
    proven(JANUARY)


def test_staff_see_the_last_day_as_it_will_be_billed(shop):
    anna = since_november(shop, metered(shop))
    tell(used(anna, 150, "2026-11-11T14:00:00Z"))
    canceled(anna, "2026-11-11T15:00:00")
    with at("2026-11-11T16:00:00"), reading() as session:
        (found,) = usage_of_period(session, anna).found
    assert (found.used, found.allowance, found.amount.minor, found.ends_on) == ("150", "110", 40, TWELFTH)
