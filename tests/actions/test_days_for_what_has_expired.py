"""Days that come to a subscription whose paid time is over: it runs again, and nobody pays for what lay between."""

from datetime import UTC, date, datetime

import pytest
from april import do, on
from billing_shop import open_shop

from billhead import clock
from billhead.actions.billing.first import first
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.subscriptions._given_days import give_days_to
from billhead.actions.subscriptions.lapse import lapse
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription, SubscriptionEvent

APR = date(2026, 4, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


@pytest.mark.parametrize("days", [5, 1])
def test_days_for_what_has_expired_meanwhile_let_it_run_again(shop, days):
    """April is paid; May would be renewed by hand. The days come on 10 May, when it has expired."""
    subscription = shop.subscribe(shop.customer(credit_minor=20_000), shop.plan("tv", 3000), due=APR)
    shop.run(APR)
    shop.change(Subscription, subscription, collection="manual")
    on(date(2026, 5, 1))
    do(lapse)
    assert shop.get(Subscription, subscription).state == "expired"
    on(date(2026, 5, 10))
    do(give_days_to, subscription, days, "The night of 29 April")
    ends = date(2026, 5, 10 + days)
    after = shop.get(Subscription, subscription)
    assert (after.state, after.paid_through, after.billed_through) == ("active", ends, ends)
    assert [event.kind for event in shop.all(SubscriptionEvent)][-3:] == ["expire", "renew", "days_given"]
    shop.run(date(2026, 5, 10))  # it is offered again, from the end of what was given
    (offer,) = shop.all(Document, Document.kind == "proforma")
    assert (offer.due_on, offer.total_minor) == (ends, 3600)
    assert verify_billing().faults == []  # nobody pays for 1 to 10 May, nor for the days that were given
    on(ends)
    do(lapse)
    assert shop.get(Subscription, subscription).state == "expired"


def test_days_for_a_trial_that_has_expired_are_days_of_the_trial(shop):
    plan = shop.plan("tv", 3000, trial_term="7 days", trial_minor=0)
    new = {"state": "pending", "phase": "trial", "billed_through": None, "paid_through": None, "next_bill_on": None}
    subscription = shop.subscribe(shop.customer(card=False), plan, due=APR, collection="manual", **new)
    do(first, subscription)
    on(date(2026, 4, 9))
    do(lapse)
    assert shop.get(Subscription, subscription).state == "expired"
    do(give_days_to, subscription, 2, "it did not play")
    after = shop.get(Subscription, subscription)
    assert (after.state, after.phase, after.phase_ends_on) == ("trial", "trial", date(2026, 4, 11))
    assert verify_billing().faults == []
