"""Drafts that wait when their subscription is canceled: nobody is charged later for days that are not charged."""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import NOV, at, debtor, invoices, november, run, sound, state
from vat_shop import open_vat_shop

from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.add_line import FreeLine, add_line
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.documents.finalise_due import finalise_due
from billhead.actions.documents.hold_draft import hold_draft
from billhead.actions.documents.merge_documents import merge_documents
from billhead.actions.sellers.set_money_back import MoneyBack, set_money_back
from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.keep import keep
from billhead.db import writing
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import AuditEntry
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

DEC, JAN = date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    """Drafts wait for thirty days."""
    with open_shop(database_url, tmp_path, terms_days=14, draft_days=30) as shop:
        yield shop


def do(verb, *args, **named):
    with writing(SYSTEM) as tx:
        return verb(tx, *args, **named)


def rule(shop, name):
    do(set_money_back, shop.seller_id, MoneyBack(open_invoices=name))


def canceled(subscription, policy="immediate", **named):
    shown = preview_cancel(SYSTEM, subscription, policy, **named)
    done = do(cancel, subscription, policy, **named, seen=shown.seen)
    in_order()
    return done


def in_order():
    sound()
    assert verify_billing().faults == []


def standing(shop):
    return [(one.state, one.total_minor) for one in invoices(shop)]


def periods(shop, document):
    lines = shop.all(DocumentLine, DocumentLine.document_id == document)
    return [(one.period_start, one.period_end, one.net_minor, one.tax_minor) for one in lines]


def a_month_later(shop):
    """All that comes by itself."""
    with at(JAN):
        shop.run(JAN)
        do(finalise_due)
    run(JAN)
    in_order()


def credit(shop):
    return sum(lot.remaining_minor for lot in shop.all(CustomerCredit))


def held(shop, day=NOV, **more):
    """A draft over November that somebody looks at."""
    subscription = debtor(shop, **more)
    draft = invoices(shop)[-1]
    with at(day):
        do(hold_draft, draft.id, "who is that?")
    return subscription, draft.id


@pytest.mark.parametrize("waits", ["grace", "held"])
def test_by_the_rule_void_nothing_of_a_draft_is_collected_later(shop, waits):
    rule(shop, "void")
    subscription = held(shop)[0] if waits == "held" else debtor(shop)
    with at(november(20)):
        done = canceled(subscription)
    assert (done.ends_on, done.total_minor, done.owed_minor) == ("2026-11-20", 0, 0)
    a_month_later(shop)
    assert standing(shop) == [("void", 1200)]


def test_by_the_rule_void_others_on_the_draft_pay_what_is_theirs(shop):
    rule(shop, "void")
    first = debtor(shop)
    owner = shop.get(Subscription, first).customer_id
    shop.subscribe(owner, shop.plan("radio", 500), due=NOV)
    with at(NOV):
        shop.run(NOV)
        tv, radio = invoices(shop)
        do(merge_documents, [tv.id, radio.id])
    with at(november(20)):
        canceled(first)
    with at(DEC):
        do(finalise_due)
    assert sorted(one for one in standing(shop) if one[0] != "merged") == [("final", 600), ("void", 1200)]


def test_a_draft_that_is_held_stays_so_without_the_days_that_are_not_charged(shop):
    subscription, draft = held(shop)
    with at(november(20)):
        done = canceled(subscription)
        assert (done.document_id, done.owed_minor) == (None, 0)  # nothing is owed before it is final
        # 19 of 30 days: 6.33 and 1.27
        assert (standing(shop), shop.get(Document, draft).held_because) == ([("draft", 760)], "who is that?")
        assert periods(shop, draft) == [(NOV, november(20), 633, 127)]
    a_month_later(shop)
    with at(JAN):
        do(finalise_draft, draft)
    assert standing(shop) == [("final", 760)]
    in_order()


