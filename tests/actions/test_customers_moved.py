"""A customer of the operator goes to a reseller with all that it has, and comes back. It is 22 November 2026.

A month of `basic` is 10.00 EUR or 10.00 credits, Sport 10.00 EUR or 2.50 credits more; offers come 14 days ahead.
"""

from datetime import date

import pytest
from reseller_shop import STAFF, open_reseller_shop
from sqlalchemy import select

from billhead.actions.billing.run import run_billing
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.rehearse import rehearse
from billhead.actions.resellers.change_user import UserChange, change_user
from billhead.actions.resellers.move_customer import move_customer
from billhead.actions.resellers.renew_user import preview_renew_user
from billhead.actions.resellers.set_renewals import set_renewals
from billhead.actions.resellers.suspend_reseller import suspend_reseller
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.start import AddOnOrder, Order, start_subscription
from billhead.db import Tx, reading, writing
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import Money
from billhead.models.catalogue import Price
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import Customer
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(operator):
    shop = open_reseller_shop(operator)
    shop.grant("aurora", "100.00")
    with writing(STAFF) as tx:
        grant_credit(tx, operator.customer_id, Money(10_000, "EUR"), "for the story")
    return shop


def do(verb, *args, ctx=STAFF, **named):
    with writing(ctx) as tx:
        return verb(tx, *args, **named)


def bought(shop, *addons, plan="basic"):
    """Ordered and paid by Ann herself."""
    order = Order(shop.operator.customer_id, plan, "1 month", tuple(AddOnOrder(one) for one in addons))
    started = do(start_subscription, order)
    do(pay_with_credit, started.document_id)
    shop.operator.work()
    return started.subscription_id


def moved(shop, to=""):
    return do(move_customer, shop.operator.customer_id, shop.known[to] if to else None)


def proven(shop):
    assert verify_billing().faults == []
    assert shop.faults() == []


def offers(shop, *states):
    query = select(Document).where(Document.kind == "proforma", Document.state.in_(states)).order_by(Document.id)
    return shop.rows(query)


def invoiced(shop, subscription):
    query = select(DocumentLine).join(Document, Document.id == DocumentLine.document_id)
    lines = shop.rows(query.where(Document.kind == "invoice", DocumentLine.subscription_id == subscription))
    return sorted((str(one.period_start), str(one.period_end), one.net_minor) for one in lines)


def told(shop, kind):
    with reading() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id.desc())).first()
        return render(kind, gather(session, notice)).text


def test_to_a_reseller_and_back_every_day_is_paid_once(shop):
    one, ann = bought(shop, "sport"), shop.operator.customer_id
    line = shop.lines(one)[0]
    shop.operator.wait(days=18)  # 10 December: the offer of the next month waits since the 8th
    run_billing(date(2026, 12, 10))
    assert [offer.total_minor for offer in offers(shop, "open")] == [2000]
    seen = rehearse(STAFF, lambda tx: move_customer(tx, ann, shop.known["aurora"]))
    done = moved(shop, "aurora")
    assert seen == done
    (row,) = done.lines
    assert (row.subscription_id, row.plan, row.term, row.paid_through) == (one, "Basic", "1 month", "2026-12-22")
    assert (row.costs_minor, row.currency, row.withdrawn, row.renews, done.owed) == (1250, "XCR", 1, False, 0)
    assert offers(shop, "open") == []
    found = shop.subscription(one)
    assert (found.settlement, found.payer_reseller_id, found.next_bill_on) == ("credits", shop.known["aurora"], None)
    assert shop.rows(select(Customer).where(Customer.id == ann))[0].reseller_id == shop.known["aurora"]
    proven(shop)
    assert "Aurora looks after your lines from now on" in told(shop, "keeper_changed")
    assert "you look after Ann from now on" in told(shop, "user_moved")
    # on the 12th it takes Sport off: 9 days from the 13th on of a month of 31: 10.00 × 9/31, rounded up
    shop.operator.wait(days=2)
    changed = do(change_user, one, UserChange(addons=()), ctx=shop.acting("aurora"))
    assert (changed.pay_minor, changed.paid_through) == (291, "2026-12-22")
    shop.operator.work()
    proven(shop)
    run_billing(date(2026, 12, 21))
    assert offers(shop, "open") == [], "nothing of it is billed while credits pay"
    shop.operator.wait(days=8)  # the 20th
    shop.renew(one, shop.acting("aurora"))
    shop.operator.work()
    assert (shop.wallet("aurora"), str(shop.subscription(one).paid_through)) == (
        ("87.09", "0.00", "12.91"), "2027-01-22",
    )  # fmt: skip
    shop.operator.wait(days=16)  # 5 January
    back = moved(shop)
    (row,) = back.lines
    assert (row.paid_through, row.costs_minor, row.currency) == ("2027-01-22", 1000, "EUR")
    proven(shop)
    assert "North looks after your lines from now on" in told(shop, "keeper_changed")
    assert "the operator looks after Ann from now on" in told(shop, "user_moved")
    run_billing(date(2027, 1, 7))
    assert offers(shop, "open") == []
    shop.operator.wait(days=3)  # the 8th
    run_billing(date(2027, 1, 8))
    (offer,) = offers(shop, "open")
    assert offer.total_minor == 1000
    do(pay_with_credit, offer.id)
    assert invoiced(shop, one) == [
        ("2026-11-22", "2026-12-22", 1000), ("2026-11-22", "2026-12-22", 1000), ("2027-01-22", "2027-02-22", 1000),
    ]  # fmt: skip
    assert str(shop.subscription(one).paid_through) == "2027-02-22"
    shop.operator.work()
    after = shop.lines(one)[0]
    assert (after.id, after.login, after.lifecycle) == (line.id, line.login, "wanted")
    proven(shop)
    rows = shop.rows(select(AuditEntry).where(AuditEntry.action == "resellers.move_customer").order_by(AuditEntry.id))
    assert [(entry.subject, entry.details["after"]) for entry in rows] == [
        (f"customer:{ann}", shop.known["aurora"]), (f"customer:{ann}", None),
    ]  # fmt: skip


