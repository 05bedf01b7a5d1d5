"""What debt had stopped runs again when there is no debt any more, also when its end was missed.

A month is 10.00 EUR and 20 %: 12.00. Billed on 1 November 2026, due on the 15th, suspended ten days later.
"""

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import REMIND, SUSPEND, at, debtor, invoices, november, policy, run, sound, state, told
from sqlalchemy import event

from billhead.actions.documents.void_document import void_document
from billhead.actions.documents.write_off import write_off
from billhead.actions.dunning.lift_cleared import lift_cleared
from billhead.actions.subscriptions.suspend import suspend
from billhead.actions.support.open_dispute import open_dispute
from billhead.actions.support.save_department import DepartmentEntry, save_department
from billhead.db import db, writing
from billhead.domain.context import Context, Role, Scope
from billhead.jobs.kinds import KINDS
from billhead.jobs.schedule import PERIODIC
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Service, Subscription, SubscriptionEvent


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        policy(shop, (3, REMIND), (10, SUSPEND))
        yield shop


def do(verb, *args, day, ctx=SYSTEM, **named):
    with at(november(day)), writing(ctx) as tx:
        return verb(tx, *args, **named)


def night(day, hour=3):
    with at(november(day), hour):
        KINDS["dunning.lift_cleared"].run(SYSTEM, {})


def stopped(shop):
    """Somebody who was suspended on the 25th, and the invoice that is owed."""
    subscription = debtor(shop)
    run(november(25))
    assert state(shop, subscription) == "suspended"
    return subscription, invoices(shop)[-1]


def paid_and_missed(shop, invoice):
    """The money is booked, and the process died before anything was lifted."""
    shop.change(Document, invoice.id, state="paid", settled_minor=invoice.total_minor)


def test_a_suspension_whose_end_was_missed_is_lifted_in_the_night(shop):
    subscription, invoice = stopped(shop)
    night(26)
    assert state(shop, subscription) == "suspended", "it is owed for"
    paid_and_missed(shop, invoice)
    night(27)
    night(27, hour=4)
    assert state(shop, subscription) == "active"
    assert not shop.all(Service)[0].desired_blocked
    assert told(shop).count("restored") == 1
    assert [periodic.every.days for periodic in PERIODIC if periodic.kind == "dunning.lift_cleared"] == [1]
    run(november(28))
    assert state(shop, subscription) == "active"


def test_what_staff_have_stopped_meanwhile_stays_stopped(shop):
    subscription, invoice = stopped(shop)
    do(suspend, subscription, "staff", day=26)
    paid_and_missed(shop, invoice)
    night(27)
    assert state(shop, subscription) == "suspended"


def test_what_is_disputed_stays_as_it_was_until_somebody_decides(shop):
    subscription, invoice = stopped(shop)
    do(save_department, shop.seller_id, DepartmentEntry("Billing"), day=26)
    (line,) = shop.all(DocumentLine)
    theirs = Context("customer:1", Role.CUSTOMER, Scope(customer_id=invoice.customer_id), frozenset({"own.support"}))
    do(open_dispute, invoice.id, line.id, "not_delivered", "It was black.", 1, day=26, ctx=theirs)
    night(27)
    assert state(shop, subscription) == "suspended"


def test_an_invoice_that_is_made_void_stops_nobody_any_more(shop):
    subscription, invoice = stopped(shop)
    clerk = Context("staff:9", Role.STAFF, Scope(everything=True), frozenset({"money.correct"}))
    do(void_document, invoice.id, day=26, ctx=clerk, reason="it was written by mistake")
    assert state(shop, subscription) == "active"
    assert told(shop).count("restored") == 1
    sound()


def test_a_debt_that_is_given_up_stops_nobody_from_the_next_night_on(shop):
    subscription, invoice = stopped(shop)
    do(write_off, invoice.id, day=26, reason="a gesture")
    night(27)
    assert state(shop, subscription) == "active"
    sound()


def test_who_was_overdue_and_owes_nothing_is_overdue_no_more(shop):
    subscription = debtor(shop)
    run(november(19))
    assert state(shop, subscription) == "past_due"
    paid_and_missed(shop, invoices(shop)[-1])
    night(20)
    assert state(shop, subscription) == "active"


def test_hundreds_are_looked_at_with_one_question_a_batch(shop, monkeypatch):
    monkeypatch.setattr("billhead.actions.dunning.lift_cleared.BATCH", 2)
    for _ in range(5):
        debtor(shop)
    run(november(25))
    asked = []

    def note(*args):
        asked.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert do(lift_cleared, day=26).lifted == 0
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len([one for one in asked if "FROM subscription" in one]) == 1, "all of them owe"
    for one in invoices(shop):
        paid_and_missed(shop, one)
    night(26)
    assert {row.state for row in shop.all(Subscription)} == {"active"}
    assert len(shop.all(SubscriptionEvent, SubscriptionEvent.kind == "resume")) == 5