@pytest.mark.parametrize("leaves", ["days", "line"])
def test_the_audit_trail_says_what_left_a_draft(shop, leaves):
    """TV ends on the 20th, and the radio beside it goes on: its days behind that leave, or nobody owes any of it."""
    subscription, draft = held(shop)
    shop.subscribe(shop.get(Subscription, subscription).customer_id, shop.plan("radio", 500), due=NOV)
    with at(NOV):
        shop.run(NOV)
        both = do(merge_documents, [draft, invoices(shop)[-1].id]).document_id
    tv, _radio = shop.all(DocumentLine, DocumentLine.document_id == both)
    rule(shop, "void" if leaves == "line" else "credit")
    with at(november(20)):
        canceled(subscription)
    action = {"days": "documents.shorten", "line": "documents.split"}[leaves]
    (row,) = shop.all(AuditEntry, AuditEntry.action == action)
    assert (row.subject, row.actor, row.details["lines"]) == (f"document:{both}", "subscriptions:cancel", [tv.id])
    if leaves == "days":
        assert row.details == {"charged_to": "2026-11-20", "lines": [tv.id], "before": 1800, "after": 1360}
    else:
        assert shop.get(Document, row.details["to"]).state == "void"
    assert shop.get(Document, both).total_minor == {"days": 760 + 600, "line": 600}[leaves]


def test_on_a_later_day_and_taken_back(shop):
    subscription, _ = held(shop)
    with at(november(10)):
        done = canceled(subscription, "on_date", on=november(20))
        assert (done.billed_until, standing(shop)) == ("2026-11-20", [("draft", 760)])
        assert do(keep, subscription).total_minor == 440
    assert standing(shop) == [("draft", 760), ("final", 440)]
    in_order()


def test_a_whole_period_behind_the_end_leaves_a_held_draft(shop):
    """November and December were forgotten, and are on one draft; it should have ended on 20 November."""
    shop.change(Seller, shop.seller_id, draft_days=90)
    subscription = shop.subscribe(shop.customer(card=False), shop.plan("tv", 1000), due=NOV)
    with at(DEC):
        shop.run(DEC)
        (draft,) = invoices(shop)
        assert draft.total_minor == 2400
        do(hold_draft, draft.id, "two months?")
        done = canceled(subscription, "on_date", on=november(20))
    assert (done.billed_until, done.total_minor) == ("2026-11-20", 0)
    assert sorted(standing(shop)) == [("draft", 760), ("void", 1200)]
    assert state(shop, subscription) == "canceled"
    a_month_later(shop)
    assert sorted(standing(shop)) == [("draft", 760), ("void", 1200)]


def test_by_the_rule_void_what_has_left_a_draft_is_not_owed_again(shop):
    """It is to end on the 20th, and then ends on the 11th."""
    rule(shop, "void")
    subscription, draft = held(shop)
    with at(november(6)):
        canceled(subscription, "on_date", on=november(20))
        assert periods(shop, draft) == [(NOV, november(20), 633, 127)]
    with at(november(11)):
        done = canceled(subscription)
    assert (done.billed_until, done.voided_minor, done.owed_minor) == ("2026-11-20", 760, 0)
    assert standing(shop) == [("void", 760)]
    a_month_later(shop)


def test_what_staff_have_put_on_a_held_draft_stays_on_it(shop):
    shop.change(Seller, shop.seller_id, draft_days=90)
    plan = shop.plan("tv", 1000, lead_days={"": 10})
    subscription = shop.subscribe(shop.customer(card=False), plan, due=DEC, anchor=NOV, next_bill_on=november(21))
    with at(november(21)):
        shop.run(november(21))
        (december,) = invoices(shop)
        do(add_line, december.id, FreeLine("A dish", 1, 5000))
        do(hold_draft, december.id, "a dish?")
        canceled(subscription, "end_of_term")
    assert ("draft", 6000) in standing(shop)
    assert ("void", 1200) in standing(shop)


def upgraded(shop, subscription):
    """Basic, 10.00, is paid for November; gold, 30.00, comes on the 16th: -5.00 and 15.00 on a bill."""
    shop.plan("gold", 3000)
    with at(NOV):
        do(finalise_draft, invoices(shop)[0].id)
    with at(november(16)):
        return do(change, ChangeWish(subscription, plan="gold", when="immediate")).document_id


