"""Who cancels while an invoice is open: what lies behind the end is not owed, and what was watched is, by the rule."""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import NOV, TERMINATE, at, debtor, invoices, november, pay, policy, run, sound, state

from billhead.actions.payments.collect import collect
from billhead.actions.sellers.set_money_back import MoneyBack, set_money_back
from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.resume import resume
from billhead.db import writing
from billhead.domain.errors import Conflict
from billhead.models.catalogue import Plan
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

DEC, JAN = date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        yield shop


def do(verb, *args, ctx=SYSTEM, **named):
    with writing(ctx) as tx:
        return verb(tx, *args, **named)


def canceled(subscription, policy="end_of_term", **named):
    """As it was shown before, to the cent."""
    shown = preview_cancel(SYSTEM, subscription, policy, **named)
    done = do(cancel, subscription, policy, **named, seen=shown.seen)
    assert (shown.seen, shown.billed_until) == (done.seen, done.billed_until)
    return done


def ahead(shop, **more):
    """November is paid, 10.00 and 20 %; December is billed ten days ahead."""
    plan = shop.plan("tv", 1000, lead_days={"": 10})
    return shop.subscribe(shop.customer(**more), plan, due=DEC, anchor=NOV, next_bill_on=november(21))


def credit(shop):
    return sum(lot.remaining_minor for lot in shop.all(CustomerCredit))


def test_who_leaves_when_the_paid_time_is_over_owes_nothing_for_the_next(shop):
    subscription = ahead(shop)
    with at(november(21)):
        shop.run(november(21))
    (december,) = invoices(shop)
    assert (december.total_minor, december.state) == (1200, "final")
    with at(november(25)):
        done = canceled(subscription)
    assert (done.ends_on, done.billed_until) == ("2026-12-01", "2026-12-01")
    assert (done.total_minor, done.on_owed_minor, done.owed_minor) == (-1200, 1200, 0)
    assert shop.get(Document, december.id).state == "paid"  # by the credit note
    with at(DEC):
        assert collect(SYSTEM, december.id).state == "nothing_to_do"
        do(lapse)
    assert state(shop, subscription) == "canceled"
    assert credit(shop) == 0
    sound()


def test_what_was_paid_ahead_may_be_watched(shop):
    subscription = ahead(shop, credit_minor=1200)
    with at(november(21)):
        shop.run(november(21))
    with at(november(25)):
        assert canceled(subscription).ends_on == "2027-01-01"


def test_taken_back_the_next_is_owed_again(shop):
    subscription = ahead(shop)
    with at(november(21)):
        shop.run(november(21))
    with at(november(25)):
        canceled(subscription)
        assert do(keep, subscription).total_minor == 1200
    assert shop.get(Subscription, subscription).next_bill_on == date(2026, 12, 22)
    assert [one.state for one in invoices(shop)] == ["paid", "final"]
    sound()


def test_what_was_paid_in_part_comes_back(shop):
    subscription = ahead(shop)
    with at(november(21)):
        shop.run(november(21))
    with at(november(25)):
        pay(invoices(shop)[0].id, 500)
        done = canceled(subscription)
    assert (done.total_minor, done.on_owed_minor, done.owed_minor, credit(shop)) == (-1200, 700, 0, 500)
    sound()


def test_a_draft_of_the_next_is_void(shop):
    shop.change(Seller, shop.seller_id, draft_days=14)
    subscription = ahead(shop)
    with at(november(21)):
        shop.run(november(21))
    with at(november(25)):
        done = canceled(subscription)
        assert (done.ends_on, done.total_minor, done.owed_minor) == ("2026-12-01", 0, 0)
        assert invoices(shop)[0].state == "void"
        assert do(keep, subscription).total_minor == 1200


def test_a_draft_that_is_watched_in_part_becomes_final_first(shop):
    shop.change(Seller, shop.seller_id, draft_days=30)
    subscription = debtor(shop)
    with at(november(20)):
        done = canceled(subscription)
    assert (done.total_minor, done.owed_minor) == (-440, 760)


def test_a_hold_before_changes_nothing_of_it(shop):
    subscription = ahead(shop)
    with at(november(21)):
        shop.run(november(21))
        do(hold, subscription, None, november(24))
    with at(november(24)):
        do(resume, subscription)
    with at(november(25)):
        done = canceled(subscription)
    assert (done.ends_on, done.billed_until, done.owed_minor) == ("2026-12-01", "2026-12-01", 0)


