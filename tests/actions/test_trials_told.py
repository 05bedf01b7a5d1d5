"""A trial that ends soon is told of: in the customer's own morning, once, and not to who has left it already.

The trial is from 1 to 8 November 2026; what follows begins on the 8th.
"""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications.set_mails import MailRules, set_mails
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput, NoticeRejected
from billhead.jobs.kinds import KINDS
from billhead.jobs.schedule import PERIODIC
from billhead.models.operations import Notice

ENDS = date(2026, 11, 8)


def at(day, hour=12):
    return clock.business_time(datetime(2026, 11, day, hour, tzinfo=UTC))


@pytest.fixture
def shop(database_url, tmp_path):
    with at(1), open_shop(database_url, tmp_path) as shop:
        yield shop


def trial(shop, *, zone="UTC", ends=ENDS, **more):
    plan = shop.plan(f"tv{shop.made}", 1000, trial_term="7 days")
    customer = shop.customer(zone=zone)
    values = {"started_on": date(2026, 11, 1), "state": "trial", "phase": "trial", "phase_ends_on": ends, **more}
    return customer, shop.subscribe(customer, plan, due=ends, anchor=ends, **values)


def hours(day, *wanted):
    for hour in wanted:
        with at(day, hour):
            KINDS["subscriptions.tell_trials"].run(SYSTEM, {})


def told(shop):
    return [notice.customer_id for notice in shop.all(Notice, Notice.kind == "trial_ending")]


def test_three_days_before_in_the_morning_and_once(shop):
    customer, _ = trial(shop)
    hours(4, 9, 23)
    hours(5, 7)
    assert told(shop) == []
    hours(5, 8, 9)
    hours(6, 8)
    assert told(shop) == [customer]
    assert [one.every.seconds for one in PERIODIC if one.kind == "subscriptions.tell_trials"] == [3600]


def test_the_morning_is_the_customers(shop):
    customer, _ = trial(shop, zone="Pacific/Honolulu")  # ten hours behind
    hours(5, 8, 17)
    assert told(shop) == []
    hours(5, 18)
    assert told(shop) == [customer]


def test_the_seller_says_how_early_and_a_missed_morning_is_made_up_for(shop):
    with writing(SYSTEM) as tx:
        set_mails(tx, shop.seller_id, MailRules(trial_days=1))
        with pytest.raises(InvalidInput, match="from 1 to 30"):
            set_mails(tx, shop.seller_id, MailRules(trial_days=0))
    customer, _ = trial(shop)
    hours(6, 9)
    assert told(shop) == []
    hours(7, 15)
    assert told(shop) == [customer]


def test_who_has_left_is_not_told(shop):
    _, left = trial(shop)
    _, later = trial(shop)
    trial(shop, service_ends_on=ENDS, billing_ends_on=ENDS)  # the plan ends with its trial
    trial(shop, settlement="credits")
    trial(shop, started_on=date(2026, 11, 5), ends=date(2026, 11, 6))  # it has only just begun
    with at(4), writing(SYSTEM) as tx:
        cancel(tx, left, "end_of_term")
    hours(5, 9)
    (notice,) = shop.all(Notice, Notice.kind == "trial_ending")
    assert notice.data == {"subscription_id": later}
    with at(5, 10), writing(SYSTEM) as tx:
        cancel(tx, later, "end_of_term")
    with reading() as session, pytest.raises(NoticeRejected, match="was canceled meanwhile"):
        gather(session, session.get_one(Notice, notice.id))