def test_by_the_rule_void_the_bill_of_a_change_is_not_owed(shop):
    rule(shop, "void")
    subscription = debtor(shop, credit_minor=1200)
    upgraded(shop, subscription)
    assert standing(shop) == [("paid", 1200), ("final", 1200)]
    with at(november(22)):
        done = canceled(subscription)
    assert (done.total_minor, done.voided_minor, done.owed_minor) == (0, 1200, 0)
    assert (standing(shop), credit(shop)) == ([("paid", 1200), ("paid", 1200)], 0)
    a_month_later(shop)


@pytest.fixture
def vat(database_url, tmp_path):
    with open_vat_shop(database_url, tmp_path, known={}) as vat:
        vat.settings(unchecked_vat_id="hold")
        yield vat


def held_upgrade(vat):
    """As `upgraded`, with 19 %, while the register of VAT ids can't be asked."""
    shop = vat.shop
    subscription = debtor(shop, credit_minor=1190, country="DE", company="Acme")
    vat.vies.mood = "MS_UNAVAILABLE"
    owner = shop.get(Subscription, subscription).customer_id
    shop.change(Customer, owner, vat_id="DE136695976", vat_id_state="pending")
    shop.plan("gold", 3000)
    with at(november(16)):
        draft = do(change, ChangeWish(subscription, plan="gold", when="immediate")).document_id
    assert standing(shop) == [("paid", 1190), ("draft", 1190)]
    return subscription, draft


def test_the_held_bill_of_a_change_charges_the_days_until_the_end(vat):
    subscription, draft = held_upgrade(vat)
    with at(november(22)):
        canceled(subscription, money="credit")
    # six days of gold are 6.00: with what came back of basic 1.00 and 0.19
    assert standing(vat.shop)[1] == ("draft", 119)
    assert periods(vat.shop, draft)[-1][:3] == (november(16), november(22), 600)


def test_by_the_rule_void_the_held_bill_of_a_change_is_not_owed(vat):
    rule(vat.shop, "void")
    subscription, _ = held_upgrade(vat)
    with at(november(22)):
        done = canceled(subscription)
    assert done.owed_minor == 0
    assert standing(vat.shop) == [("paid", 1190), ("void", 1190)]
    assert credit(vat.shop) == 595  # basic was paid for fifteen days on which it was not had any more


def test_what_comes_back_does_not_wait_on_the_held_bill_of_a_change(vat):
    """A day of gold is 1.00, and fifteen days of basic are 5.00: with 19 % 1.19 and 5.95."""
    subscription, draft = held_upgrade(vat)
    with at(november(17)):
        done = canceled(subscription, money="refund")
        assert (done.total_minor, credit(vat.shop)) == (-595, 595)  # it was paid with credit
    assert vat.shop.get(Document, draft).total_minor == 119
    assert [one[2] for one in periods(vat.shop, draft)] == [100]


def test_on_the_day_of_a_held_change_all_of_its_bill_goes(vat):
    subscription, _ = held_upgrade(vat)
    with at(november(16)):
        done = canceled(subscription, money="credit")
    assert (done.total_minor, credit(vat.shop)) == (-595, 595)
    assert [one for one in standing(vat.shop) if one[0] == "draft"] == []


def test_what_staff_have_put_on_it_stays_owed_by_the_rule_void(shop):
    """A dish for 50.00 with 10.00 for November, on a draft that waits and on an invoice."""
    rule(shop, "void")
    first, second = debtor(shop), debtor(shop)
    for draft in [one.id for one in invoices(shop)]:
        do(add_line, draft, FreeLine("A dish", 1, 5000))
    with at(NOV):
        do(finalise_draft, invoices(shop)[1].id)
    with at(november(20)):
        assert [canceled(first).voided_minor, canceled(second).voided_minor] == [1200, 1200]
    assert sorted(standing(shop)) == [("draft", 6000), ("partly_paid", 7200), ("void", 1200)]
    owed = {one.state: one.total_minor - one.settled_minor for one in invoices(shop)}
    assert owed["partly_paid"] == 6000
