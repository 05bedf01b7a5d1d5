"""Renewals by hand that are paid before they have to be: when they are offered, and from which day they count.

A week is 10.00 EUR and 20 %, and the shop offers renewals fourteen days ahead: more than a week is long.
"""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import at, november, pay, sound
from tampering import tampered

from billhead.actions.billing.first import first
from billhead.actions.billing.settle_proforma import preview_settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.db import reading, writing
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, lead_days=14) as shop:
        yield shop


def weekly(shop, rule, **more):
    plan = shop.plan("tv", 1000, "1 week", renewal_from=rule, **more)
    due = november(8)
    return shop.subscribe(
        shop.customer(card=False), plan, due=due, anchor=november(1), collection="manual", next_bill_on=november(2)
    )


def offers(shop):
    return list(shop.all(Document, Document.kind == "proforma"))


def days(shop, subscription):
    return [(start.day, end.day) for _, start, end, _, _ in shop.lines(subscription)]


def pay_early(shop, day):
    """What is offered on that day is paid on it; returns what was promised before."""
    with at(day):
        shop.run(day)
        offer = offers(shop)[-1]
        with reading() as session:
            (promised,) = preview_settle_proforma(session, offer.id).values()
        pay(offer.id)
        return promised.start, promised.end


@pytest.mark.parametrize("rule", ["now", "later", "expiry"])
def test_who_pays_each_offer_at_once_is_asked_once_a_week_and_for_no_day_twice(shop, rule):
    subscription = weekly(shop, rule)
    assert pay_early(shop, november(2)) == (november(8), november(15))
    for day in range(3, 9):  # the next week is paid, and has not begun
        with at(november(day)):
            shop.run(november(day))
    assert len(offers(shop)) == 1
    with at(november(5)):  # nor does anything else bring an offer
        with writing(SYSTEM) as tx:
            look_again(tx, tx.session.get_one(Subscription, subscription), november(5))
        shop.run(november(5))
    assert (len(offers(shop)), shop.get(Subscription, subscription).next_bill_on) == (1, november(9))
    assert pay_early(shop, november(9)) == (november(15), november(22))
    assert pay_early(shop, november(20)) == (november(22), november(29))  # late in the week, the third
    assert days(shop, subscription) == [(8, 15), (15, 22), (22, 29)]  # 12.00 each
    assert [one.total_minor for one in offers(shop)] == [1200, 1200, 1200]
    with at(november(20)):
        assert verify_billing().faults == []
    sound()


def test_a_longer_term_goes_over_the_day_from_which_it_was_renewed_ahead(shop):
    """Paid up to the 22nd, by two renewals. On the 10th staff turn weeks into spans of ten days."""
    subscription = weekly(shop, "later")
    plan = shop.get(Subscription, subscription).plan_id
    shop.price(plan, shop.books["EURFalse"], "10 days", 2000)
    pay_early(shop, november(2))
    pay_early(shop, november(9))
    with at(november(10)):
        with writing(SYSTEM) as tx:
            change(tx, ChangeWish(subscription, term="10 days", when="immediate"))
        lines = [(start.day, end.day, net) for _, start, end, net, _ in shop.lines(subscription)]
        # 5 of 7 days of 10.00 come back, and a week; 4.00 are for two of ten days, 20.00 for all of them
        assert lines[2:] == [(10, 15, -714), (15, 22, -1000), (10, 12, 400), (12, 22, 2000)]
        assert verify_billing().faults == []
    sound()


def test_a_day_that_a_renewal_charges_again_is_named(shop):
    subscription = weekly(shop, "now")
    pay_early(shop, november(2))
    pay_early(shop, november(9))
    moved = "period_start = '2026-11-10', period_end = '2026-11-17'"
    tampered(
        f"UPDATE document_line SET {moved} WHERE period_start = '2026-11-15'",
        "UPDATE subscription_event SET effective_on = '2026-11-10' WHERE effective_on = '2026-11-15'",
        "UPDATE subscription SET billed_through = '2026-11-17', paid_through = '2026-11-17'",
    )
    with at(november(11)):
        told = [fault.what for fault in verify_billing().faults if fault.subscription_id == subscription]
    assert told[0] == "2026-11-10 to 2026-11-15 is charged twice, also on document 2"


@pytest.mark.parametrize(
    ("rule", "costs", "begins"),
    [("now", 0, 4), ("later", 0, 8), ("now", 500, 8), ("later", 500, 8)],
)
def test_a_trial_ends_with_the_payment_only_where_it_costs_nothing_and_the_plan_says_so(shop, rule, costs, begins):
    """It began on 1 November, a week: the first month is paid on the 4th."""
    plan = shop.plan("tv", 1000, renewal_from=rule, trial_term="1 week", trial_minor=costs)
    new = {"state": "pending", "phase": "trial", "billed_through": None, "paid_through": None, "next_bill_on": None}
    subscription = shop.subscribe(shop.customer(card=False), plan, due=november(1), collection="manual", **new)
    with at(november(1)):
        with writing(SYSTEM) as tx:
            document_id = first(tx, subscription)
        if costs:
            pay(document_id, 600)
    with at(november(4)):
        shop.run(november(4))
        (offer,) = [one for one in offers(shop) if one.state == "open"]
        with reading() as session:
            ((_, promised),) = preview_settle_proforma(session, offer.id).items()
        pay(offer.id)
    month = (november(begins), date(2026, 12, begins))
    assert (promised.start, promised.end) == month
    assert [line[1:3] for line in shop.lines(subscription)] == [(november(1), november(8)), month]
    assert shop.get(Subscription, subscription).paid_through == month[1]
    with at(november(4)):
        assert verify_billing().faults == []
    sound()
