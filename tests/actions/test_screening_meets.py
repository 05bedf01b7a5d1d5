"""Screened orders and what else happens to them: holds, debts, plans that follow, short money, other orders at once,
checks of plugins that are busy or hear of a card late, and purchases.

Prices are those of the card shop: a month of television is 12.55 EUR with tax.
"""

from importlib.metadata import entry_points
from threading import Barrier, Thread

import pytest
from card_shop import SYSTEM
from pretend_plugins import plugin_point
from screened_shop import HOME, case_of, decide, doubtful, line_of, open_screened_shop, pays, place, somebody

from billhead import clock
from billhead.actions.fraud import _checks, _screening
from billhead.actions.fraud.ask_again import ask_again
from billhead.actions.fraud.decide_case import decide_case
from billhead.actions.fraud.place_order import Seen, place_order
from billhead.actions.fraud.place_purchase import Purchase, place_purchase
from billhead.actions.fraud.save_entry import ListEntry, save_entry
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.sellers.set_fraud_rules import set_fraud_rules
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.restore import restore
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.start import Order
from billhead.actions.subscriptions.suspend import suspend
from billhead.db import writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, NotAllowed
from billhead.domain.fraud import FraudRules
from billhead.domain.money import Money
from billhead.models.catalogue import Plan
from billhead.models.fraud import FraudCase
from billhead.models.operations import Notice
from billhead.models.payments import PaymentAttempt, PaymentMethod, Refund
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription, SubscriptionChange, SubscriptionComponent
from billhead.plugin import AttemptState, Outcome
from billhead.plugin_host import PluginHost


@pytest.fixture
def shop(app):
    with open_screened_shop(app) as shop:
        yield shop


def test_days_of_a_hold_are_given_once_whether_it_ends_before_the_order_is_approved_or_after(shop):
    held_before, held_after = (place(doubtful(shop), seen_in="SE", ip=f"192.0.2.{one}") for one in (1, 2))
    cases = [one.id for one in shop.rows(FraudCase)]
    for started in (held_before, held_after):
        pays(shop, started)  # from 22 November to 22 December
        with shop.at("2026-11-25"):
            shop.act(hold, started.subscription_id)
    with shop.at("2026-12-05"):
        shop.act(resume, held_before.subscription_id)
    with shop.at("2026-12-10"):
        given = [shop.act(decide_case, case, "approve", "asked").days for case in cases]
    assert given == [8, 3]  # 18 days, of which 10 were on hold, and 15 so far
    with shop.at("2026-12-15"):
        shop.act(resume, held_after.subscription_id)
    ends = [shop.row(Subscription, one.subscription_id).paid_through for one in (held_before, held_after)]
    assert [one.isoformat() for one in ends] == ["2027-01-09", "2027-01-14"]  # 30 days from 10, and from 15 December


def test_days_of_a_hold_are_given_once_also_when_all_of_it_is_late(shop):
    started = place(doubtful(shop), seen_in="SE")
    pays(shop, started)
    with shop.at("2026-11-25"):
        shop.act(hold, started.subscription_id)
    with shop.at("2027-01-01"):
        assert decide(shop, "approve").days == 3
    with shop.at("2027-01-15"):
        shop.act(resume, started.subscription_id)
    assert shop.row(Subscription, started.subscription_id).paid_through.isoformat() == "2027-02-14"  # 30 days


def test_days_of_a_suspension_for_debt_are_not_given_for_the_check_as_well(shop):
    started = place(doubtful(shop), seen_in="SE")
    pays(shop, started)
    with shop.at("2026-11-26"):
        shop.act(suspend, started.subscription_id, "debt")
    with shop.at("2026-12-02"):
        shop.act(restore, started.subscription_id, "debt")
        assert decide(shop, "approve").days == 4  # 22 to 26 November
    assert shop.row(Subscription, started.subscription_id).paid_through.isoformat() == "2026-12-26"


