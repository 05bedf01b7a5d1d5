"""Where two things that may happen to a subscription meet: the second must not undo the first."""

from datetime import UTC, date, datetime

import pytest
from april import billed, do, on, paying
from billing_shop import open_shop

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.void_document import void_document
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions import _beginning as beginning
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.actions.subscriptions.change_choices import change_choices
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.transfer import transfer
from billhead.db import reading
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.plugin import ExtraLine

APR, MAY, JUN = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(sqlite_url, tmp_path) as shop:
        yield shop
        with reading() as session:
            assert verify_ledger(session).faults == []
        assert verify_billing().faults == []


def customer_of(customer):
    return Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))


def test_a_downgrade_that_was_planned_is_gone_with_the_cancellation(shop):
    gold = shop.plan("gold", 3000)
    shop.plan("basic", 1000)
    customer, subscription = paying(shop, gold)
    do(change, ChangeWish(subscription, plan="basic"))
    do(cancel, subscription, "end_of_term", ctx=customer_of(customer))
    do(keep, subscription, ctx=customer_of(customer))
    parts = [(part.plan_id, part.ends_on) for part in shop.all(SubscriptionComponent)]
    assert parts[0] == (gold[0], None)
    on(MAY)
    shop.run(MAY)
    do(begin_scheduled)
    assert shop.lines(subscription)[-1][3] == 3000, "gold is billed, as gold is watched"


def test_the_end_that_a_plan_has_by_itself_is_nobodys_to_take_back(shop):
    customer, subscription = paying(shop, shop.plan("season", 3000, fixed_term="3 months"))
    ends = date(2026, 7, 1)
    shop.change(Subscription, subscription, service_ends_on=ends, billing_ends_on=ends)
    with pytest.raises(Conflict, match="nothing is planned"):
        do(keep, subscription, ctx=customer_of(customer))
    do(cancel, subscription, "end_of_term", ctx=customer_of(customer))
    do(keep, subscription, ctx=customer_of(customer))
    after = shop.get(Subscription, subscription)
    assert (after.service_ends_on, after.billing_ends_on) == (ends, ends)


def test_what_staff_have_canceled_a_customer_can_not_take_back(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    do(cancel, subscription, "end_of_term")
    with pytest.raises(NotAllowed, match="only staff"):
        do(keep, subscription, ctx=customer_of(customer))
    do(keep, subscription)
    assert shop.get(Subscription, subscription).service_ends_on is None


def test_an_introductory_plan_is_for_who_comes(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    shop.plan("intro", 500, fixed_term="2 months")
    with pytest.raises(NotAllowed, match="can't be changed to"):
        do(change, ChangeWish(subscription, plan="intro"), ctx=customer_of(customer))
    with reading() as session:
        assert "intro" not in {one.code for one in change_choices(session, subscription).plans}
    do(change, ChangeWish(subscription, plan="intro", when="immediate"))
    # staff may, and it ends by itself two months later
    assert shop.get(Subscription, subscription).service_ends_on == JUN


def test_a_cycle_that_was_cut_short_and_is_kept_is_billed_once(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3100))
    do(cancel, subscription, "on_date", on=date(2026, 5, 20))
    on(MAY)
    shop.run(MAY)
    assert shop.lines(subscription)[-1][:4] == ("recurring", MAY, date(2026, 5, 20), 1900)
    on(date(2026, 5, 5))
    do(keep, subscription)
    assert billed(shop, customer) == 3100 + 3100
    for day in (date(2026, 5, 20), JUN):
        on(day)
        report = shop.run(day)
        assert report.failed == 0
    assert billed(shop, customer) == 3100 * 3


def test_where_numbers_come_with_the_payment_a_change_takes_no_next_term_along(shop):
    customer, subscription = paying(shop, shop.plan("tv", 1000))
    shop.plan("gold", 3000)
    shop.change(Seller, shop.seller_id, number_on="payment")
    on(date(2026, 4, 16))
    do(change, ChangeWish(subscription, plan="gold"))
    assert billed(shop, customer) == 1000 - 500 + 1500
    assert shop.get(Subscription, subscription).next_bill_on is not None


def test_there_and_back_again_refunds_nothing(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000))
    other = shop.customer()
    on(date(2026, 4, 10))
    do(transfer, subscription, other)
    on(date(2026, 4, 12))
    do(transfer, subscription, customer)
    do(hold, subscription)
    do(resume, subscription)
    assert (billed(shop, customer), billed(shop, other)) == (3000, 0)


