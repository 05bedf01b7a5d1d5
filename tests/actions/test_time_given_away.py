"""Staff let a customer off an invoice that is not paid: the time on it is given, as their page says.

A month of TV is 12.00 EUR by card or transfer, billed in advance on the first; lines end a day after what is paid.
"""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import at, invoices, november, pay, run, sound, state

from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.issue_credit_note import issue_credit_note
from billhead.actions.documents.void_document import void_document
from billhead.actions.payments.charge_back import charge_back
from billhead.actions.subscriptions.lapse import lapse
from billhead.db import writing
from billhead.models.documents import Document
from billhead.models.payments import Payment
from billhead.models.subscriptions import Service, Subscription, SubscriptionEvent

OCT, NOV, DEC, JAN = date(2026, 10, 1), november(1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14, grace_hours=24) as shop:
        yield shop


def october_is_paid(shop):
    """A subscription whose invoice over November waits to be paid; returns (subscription, that invoice)."""
    subscription = shop.subscribe(shop.customer(card=False), shop.plan("tv", 1000), due=OCT)
    with at(OCT):
        shop.run(OCT)
        pay(invoices(shop)[0].id)
    with at(NOV):
        shop.run(NOV)
    assert runs(shop, subscription) == (NOV, datetime(2026, 11, 2, tzinfo=UTC))
    return subscription, invoices(shop)[1].id


def runs(shop, subscription):
    """(what is paid, when its line ends)."""
    (line,) = shop.all(Service, Service.subscription_id == subscription)
    return shop.get(Subscription, subscription).paid_through, line.desired_expires_at


def let_off(invoice, how, day=2):
    with at(november(day)), writing(SYSTEM) as tx:
        if how == "void":
            void_document(tx, invoice, reason="goodwill")
        else:
            issue_credit_note(tx, invoice, reason="goodwill")


@pytest.mark.parametrize("how", ["void", "credit note"])
def test_november_is_given_and_december_is_billed(shop, how):
    subscription, invoice = october_is_paid(shop)
    let_off(invoice, how)
    assert runs(shop, subscription) == (DEC, datetime(2026, 12, 2, tzinfo=UTC))
    run(november(20))
    assert state(shop, subscription) == "active"
    with at(DEC):
        shop.run(DEC)
    december = invoices(shop)[2]
    assert (december.total_minor, runs(shop, subscription)[0]) == (1200, DEC)
    with at(DEC):
        pay(december.id)
    assert runs(shop, subscription) == (JAN, datetime(2027, 1, 2, tzinfo=UTC))
    assert verify_billing().faults == []
    sound()


@pytest.mark.parametrize("how", ["void", "credit note", "paid again"])
def test_what_had_expired_since_its_money_was_taken_back_begins_again(shop, how):
    """November is paid by hand, and charged back on the 5th: the line ends. On the 10th it is settled after all."""
    subscription, invoice = october_is_paid(shop)
    with at(NOV):
        pay(invoice)
    shop.change(Subscription, subscription, collection="manual")
    with at(november(5)), writing(SYSTEM) as tx:
        charge_back(tx, shop.all(Payment)[-1].id, 1200, "case-1")
    with at(november(5)), writing(SYSTEM) as tx:
        lapse(tx)
    assert (state(shop, subscription), runs(shop, subscription)[0]) == ("expired", NOV)
    with at(november(10)):
        if how == "paid again":
            pay(invoice, 1200, "again")
        else:
            let_off(invoice, how, 10)
    assert (state(shop, subscription), runs(shop, subscription)) == ("active", (DEC, datetime(2026, 12, 2, tzinfo=UTC)))
    assert len(shop.all(SubscriptionEvent, SubscriptionEvent.kind == "renew")) == 1
    with at(november(20)):
        shop.run(november(20))
    offered = shop.all(Document, Document.kind == "proforma")
    assert [one.total_minor for one in offered] == [1200], "December is offered as ever"
    assert verify_billing().faults == []
    sound()