def test_what_follows_a_pass_by_itself_follows_when_the_pass_is_over(shop):
    tv = shop.rows(Plan, Plan.code == "tv")[0]
    shop.change(Plan, tv.id, fixed_term="1 month", then_plan_id=tv.id)
    early, late = (place(doubtful(shop), seen_in="SE", ip=f"192.0.2.{one}") for one in (1, 2))
    cases = [one.id for one in shop.rows(FraudCase)]
    for started in (early, late):
        pays(shop, started)
    with shop.at("2026-11-25"):
        shop.act(decide_case, cases[0], "approve", "asked")
    with shop.at("2026-12-23"):
        assert shop.act(begin_scheduled).begun == 0  # one comes later, the other has not begun to be watched
    with shop.at("2026-12-24"):
        shop.act(decide_case, cases[1], "approve", "asked")
    changes = {one.subscription_id: one.effective_on.isoformat() for one in shop.rows(SubscriptionChange)}
    assert changes == {early.subscription_id: "2026-12-25", late.subscription_id: "2027-01-23"}
    parts = shop.rows(SubscriptionComponent, SubscriptionComponent.subscription_id == late.subscription_id)
    assert [str(one.ends_on or one.starts_on) for one in parts] == ["2027-01-23"] * 2


def test_short_money_goes_back_with_a_refused_order_as_its_other_money(shop):
    started = place(doubtful(shop), seen_in="SE")
    shop.checkout(started.document_id)
    attempt = shop.rows(PaymentAttempt)[-1]
    with writing(SYSTEM) as tx:
        short = Outcome(AttemptState.SUCCEEDED, "ch_short", Money(1000, "EUR"), as_paid=True)
        apply_outcome(tx, tx.session.get_one(PaymentAttempt, attempt.id), short)
    assert sorted(shop.balances()) == ["clearing", "credit_bought"]
    done = decide(shop, "refuse")
    assert (done.refunded_minor, done.credited_minor) == (1000, 0)
    assert [one.amount_minor for one in shop.rows(Refund)] == [1000]
    assert sorted(shop.balances()) == ["clearing", "refunds_payable"]