def test_who_was_a_resellers_from_the_beginning_comes_to_the_house(shop):
    do(set_renewals, shop.known["aurora"], True)
    added = shop.add("aurora", name="Viewer", email="viewer@example.com")
    one, customer = added.subscription_id, added.customer_id
    with pytest.raises(Conflict, match="is not paid for yet"):
        do(move_customer, customer, None)
    shop.operator.work()
    shop.renew(one, shop.acting("aurora"))
    with pytest.raises(Conflict, match="has not answered"):  # ten credits are held
        do(move_customer, customer, None)
    shop.operator.work()
    do(suspend_reseller, shop.known["aurora"], lines="stopped")
    shop.operator.work()
    assert shop.subscription(one).state == "suspended"
    done = do(move_customer, customer, None)
    assert [(row.paid_through, row.costs_minor, row.currency) for row in done.lines] == [("2027-01-22", 1000, "EUR")]
    found = shop.subscription(one)
    assert (found.state, found.settlement, found.collection) == ("active", "invoice", "manual")
    assert str(found.next_bill_on) == "2027-01-08"
    assert shop.rows(select(CreditRenewal)) == []
    shop.operator.wait(days=65)  # 26 January: it has run out, with its three days of grace
    run_billing(date(2027, 1, 26))
    (offer,) = offers(shop, "open")
    with writing(STAFF) as tx:
        grant_credit(tx, customer, Money(1000, "EUR"), "for the story")
    do(pay_with_credit, offer.id)
    shop.operator.work()
    assert invoiced(shop, one)[0][2] == 1000
    proven(shop)
    # and again to another one, which renews by itself
    do(set_renewals, shop.known["gulf"], True)
    (row,) = do(move_customer, customer, shop.known["gulf"]).lines
    assert (row.renews, row.costs_minor) == (True, 1000)
    with reading() as session:
        assert preview_renew_user(Tx(STAFF, session), one).credits_minor == 1000
    proven(shop)
    # what has expired meanwhile is offered at once
    paid = str(shop.subscription(one).paid_through)
    shop.operator.wait(days=40)
    do(lapse)
    assert (shop.subscription(one).state, paid) == ("expired", "2027-02-26")
    do(move_customer, customer, None)
    (offer,) = offers(shop, "open")
    with writing(STAFF) as tx:
        grant_credit(tx, customer, Money(1000, "EUR"), "for the story")
    do(pay_with_credit, offer.id)
    assert shop.subscription(one).state == "active"
    proven(shop)


def test_what_can_not_go_along_is_refused_with_its_reason(shop):
    ann, aurora = shop.operator.customer_id, shop.known["aurora"]
    with pytest.raises(InvalidInput, match="there already"):
        moved(shop)
    with pytest.raises(NotFound):
        do(move_customer, ann, 999)
    with pytest.raises(NotAllowed):
        do(move_customer, ann, aurora, ctx=shop.acting("aurora", permissions=frozenset({"resellers.write"})))
    one = bought(shop)
    waiting = do(start_subscription, Order(ann, "box", "1 month", (), "00:1A:79:00:00:01"))
    with pytest.raises(Conflict, match=f"{waiting.subscription_id} is not paid for yet"):
        moved(shop, "aurora")
    do(pay_with_credit, waiting.document_id)
    for changes, why in (
        ({"state": "suspended", "suspended_for": "staff"}, "stands still"),
        ({"phase": "trial"}, "is in its trial"),
        ({"timing": "arrears"}, "billed in arrears"),
        ({"billed_through": date(2027, 1, 22)}, "an invoice that is not paid yet"),
    ):
        before = shop.subscription(one)
        shop.operator.change(Subscription, one, **changes)
        with pytest.raises(Conflict, match=f"subscription {one} .*{why}"):
            moved(shop, "aurora")
        shop.operator.change(Subscription, one, **{name: getattr(before, name) for name in changes})
    with writing(STAFF) as tx:
        for price in tx.session.scalars(select(Price).where(Price.credit_minor == 1000)):
            price.credit_minor = None
    with pytest.raises(Conflict, match=f"subscription {one} can't be renewed there: .*Basic has no price in credits"):
        moved(shop, "aurora")
    assert shop.subscription(one).settlement == "invoice"
    shop.operator.change(Customer, ann, reseller_id=shop.known["gulf"])
    with pytest.raises(InvalidInput, match="between resellers"):
        moved(shop, "aurora")
    shop.operator.change(Customer, ann, reseller_id=None)
    do(suspend_reseller, aurora, lines="run_out")
    with pytest.raises(Conflict, match="Aurora is suspended"):
        moved(shop, "aurora")
