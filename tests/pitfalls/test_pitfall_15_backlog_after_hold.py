"""Given five months of suspension for debt without billing, when it is paid and resumed: no five back-invoices."""

from datetime import date

import pytest
from billing_shop import open_shop
from debt_shop import SUSPEND, at, debtor, invoices, november, pay, policy, run, state

from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        policy(shop, (5, SUSPEND))
        yield shop


def test_pitfall_15_no_invoices_for_the_months_in_which_it_stood_still(shop):
    subscription = debtor(shop, again=True)
    run(november(20))
    for month in (12, 13, 14, 15, 16):
        day = date(2026 + month // 13, (month - 1) % 12 + 1, 1)
        with at(day):
            assert shop.run(day).invoices == 0
    (november_invoice,) = invoices(shop)
    with at(date(2027, 4, 20)):
        pay(november_invoice.id)
        assert state(shop, subscription) == "active"
        shop.run(date(2027, 4, 20))
    (rest,) = invoices(shop)[1:]
    # 20 to 30 April: 11 of 30 days of 10.00 are 3.67, and 20 % of that 0.73
    assert (rest.net_minor, rest.tax_minor) == (367, 73)
    assert shop.get(Subscription, subscription).next_bill_on == date(2027, 5, 1)
