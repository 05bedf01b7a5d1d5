"""Before its periods or after them: staff change how a subscription is billed, in stories with dates and cents."""

from datetime import UTC, date, datetime

import pytest
from april import do, on
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.restore import restore
from billhead.actions.subscriptions.set_timing import preview_set_timing, set_timing
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.actions.subscriptions.suspend import suspend
from billhead.db import reading
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry
from billhead.models.subscriptions import Service, Subscription, SubscriptionEvent

APR, MAY, JUN, JUL, AUG = (date(2026, month, 1) for month in range(4, 9))


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def tomorrow_comes(shop, day):
    """What the hours of a day do: the run, then what was planned, and again."""
    on(day)
    for _ in range(2):
        shop.run(day)
        do(begin_scheduled)
        do(lapse)


def days(shop, subscription):
    return [line[1:4] for line in shop.lines(subscription)]


def in_order():
    with reading() as session:
        assert verify_ledger(session).faults == []
    assert verify_billing().differing == 0


@pytest.fixture
def april(shop):
    """Somebody who has paid April in advance, by card."""
    subscription = shop.subscribe(shop.customer(credit_minor=50_000), shop.plan("tv", 3000), due=APR)
    shop.run(APR)
    assert days(shop, subscription) == [(APR, MAY, 3000)]
    return subscription


def test_what_was_paid_in_advance_is_billed_afterwards_from_its_next_period_on(shop, april):
    on(date(2026, 4, 11))
    shown = preview_set_timing(SYSTEM, april, "arrears")
    assert (shown.state, shown.effective_on, shown.upcoming.on) == ("done", MAY, JUN)
    assert shop.get(Subscription, april).timing == "advance"  # it was only shown
    assert do(set_timing, april, "arrears").effective_on == "2026-05-01"
    after = shop.get(Subscription, april)
    assert (after.timing, after.billed_through, after.next_bill_on) == ("arrears", MAY, JUN)
    # nobody pays for May before June: the line runs on, to 1 June and 72 hours
    assert shop.all(Service)[0].desired_expires_at == datetime(2026, 6, 4, tzinfo=UTC)
    for day in (MAY, date(2026, 5, 31)):
        tomorrow_comes(shop, day)
        assert days(shop, april) == [(APR, MAY, 3000)]
    tomorrow_comes(shop, JUN)
    tomorrow_comes(shop, JUL)
    assert days(shop, april) == [(APR, MAY, 3000), (MAY, JUN, 3000), (JUN, JUL, 3000)]
    assert [one.issued_on for one in shop.all(Document)] == [APR, JUN, JUL]
    in_order()


def test_and_back_with_each_day_billed_once(shop, april):
    do(set_timing, april, "arrears")
    tomorrow_comes(shop, JUN)  # May
    on(date(2026, 6, 20))
    done = do(set_timing, april, "advance")
    assert (done.state, done.effective_on) == ("scheduled", "2026-07-01")
    tomorrow_comes(shop, date(2026, 6, 30))
    assert shop.get(Subscription, april).timing == "arrears"
    tomorrow_comes(shop, JUL)  # June is over, and July begins
    assert days(shop, april) == [(APR, MAY, 3000), (MAY, JUN, 3000), (JUN, JUL, 3000), (JUL, AUG, 3000)]
    after = shop.get(Subscription, april)
    assert (after.timing, after.next_bill_on) == ("advance", AUG)
    tomorrow_comes(shop, date(2026, 7, 31))
    tomorrow_comes(shop, AUG)
    assert days(shop, april)[4:] == [(AUG, date(2026, 9, 1), 3000)]
    kinds = [one.kind for one in shop.all(SubscriptionEvent) if one.kind.startswith("billed_in")]
    assert kinds == ["billed_in_arrears", "billed_in_advance"]
    in_order()


def test_days_that_were_paid_in_advance_stay_paid_while_it_is_stopped(shop, april):
    """As it is for whoever pays in advance; what is billed afterwards leaves the days out that stood still."""
    do(set_timing, april, "arrears")
    on(date(2026, 4, 6))
    do(suspend, april, "staff")
    in_order()
    on(date(2026, 4, 9))
    do(restore, april, "staff")
    in_order()
    on(date(2026, 4, 21))
    do(suspend, april, "staff")
    tomorrow_comes(shop, date(2026, 5, 11))
    in_order()
    do(restore, april, "staff")
    tomorrow_comes(shop, JUN)
    # 21 of the 31 days of May: 30.00 × 21/31
    assert days(shop, april) == [(APR, MAY, 3000), (date(2026, 5, 11), JUN, 2032)]
    in_order()


