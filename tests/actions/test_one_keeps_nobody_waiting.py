"""Of many whose day has come one can't begin, be lifted or be rewarded: the others are, and staff see the one."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import SUSPEND, at, debtor, invoices, november, policy, run, sound, state

from billhead import clock
from billhead.actions.billing._limits import limit_time
from billhead.actions.referrals.settle_referral import settle_referral
from billhead.db import writing
from billhead.domain.errors import Conflict, PluginFailed
from billhead.domain.referral import ReferralState
from billhead.jobs.kinds import KINDS
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.operations import Job
from billhead.models.people import Customer
from billhead.models.referrals import Referral
from billhead.models.subscriptions import Subscription, SubscriptionChange

APR, MAY = date(2026, 4, 1), date(2026, 5, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        yield shop


def day(when):
    return clock.business_time(datetime(when.year, when.month, when.day, 12, tzinfo=UTC))


def alone(shop):
    """What waits for a try of its own."""
    return [(job.kind, job.args, job.state) for job in shop.all(Job) if job.kind.endswith("_one")]


def test_a_plan_that_follows_begins_for_the_others(shop):
    owners, sold = [shop.customer() for _ in range(2)], []
    after = shop.plan("after", 1500)
    intro = shop.plan("intro", 500, fixed_term="1 month", then_plan_id=after[0])
    with day(APR):
        for owner in owners:
            sold.append(shop.subscribe(owner, intro, due=APR))
            with writing(SYSTEM) as tx:
                plan = tx.session.get_one(Plan, intro[0])
                limit_time(tx.session, tx.session.get_one(Subscription, sold[-1]), plan, APR)
        shop.run(APR)
    shop.change(Customer, owners[0], country="XX")
    first = shop.all(SubscriptionChange)[0].id
    with day(MAY):
        for _ in range(2):
            KINDS["subscriptions.begin_scheduled"].run(SYSTEM, {})
        assert [shop.get(Subscription, one).plan_id for one in sold] == [intro[0], after[0]]
        assert alone(shop) == [("subscriptions.begin_one", {"change_id": first}, "queued")]
        with pytest.raises(PluginFailed):
            KINDS["subscriptions.begin_one"].run(SYSTEM, {"change_id": first})
        shop.change(Customer, owners[0], country="FI")
        KINDS["subscriptions.begin_one"].run(SYSTEM, {"change_id": first})
    assert [shop.get(Subscription, one).plan_id for one in sold] == [after[0], after[0]]
    sound()


def test_the_end_of_a_debt_lifts_the_others(shop):
    policy(shop, (10, SUSPEND), credits_suspended_days=True)
    first, second = debtor(shop), debtor(shop)
    run(november(25))
    for one in invoices(shop):  # paid, and the process died before anything was lifted
        shop.change(Document, one.id, state="paid", settled_minor=one.total_minor)
    shop.change(Subscription, first, collection="manual", paid_through=None)
    with at(november(26)):
        for _ in range(2):
            KINDS["dunning.lift_cleared"].run(SYSTEM, {})
        assert (state(shop, first), state(shop, second)) == ("suspended", "active")
        assert alone(shop) == [("dunning.lift_one", {"subscription_id": first}, "queued")]
        with pytest.raises(Conflict):
            KINDS["dunning.lift_one"].run(SYSTEM, {"subscription_id": first})
        shop.change(Subscription, first, paid_through=date(2026, 12, 1))
        KINDS["dunning.lift_one"].run(SYSTEM, {"subscription_id": first})
    assert state(shop, first) == "active"


def test_a_referral_that_can_not_be_settled_leaves_the_others_theirs(shop, monkeypatch):
    settled = []

    def broken(tx, referral_id):
        if referral_id == friends[0]:
            raise Conflict("something is in the way")
        settled.append(referral_id)
        return settle_referral(tx, referral_id)

    friends = [referral(shop) for _ in range(2)]
    monkeypatch.setattr("billhead.jobs.referrals.due_referrals", lambda session, after: friends if not after else [])
    monkeypatch.setattr("billhead.jobs.referrals.settle_referral", broken)
    for _ in range(2):
        KINDS["referrals.settle"].run(SYSTEM, {})
    assert settled == [friends[1]] * 2
    assert alone(shop) == [("referrals.settle_one", {"referral_id": friends[0]}, "queued")]
    with pytest.raises(Conflict):
        KINDS["referrals.settle_one"].run(SYSTEM, {"referral_id": friends[0]})


def referral(shop):
    friend, referrer = shop.customer(), shop.customer()
    with writing(SYSTEM) as tx:
        about = {"seller_id": shop.seller_id, "customer_id": friend, "referrer_id": referrer}
        row = Referral(**about, state=ReferralState.WAITING.value, at=clock.business_now())
        tx.session.add(row)
        tx.session.flush()
        return row.id
