"""Given the oldest invoice is paid and a newer one is not: the clock starts again from the newer one's due day, and
its stages are not skipped because they were done for the older one."""

from datetime import date

import pytest
from billing_shop import open_shop
from debt_shop import SUSPEND, WARN, at, debtor, invoices, november, pay, policy, run, state

from billhead.models.operations import Notice


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        policy(shop, (1, WARN), (40, SUSPEND))
        yield shop


def warned(shop):
    return [notice.data["document_id"] for notice in shop.all(Notice) if notice.kind == "warning"]


def test_pitfall_30_the_clock_starts_again_at_the_newer_debt(shop):
    subscription = debtor(shop, again=True)
    with at(date(2026, 12, 1)):
        shop.run(date(2026, 12, 1))
    old, new = invoices(shop)  # due on 15 November and on 15 December
    run(november(16))
    assert warned(shop) == [old.id]
    run(date(2026, 12, 25))  # 40 days after the old one's, 10 after the new one's
    assert state(shop, subscription) == "suspended"
    with at(date(2026, 12, 26)):
        pay(old.id)
    assert state(shop, subscription) == "active"
    run(date(2026, 12, 26))
    assert (warned(shop), state(shop, subscription)) == ([old.id, new.id], "past_due")
    run(date(2027, 1, 23))  # 39 days
    assert state(shop, subscription) == "past_due"
    run(date(2027, 1, 24))
    assert state(shop, subscription) == "suspended"
