"""Given no unpaid invoice, or one that was paid minutes ago, or money on its way: nothing is suspended."""

import pytest
from billing_shop import open_shop
from debt_shop import SUSPEND, TERMINATE, at, debtor, give, invoices, november, pay, policy, run, state, told

from billhead import clock
from billhead.models.documents import Document
from billhead.models.payments import PaymentAttempt


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        policy(shop, (5, SUSPEND), (6, TERMINATE))
        yield shop


def test_pitfall_28_paid_minutes_before_the_run(shop):
    subscription = debtor(shop)
    with at(november(20), 11):
        pay(invoices(shop)[0].id)
    run(november(20), 12)
    assert (state(shop, subscription), told(shop)) == ("active", ["receipt"])


def test_pitfall_28_paid_by_credit_minutes_before_the_run(shop):
    subscription = debtor(shop)
    with at(november(20), 11):
        give(shop, subscription, 1200)
    run(november(20), 12)
    assert state(shop, subscription) == "active"


@pytest.mark.parametrize("undecided", ["processing", "unknown"])
def test_pitfall_28_a_charge_of_which_nobody_knows_yet(shop, undecided):
    subscription = debtor(shop)
    invoice = shop.get(Document, invoices(shop)[0].id)
    from billing_shop import SYSTEM

    from billhead.db import writing

    with writing(SYSTEM) as tx:
        attempt = PaymentAttempt(
            document_id=invoice.id, customer_id=invoice.customer_id, account_id=shop.cards_id, number=1, key="k",
            amount_minor=1200, currency="EUR", state=undecided, created_at=clock.now(),
        )  # fmt: skip
        tx.session.add(attempt)
    run(november(25))
    assert state(shop, subscription) == "active"
    shop.change(PaymentAttempt, 1, state="failed")
    run(november(25), 13)
    assert state(shop, subscription) == "canceled"


def test_pitfall_28_nobody_owes_anything(shop):
    plan = shop.plan("tv", 1000)
    subscription = shop.subscribe(shop.customer(), plan, due=november(1))
    run(november(30))
    assert (state(shop, subscription), told(shop)) == ("active", [])