def test_an_order_that_is_approved_and_canceled_at_once_ends_one_way_without_a_deadlock(shop):
    for turn in range(4):
        started = place(doubtful(shop), seen_in="SE", ip=f"192.0.2.{turn}")
        case, now = case_of(shop).id, clock.business_now()
        start, outcomes = Barrier(2), []
        verbs = ((decide_case, case, "approve", "asked"), (cancel, started.subscription_id, "immediate"))

        def both(verb, *args, start=start, outcomes=outcomes, now=now):
            with shop.app.app_context(), clock.business_time(now):
                start.wait(10)
                try:
                    shop.act(verb, *args)
                    outcomes.append("done")
                except Conflict as refused:
                    outcomes.append(refused.code)

        threads = [Thread(target=both, args=one) for one in verbs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(outcomes) in (["decided", "done"], ["done", "done"])
        assert shop.row(Subscription, started.subscription_id).state == "canceled"


def test_orders_that_are_sent_in_the_same_moment_see_each_other(shop, monkeypatch):
    shop.act(set_fraud_rules, shop.seller, FraudRules(per_address=2))
    people, now, gathered = (
        [somebody(shop, f"p{one}@example.com") for one in range(4)],
        clock.business_now(),
        Barrier(4),
    )
    real = _screening.with_files
    monkeypatch.setattr(_screening, "with_files", lambda *args: (gathered.wait(20) and real(*args)) or real(*args))

    def order(customer):
        with shop.app.app_context(), clock.business_time(now):
            place(customer)

    threads = [Thread(target=order, args=(customer,)) for customer in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(one.state for one in shop.rows(FraudCase)) == ["passed", "passed", "review", "review"]


ASKED = """
import threading
asked, going_on = [], threading.Event()

class Names(FraudCheck):
    code = label = "names"
    def check(self, facts):
        asked.append(facts.card)
        if facts.name.startswith("slow"):
            going_on.wait(30)
        return [FraudReason("a card of Bob", 60)] if facts.card and facts.name.startswith("bob") else []

@hookimpl
def fraud_checks():
    return [Names()]
"""


def _with_check(shop):
    host = PluginHost.load([*entry_points(group="billhead.plugins"), plugin_point("asked", ASKED)])
    shop.app.extensions["billhead"].plugins = host
    return host.fraud_checks()[0][1].check.__func__.__globals__


def test_a_check_that_is_busy_with_many_orders_is_no_way_past_it(shop, monkeypatch):
    monkeypatch.setattr(_checks, "_AT_ONCE", 2)
    told = _with_check(shop)
    shop.act(set_fraud_rules, shop.seller, FraudRules(seconds=1, off=("hosting", "country", "velocity")))
    for number in range(3):
        place(somebody(shop, f"slow{number}@example.com"))
    seen = [(case.state, case.unknown, [one["why"] for one in case.reasons]) for case in shop.rows(FraudCase)]
    silent = [{"check": "asked.names", "why": "no answer within 1 second"}]
    assert seen[:2] == [("passed", silent, [])] * 2
    assert seen[2] == ("review", [], ["it could not be asked in time: too many orders at once"])
    told["going_on"].set()
    place(somebody(shop, "eve@example.com"))
    assert case_of(shop).state == "passed"


@pytest.mark.parametrize(("email", "state"), [("ada@example.com", "passed"), ("bob@example.com", "review")])
def test_checks_of_plugins_hear_of_the_card_before_its_line_runs(shop, email, state):
    told = _with_check(shop)
    started = place(somebody(shop, email))
    assert (case_of(shop).state, told["asked"]) == ("passed", [""])
    pays(shop, started, "a-card", "FI")
    assert line_of(shop, started).desired_expires_at is None, "it waits for the check"
    assert ask_again(SYSTEM, case_of(shop).id) == state
    assert told["asked"] == ["", case_of(shop).card]
    line = line_of(shop, started)
    assert (line.in_review, line.desired_expires_at is None) == (state == "review", state == "review")
    assert len(shop.jobs("fraud.ask_again")) == 1
    assert ask_again(SYSTEM, case_of(shop).id) == state, "and again changes nothing"
    assert shop.row(Subscription, started.subscription_id).paid_through.isoformat() == "2026-12-22"


def test_purchases_on_a_subscription_are_screened_where_nothing_was_paid_yet_and_doubt_is_not_sold(shop):
    ada = somebody(shop, "ada@example.com")
    started = place(ada)
    ctx = Context(f"customer:{ada}", Role.CUSTOMER, Scope(customer_id=ada))
    done = []

    def buy(amount, seen_in="FI", ip=HOME):
        what = Purchase("entitlements.buy_once", ada, "film", ip)
        return place_purchase(ctx, what, Seen(Money(amount, "EUR"), seen_in), lambda tx: done.append(tx) or len(done))

    shop.act(set_fraud_rules, shop.seller, FraudRules(per_address=2))
    assert (buy(0), buy(300)) == (1, 2)  # what is free is not looked at
    with pytest.raises(NotAllowed, match="get in touch"):
        buy(300)
    assert (case_of(shop).state, len(done)) == ("refused", 2)
    pays(shop, started)
    assert [buy(300) for _ in range(3)] == [3, 4, 5]  # who has paid may buy as often as they like
    assert len(shop.rows(FraudCase)) == 3
    shop.act(save_entry, shop.seller, ListEntry("network", "203.0.113.0/24", False, "known"))
    with pytest.raises(NotAllowed):
        buy(300)
    assert buy(300, ip="192.0.2.1") == 6


def test_where_mail_ends_up_is_known_of_every_address_that_is_written(shop):
    customer = somebody(shop, "A.da+tv@GoogleMail.com")
    assert shop.row(Customer, customer).mailbox == "ada@gmail.com"
    shop.change(Customer, customer, email="Ada@Example.org")
    assert shop.row(Customer, customer).mailbox == "ada@example.org"


def together(customer, *plans, ip=HOME, seen_in="FI"):
    ctx = Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))
    orders = [Order(customer, plan, "1 month", ip=ip, trial=plan == "trial") for plan in plans]
    return place_order(ctx, orders, Seen(Money(1255 * len(plans), "EUR"), seen_in, "Firefox"))