def test_who_owes_hands_nothing_over(shop):
    customer = shop.customer(card=False)
    subscription = shop.subscribe(customer, shop.plan("tv", 3000), due=APR)
    shop.run(APR)
    with pytest.raises(Conflict, match="not paid yet"):
        do(transfer, subscription, shop.customer())


def test_one_hold_at_a_time(shop):
    customer, subscription = paying(shop, shop.plan("tv", 3000, details={"hold": {"max_days": 30}}))
    me = customer_of(customer)
    do(hold, subscription, date(2026, 4, 10), date(2026, 5, 5), ctx=me)
    with pytest.raises(Conflict, match="planned already"):
        do(hold, subscription, date(2026, 6, 1), date(2026, 6, 29), ctx=me)
    on(date(2026, 4, 10))
    do(begin_scheduled)
    with pytest.raises(Conflict, match="nothing is planned"):
        do(keep, subscription, ctx=me)  # the end of the hold stands
    on(date(2026, 5, 5))
    do(begin_scheduled)
    assert shop.get(Subscription, subscription).state == "active"


def test_what_is_billed_afterwards_is_not_held_nor_begun_anew(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.plan("tv", 3000), due=MAY, anchor=APR, timing="arrears",
                                  billed_through=APR)  # fmt: skip
    with pytest.raises(Conflict, match="billed afterwards"):
        do(hold, subscription)
    with pytest.raises(InvalidInput, match="begin anew"):
        do(change, ChangeWish(subscription, plan="tv", restart=True))


def test_a_change_that_can_not_begin_keeps_no_other_from_it(shop, monkeypatch):
    plan = shop.plan("tv", 3000)
    _, first = paying(shop, plan)
    _, second = paying(shop, plan)
    for subscription in (first, second):
        do(hold, subscription, date(2026, 4, 10), date(2026, 4, 20))
    really = beginning.begin_hold

    def begin_hold(tx, subscription, *args):
        really(tx, subscription, *args)
        if subscription.id == first:
            raise Conflict("an invoice is still a draft")

    monkeypatch.setattr(beginning, "begin_hold", begin_hold)
    on(date(2026, 4, 10))
    assert do(begin_scheduled).begun == 1
    assert [shop.get(Subscription, one).state for one in (first, second)] == ["active", "suspended"]
    monkeypatch.undo()
    assert do(begin_scheduled).begun == 1, "it is tried again in an hour"


def test_a_change_on_the_day_of_a_settled_transfer_keeps_the_part_of_who_got_it(shop):
    tv = shop.plan("tv", 3000)
    shop.plan("screen", 600, kind="connection", details={"plans": ["tv"], "max_units": 3})
    customer, subscription = paying(shop, tv)
    other = shop.customer(credit_minor=30_000)
    on(date(2026, 4, 16))
    do(transfer, subscription, other, "settled")
    do(change, ChangeWish(subscription, addons=(AddOnOrder("screen", 1),)))
    # half of April each of 30.00, and half of 6.00
    assert (billed(shop, customer), billed(shop, other)) == (1500, 1500 + 300)
    on(MAY)
    shop.run(MAY)
    assert billed(shop, other) == 1800 + 3600


class PaperFee:
    """1.00 for each document."""

    code = "paper"

    def apply(self, drafts):
        return [[ExtraLine("fee", "Paper", Money(100, "EUR"))] for _ in drafts]


def test_an_invoice_rule_adds_its_line_to_each_change_of_a_day(shop):
    shop.plugins.rules = [("paper", PaperFee())]
    basic, _ = shop.plan("basic", 1000), shop.plan("gold", 3000)
    customer, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    for plan in ("gold", "basic", "gold"):
        do(change, ChangeWish(subscription, plan=plan, when="immediate"))
    # 10.00, and half of the 20.00 that gold costs more; 1.00 on each of four documents
    assert billed(shop, customer) == 1000 + 1000 + 4 * 100


@pytest.mark.parametrize("plugin", ["einvoice", "e1", "paper"])
def test_a_draft_with_the_line_of_a_rule_can_be_void_whatever_its_plugin_is_called(shop, plugin):
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    shop.plugins.rules = [(plugin, PaperFee())]
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=APR)
    shop.run(APR)
    do(void_document, 1, reason="wrong")
    shop.run(APR)
    assert [(one.state, one.net_minor) for one in shop.all(Document)] == [("void", 1100), ("draft", 1100)]