PAST_DUE = [
    # November was billed on the 1st and is not paid. It ends on the 20th: 19 of 30 days are 6.33 and 1.27 of tax
    ("end_of_term", "credit", 0, -440, 440, 0, 760, 0),
    ("end_of_term", "keep", 0, -440, 440, 0, 760, 0),
    ("end_of_term", "void", 0, -440, 440, 760, 0, 0),
    ("immediate", "credit", 0, -440, 440, 0, 760, 0),
    ("immediate", "keep", 0, 0, 0, 0, 1200, 0),
    ("immediate", "void", 0, 0, 0, 1200, 0, 0),
    ("immediate", "credit", 500, -440, 440, 0, 260, 0),
    ("immediate", "credit", 1000, -440, 200, 0, 0, 240),  # 2.40 more than it owes
    ("immediate", "void", 500, 0, 0, 700, 0, 0),
]


@pytest.mark.parametrize(("policy", "rule", "paid", "total", "on_owed", "voided", "owed", "back"), PAST_DUE)
def test_what_was_not_paid_follows_the_rule(shop, policy, rule, paid, total, on_owed, voided, owed, back):
    do(set_money_back, shop.seller_id, MoneyBack(open_invoices=rule))
    subscription = debtor(shop)
    with at(november(20)):
        if paid:
            pay(invoices(shop)[0].id, paid)
        done = canceled(subscription, policy)
    assert done.ends_on == "2026-11-20"
    assert (done.total_minor, done.on_owed_minor, done.voided_minor, done.owed_minor) == (total, on_owed, voided, owed)
    assert credit(shop) == back
    sound()


@pytest.mark.parametrize(
    ("rule", "owed", "then"), [("credit", 760, "partly_paid"), ("keep", 1200, "final"), ("void", 0, "void")]
)
def test_so_it_is_when_nobody_pays(shop, rule, owed, then):
    do(set_money_back, shop.seller_id, MoneyBack(open_invoices=rule))
    subscription = debtor(shop)
    policy(shop, (5, TERMINATE))
    run(november(20))
    assert state(shop, subscription) == "canceled"
    (invoice,) = invoices(shop)
    left = 0 if invoice.state == "void" else invoice.total_minor - invoice.settled_minor
    assert (invoice.state, left) == (then, owed)
    sound()


def test_a_plan_may_have_its_own_rule(shop):
    do(set_money_back, shop.seller_id, MoneyBack(open_invoices="void"))
    subscription = debtor(shop)
    (plan,) = shop.all(Plan)
    shop.change(Plan, plan.id, details={**plan.details, "open_invoices": "keep"})
    with at(november(20)):
        assert canceled(subscription, "immediate").owed_minor == 1200


def test_on_a_later_day_what_is_watched_until_then_stays_owed(shop):
    subscription = debtor(shop)
    with at(november(20)):
        done = canceled(subscription, "on_date", on=november(26))
    assert (done.billed_until, done.total_minor, done.owed_minor) == ("2026-11-26", -200, 1000)  # 5 of 30 days


def test_what_was_planned_is_dropped_in_the_preview_too(shop):
    """Basic is paid for November; gold is planned for December and was billed ten days ahead."""
    shop.plan("gold", 3000, lead_days={"": 10})
    subscription = ahead(shop)
    with at(november(5)):
        do(change, ChangeWish(subscription, plan="gold", when="end_of_term"))
    with at(november(21)):
        shop.run(november(21))
        assert invoices(shop)[0].total_minor == 3600
    with at(november(25)):
        done = canceled(subscription, "on_date", on=date(2026, 12, 11), money="nothing")
    # ten of December's 31 days are basic's again: 10.00 × 10/31 = 3.23 and 0.65
    assert (done.total_minor, done.owed_minor) == (388 - 3600, 388)
    sound()


def test_other_figures_than_were_shown_are_refused_and_leave_nothing(shop):
    subscription = debtor(shop)
    with at(november(20)):
        shown = preview_cancel(SYSTEM, subscription, "end_of_term")
    with at(november(21)), pytest.raises(Conflict, match="has changed"):
        do(cancel, subscription, "end_of_term", seen=shown.seen)
    assert state(shop, subscription) == "active"
    assert len(shop.all(Document)) == 1