def test_plans_of_one_order_are_each_screened_and_counted_as_one_order(shop):
    ada = somebody(shop, "ada@example.com")
    ordered = together(ada, *["tv"] * 6)  # six orders from one address would be doubted
    assert [one.state for one in shop.rows(FraudCase)] == ["passed"] * 6
    assert {one.document_id for one in shop.rows(FraudCase)} == {ordered.document_id}
    place(ada)
    earlier = case_of(shop).facts["earlier"]
    assert (earlier["of_customer"], earlier["from_address"]) == (1, 1)
    assert case_of(shop).state == "passed"


def test_a_doubtful_order_of_several_waits_with_every_plan_and_one_mail(shop):
    ordered = together(doubtful(shop), "tv", "tv", seen_in="SE")
    cases = shop.rows(FraudCase)
    assert [(one.subscription_id, one.state) for one in cases] == [(one, "review") for one in ordered.subscription_ids]
    assert [one.kind for one in shop.rows(Notice)].count("order_held") == 1
    assert all(line.in_review for line in shop.rows(Service))
    shop.act(decide_case, cases[0].id, "approve", "asked")
    assert [line.in_review for line in shop.rows(Service)] == [False, True]


def _of(shop, subscription_id):
    return shop.rows(FraudCase, FraudCase.subscription_id == subscription_id)[0]


def test_a_card_that_is_known_with_the_payment_holds_every_plan_of_the_order(shop):
    ann, second = somebody(shop, "ann@example.net"), somebody(shop, "someone@example.org")
    pays(shop, place(ann, "trial", ip="192.0.2.1"), "one-card", "FI")
    ordered = together(second, "tv", "trial", "tv", ip="198.51.100.1")
    assert [_of(shop, one).state for one in ordered.subscription_ids] == ["passed"] * 3
    mark = shop.rows(PaymentMethod)[-1].fingerprint
    shop.act(save_entry, shop.seller, ListEntry("card", mark, False, "stolen"))
    pays(shop, ordered, "one-card", "FI")
    denied, had = "the card is on the deny list", f"customer {ann} has had the trial with this card"
    cases = [_of(shop, one) for one in ordered.subscription_ids]
    assert [one.state for one in cases] == ["review"] * 3
    assert [[said["why"] for said in one.reasons] for one in cases] == [[denied], [denied, had], [denied]]
    lines = [line_of(shop, one) for one in cases]
    assert [(one.in_review, one.desired_expires_at) for one in lines] == [(True, None)] * 3
    assert [one.kind for one in shop.rows(Notice)].count("order_held") == 1
    shop.act(decide_case, cases[0].id, "refuse", "the bank was asked")
    assert [one.amount_minor for one in shop.rows(Refund)] == [1255]  # the one plan's month; the others wait still
    assert [_of(shop, one).state for one in ordered.subscription_ids] == ["rejected", "review", "review"]


def test_plugins_hear_of_the_card_for_every_plan_of_the_order(shop):
    told = _with_check(shop)
    ordered = together(somebody(shop, "ada@example.com"), "tv", "tv")
    pays(shop, ordered, "a-card", "FI")
    assert [line.desired_expires_at for line in shop.rows(Service)] == [None, None], "they wait for the check"
    assert len(shop.jobs("fraud.ask_again")) == 2
    assert [ask_again(SYSTEM, one.id) for one in shop.rows(FraudCase)] == ["passed"] * 2
    assert told["asked"] == ["", "", *[case_of(shop).card] * 2]
    assert [line.desired_expires_at is None for line in shop.rows(Service)] == [False, False]


def test_one_refused_plan_stops_the_whole_order(shop):
    ada = somebody(shop, "ada@example.com")
    together(ada, "tv", "trial")
    with pytest.raises(Conflict, match="can be had once"):
        together(ada, "tv", "trial")
    refused = [one for one in shop.rows(FraudCase) if one.state == "refused"]
    assert [(one.plan, one.document_id) for one in refused] == [("trial", None)]
    assert len(shop.rows(Subscription)) == 2