def test_a_run_that_comes_late_bills_the_period_first(shop, april):
    do(set_timing, april, "arrears")
    on(date(2026, 5, 20))
    do(set_timing, april, "advance")
    on(date(2026, 6, 3))
    do(begin_scheduled)
    assert shop.get(Subscription, april).timing == "arrears"  # May is not billed yet
    tomorrow_comes(shop, date(2026, 6, 3))
    assert days(shop, april) == [(APR, MAY, 3000), (MAY, JUN, 3000), (JUN, JUL, 3000)]
    in_order()


def test_a_renewal_by_hand_goes_over_to_the_calendar_and_its_offer_is_void(shop):
    shop.plan("tv", 3000)
    started = do(start_subscription, Order(shop.customer(), "tv", "1 month"))
    do(settle_proforma, started.document_id)
    subscription = started.subscription_id
    shop.change(Subscription, subscription, paid_through=MAY)
    tomorrow_comes(shop, date(2026, 4, 20))
    offer = shop.all(Document, Document.kind == "proforma")[-1]
    assert (offer.state, offer.due_on) == ("open", MAY)
    do(set_timing, subscription, "arrears")
    assert shop.get(Document, offer.id).state == "void"
    tomorrow_comes(shop, MAY)
    after = shop.get(Subscription, subscription)
    assert (after.state, after.collection) == ("active", "auto")  # it does not expire for want of a payment
    tomorrow_comes(shop, JUN)
    assert days(shop, subscription) == [(APR, MAY, 3000), (MAY, JUN, 3000)]
    in_order()


def test_what_ends_in_arrears_is_charged_for_its_days(shop, april):
    do(set_timing, april, "arrears")
    on(date(2026, 5, 11))
    do(cancel, april, "immediate")
    # 30.00 × 10/31 days of May
    assert days(shop, april) == [(APR, MAY, 3000), (MAY, date(2026, 5, 11), 968)]
    with pytest.raises(Conflict, match="is canceled"):
        do(set_timing, april, "advance")
    in_order()


def test_the_way_back_is_taken_back_by_the_same_verb(shop, april):
    do(set_timing, april, "arrears")
    do(set_timing, april, "advance")
    with pytest.raises(Conflict, match="something else is planned"):
        do(set_timing, april, "advance")
    do(set_timing, april, "arrears")
    tomorrow_comes(shop, JUN)
    tomorrow_comes(shop, JUL)
    assert shop.get(Subscription, april).timing == "arrears"
    assert days(shop, april)[1:] == [(MAY, JUN, 3000), (JUN, JUL, 3000)]
    with pytest.raises(Conflict, match="billed so already"):
        do(set_timing, april, "arrears")


def test_who_may_and_what_can_not(shop, april):
    mine = Context("customer:1", Role.CUSTOMER, Scope(customer_id=1))
    with pytest.raises(NotAllowed):
        do(set_timing, april, "arrears", ctx=mine)
    with pytest.raises(InvalidInput, match="not one of advance, arrears"):
        do(set_timing, april, "later")
    trial = shop.subscribe(
        shop.customer(), shop.plan("try", 500), due=MAY, state="trial", phase="trial", phase_ends_on=MAY
    )
    with pytest.raises(Conflict, match="is trial"):
        do(set_timing, trial, "arrears")
    do(cancel, april, "end_of_term")
    with pytest.raises(Conflict, match="about to end"):
        do(set_timing, april, "arrears")
    other = shop.subscribe(shop.customer(), shop.plan("radio", 500), due=MAY)
    do(set_timing, other, "arrears")
    (entry,) = shop.all(AuditEntry, AuditEntry.action == "subscriptions.set_timing")
    assert (entry.subject, entry.details) == (f"subscription:{other}", {"before": "advance", "after": "arrears"})


def test_what_was_billed_in_advance_is_not_given_back_for_a_stop_and_what_is_not_billed_yet_is_not_charged(shop, april):
    on(date(2026, 4, 11))
    do(set_timing, april, "arrears")
    for stopped, goes_on in ((date(2026, 4, 20), date(2026, 4, 25)), (date(2026, 4, 28), date(2026, 5, 4))):
        on(stopped)
        do(suspend, april, "staff")
        in_order()
        on(goes_on)
        do(restore, april, "staff")
        in_order()
    tomorrow_comes(shop, JUN)
    assert days(shop, april) == [(APR, MAY, 3000), (date(2026, 5, 4), JUN, 2710)]  # 28 of 31 days
    in_order()


def test_a_planned_change_that_is_taken_back_leaves_the_new_way_of_billing_planned(shop, april):
    shop.plan("less", 1000)
    on(date(2026, 4, 11))
    do(set_timing, april, "arrears")
    do(set_timing, april, "advance")
    do(change, ChangeWish(april, plan="less"))
    do(keep, april)
    tomorrow_comes(shop, JUN)
    assert days(shop, april) == [(APR, MAY, 3000), (MAY, JUN, 3000), (JUN, JUL, 3000)]
    assert shop.get(Subscription, april).timing == "advance"
    in_order()
