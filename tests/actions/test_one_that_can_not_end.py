"""Of many that end on one day one can't be billed: the others end, and staff see the one until it can.

A month of TV is 12.00 EUR, billed afterwards: November on 1 December 2026, due on the 15th, ended on the 25th.
"""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import TERMINATE, WARN, at, invoices, november, policy, run, sound, state

from billhead.actions.dunning.dun import dun
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.lapse import lapse
from billhead.db import writing
from billhead.domain.errors import PluginFailed
from billhead.jobs.kinds import KINDS
from billhead.models.operations import Job
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        yield shop


def afterwards(shop):
    """Two owners, and what each has, billed for November on 1 December."""
    tv = shop.plan("tv", 1000)
    owners = [shop.customer(card=False) for _ in range(2)]
    found = [
        shop.subscribe(one, tv, due=november(1), timing="arrears", next_bill_on=date(2026, 12, 1)) for one in owners
    ]
    return owners, found


def waiting(shop):
    return [(job.kind, job.args, job.state) for job in shop.all(Job) if job.kind.endswith("_one")]


def test_debt_ends_the_others(shop):
    policy(shop, (1, WARN), (10, TERMINATE))
    owners, (first, second) = afterwards(shop)
    with at(date(2026, 12, 1)):
        shop.run(date(2026, 12, 1))
    owed = invoices(shop)[0].id
    shop.change(Customer, owners[0], country="XX")
    for hour in (12, 13):
        run(date(2026, 12, 27), hour)
        assert (state(shop, first), state(shop, second)) == ("active", "canceled")
    # one job of its own, however often its batch comes to it: it fails where staff look
    assert waiting(shop) == [("dunning.dun_one", {"document_id": owed}, "queued")]
    with at(date(2026, 12, 27)), pytest.raises(PluginFailed):
        KINDS["dunning.dun_one"].run(SYSTEM, {"document_id": owed})
    sound()
    shop.change(Customer, owners[0], country="FI")
    with at(date(2026, 12, 28)):
        KINDS["dunning.dun_one"].run(SYSTEM, {"document_id": owed})
        with writing(SYSTEM) as tx:
            assert dun(tx).terminated == 0
    assert (state(shop, first), state(shop, second)) == ("canceled", "canceled")
    sound()


def test_the_calendar_ends_the_others(shop):
    owners, (first, second) = afterwards(shop)
    third = shop.subscribe(shop.customer(card=False), shop.plan("by_hand", 1000), due=november(10), collection="manual")
    shop.change(Subscription, third, paid_through=november(10))
    with at(november(5)), writing(SYSTEM) as tx:
        for one in (first, second):
            cancel(tx, one, "on_date", on=november(10))
    shop.change(Customer, owners[0], country="XX")
    with at(november(12)), writing(SYSTEM) as tx:
        lapsed = lapse(tx)
    assert (lapsed.canceled, lapsed.expired) == (1, 1)
    assert [state(shop, one) for one in (first, second, third)] == ["active", "canceled", "expired"]
    assert waiting(shop) == [("subscriptions.lapse_one", {"subscription_id": first}, "queued")]
    with at(november(12)), pytest.raises(PluginFailed):
        KINDS["subscriptions.lapse_one"].run(SYSTEM, {"subscription_id": first})
    shop.change(Customer, owners[0], country="FI")
    with at(november(13)):
        KINDS["subscriptions.lapse_one"].run(SYSTEM, {"subscription_id": first})
    assert state(shop, first) == "canceled"
    assert [doc.total_minor for doc in invoices(shop)] == [360, 360]  # nine days of thirty, each
    sound()
