"""Given one overdue invoice and three runs: each notice once; none for 0.00 or for an invoice of the same day."""

import pytest
from billing_shop import open_shop
from debt_shop import NOV, REMIND, SUSPEND, WARN, at, debtor, november, policy, run, told


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:  # due on the day of issue
        policy(shop, (0, REMIND), (3, WARN), (5, SUSPEND))
        yield shop


def test_pitfall_29_three_runs_tell_each_thing_once(shop):
    debtor(shop)
    for day in (6, 6, 7):
        run(november(day))
    assert told(shop) == ["reminder", "warning", "suspended"]


def test_pitfall_29_nothing_on_the_day_of_issue_and_nothing_for_nothing(shop):
    debtor(shop)
    shop.subscribe(shop.customer(), shop.plan("free", 0), due=NOV)
    with at(NOV):
        shop.run(NOV)
    for hour in (2, 12, 23):
        run(NOV, hour)
    assert told(shop) == []
    run(november(2))
    assert told(shop) == ["reminder"], "of the invoice over 12.00 only"
