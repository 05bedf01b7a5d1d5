"""Given a service that is suspended or ended for debt, when the renewal is paid: the suspended one runs again, for the
ended one the money becomes credit and staff are told; never refused silently."""

import pytest
from billing_shop import open_shop
from debt_shop import SUSPEND, TERMINATE, at, debtor, invoices, november, pay, policy, run, sound, state, told

from billhead.models.credits import CustomerCredit
from billhead.models.operations import Event
from billhead.models.subscriptions import Service


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        policy(shop, (5, SUSPEND), (10, TERMINATE))
        yield shop


def test_pitfall_07_paid_while_suspended_it_runs_again(shop):
    subscription = debtor(shop)
    run(november(20))
    assert (state(shop, subscription), shop.all(Service)[0].desired_blocked) == ("suspended", True)
    with at(november(22)):
        pay(invoices(shop)[0].id)
    assert (state(shop, subscription), shop.all(Service)[0].desired_blocked) == ("active", False)
    assert told(shop) == ["suspended", "restored", "receipt"]
    sound()


def test_pitfall_07_paid_after_the_end_it_is_credit_and_staff_are_told(shop):
    subscription = debtor(shop)
    run(november(25))
    assert state(shop, subscription) == "canceled"
    with at(november(26)):
        pay(invoices(shop)[0].id)
    (lot,) = shop.all(CustomerCredit)
    assert (lot.kind, lot.remaining_minor) == ("bought", 1200)
    (event,) = shop.all(Event, Event.type == "payment.credited")
    assert event.data["amount_minor"] == 1200
    assert state(shop, subscription) == "canceled"
    sound()
