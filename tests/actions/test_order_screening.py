"""Orders from the shop: looked at before they are written, held while they are checked, and what staff decide.

Prices are those of the card shop: a month of television is 12.55 EUR with tax, a week of the trial 1.26 EUR.
"""

import time
from importlib.metadata import entry_points
from threading import Barrier, Thread

import pytest
from card_shop import SYSTEM
from pretend_plugins import plugin_point
from screened_shop import HOME, case_of, decide, doubtful, line_of, open_screened_shop, pays, place, somebody, whys

from billhead import clock
from billhead.actions.billing.next_document import next_document
from billhead.actions.billing.run import run_billing
from billhead.actions.fraud._paid_card import screen_paid_card
from billhead.actions.fraud.decide_case import decide_case
from billhead.actions.fraud.forget_facts import forget_facts
from billhead.actions.fraud.save_entry import ListEntry, save_entry
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.provisioning.converge import converge
from billhead.actions.sellers.set_fraud_rules import set_fraud_rules
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.lapse import lapse
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.domain.fraud import FraudRules
from billhead.domain.money import Money
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.fraud import FraudCase
from billhead.models.operations import Event
from billhead.models.payments import PaymentAttempt, PaymentMethod, Refund
from billhead.models.subscriptions import Subscription
from billhead.plugin import AttemptState, Outcome
from billhead.plugin_host import PluginHost


@pytest.fixture
def shop(app):
    with open_screened_shop(app) as shop:
        yield shop


# -- passed, held, approved, refused


def test_an_order_without_a_doubt_goes_on(shop):
    started = place(somebody(shop, "ada@example.com"))
    pays(shop, started)
    case = case_of(shop)
    assert (case.state, case.score, case.reasons, case.address) == ("passed", 0, [], HOME)
    assert case.facts["earlier"]["of_customer"] == 0
    assert case.unknown == [{"check": "hosting", "why": "there is no list of proxies and data centres"}]
    assert line_of(shop, started).desired_expires_at is not None
    assert "order_held" not in shop.notices()


def test_a_held_order_can_be_paid_and_starts_with_all_its_days_when_it_is_approved(shop):
    started = place(doubtful(shop), seen_in="SE")
    assert whys(shop) == ["the address is in SE, the bill goes to FI", "mailinator.com gives out disposable addresses"]
    assert (case_of(shop).state, case_of(shop).score) == ("review", 90)
    pays(shop, started)
    line = line_of(shop, started)
    assert (line.in_review, line.desired_expires_at) == (True, None)
    assert shop.row(Subscription, started.subscription_id).paid_through.isoformat() == "2026-12-22"
    assert converge(SYSTEM, line.id) is None  # the panel hears nothing of it
    with shop.at("2026-11-25"):
        done = decide(shop, "approve")
        assert (done.state, done.days) == ("approved", 3)
    assert shop.row(Subscription, started.subscription_id).paid_through.isoformat() == "2026-12-25"
    line = line_of(shop, started)
    assert (line.in_review, line.desired_expires_at.isoformat()[:10]) == (False, "2026-12-27")  # 72 hours of grace
    told = [one.type for one in shop.rows(Event) if one.type.startswith("order.")]
    assert told == ["order.held", "order.approved"]
    assert shop.notices("order_held") == ["order_held"]
    with pytest.raises(Conflict, match="nothing to decide"):
        decide(shop, "refuse")


def test_a_held_order_that_is_charged_by_itself_is_billed_on_when_it_is_approved_and_once(shop):
    started = place(doubtful(shop), seen_in="SE")
    pays(shop, started, "visa-1", "FI")
    assert shop.row(Subscription, started.subscription_id).collection == "auto"

    def run(day):
        with shop.at(day, hour=1):
            return run_billing(clock.business_now()).invoices

    assert [(one.total_minor, one.settled_minor) for one in shop.invoices()] == [(1255, 1255)]
    assert (run("2026-12-22"), run("2027-01-22")) == (0, 0)
    with shop.at("2027-01-22"), reading() as session:
        assert next_document(session, started.subscription_id).why == "its order is being checked"
    assert line_of(shop, started).desired_expires_at is None
    with shop.at("2027-01-25"):
        done = decide(shop, "approve")
    assert done.days == 30  # 22 November to 22 December was paid, and not a day of it was watched
    subscription = shop.row(Subscription, started.subscription_id)
    assert (subscription.state, subscription.paid_through.isoformat()) == ("active", "2027-02-24")
    assert line_of(shop, started).desired_expires_at.isoformat()[:10] == "2027-02-26"
    assert (run("2027-01-26"), run("2027-02-23")) == (0, 0)
    assert (run("2027-02-24"), run("2027-02-24"), run("2027-02-25")) == (1, 0, 0)
    assert [one.total_minor for one in shop.invoices()] == [1255, 1255]
    (line,) = shop.rows(DocumentLine, DocumentLine.document_id == shop.invoices()[-1].id)
    assert (line.period_start.isoformat(), line.period_end.isoformat()) == ("2027-02-24", "2027-03-24")


def test_a_refused_order_ends_and_its_money_goes_back_whole(shop):
    started = place(doubtful(shop), seen_in="SE")
    pays(shop, started)
    with shop.at("2026-11-24"):
        done = decide(shop, "refuse")
    assert (done.state, done.refunded_minor, done.credited_minor) == ("rejected", 1255, 0)
    assert shop.row(Subscription, started.subscription_id).state == "canceled"
    assert [one.amount_minor for one in shop.rows(Refund)] == [1255]
    assert [one.total_minor for one in shop.rows(Document, Document.kind == "credit_note")] == [1255]
    assert converge(SYSTEM, line_of(shop, started).id) is None
    kinds = shop.notices()
    assert "order_refused" in kinds
    assert "canceled" not in kinds  # one message, and a neutral one
    assert sorted(shop.balances()) == ["clearing", "refunds_payable"]  # nothing was earned, no tax is owed


def test_a_refused_order_that_is_paid_after_all_is_given_back(shop):
    started = place(doubtful(shop), seen_in="SE")
    shop.checkout(started.document_id)
    decide(shop, "refuse")
    assert shop.row(Document, started.document_id).state == "void"
    attempt = shop.rows(PaymentAttempt)[-1]
    with writing(SYSTEM) as tx:
        paid = Outcome(AttemptState.SUCCEEDED, "ch_late", Money(1255, "EUR"))
        apply_outcome(tx, tx.session.get_one(PaymentAttempt, attempt.id), paid)
    assert [one.amount_minor for one in shop.rows(Refund)] == [1255]


def test_a_pass_that_is_approved_after_its_end_gets_its_week_and_no_more(shop):
    tv = shop.rows(Plan, Plan.code == "tv")[0]
    shop.change(Plan, tv.id, fixed_term="7 days")
    started = place(doubtful(shop), seen_in="SE")
    pays(shop, started)
    assert shop.row(Subscription, started.subscription_id).service_ends_on.isoformat() == "2026-11-29"
    with shop.at("2026-12-02"):
        shop.act(lapse)
        assert case_of(shop).state == "review"
        assert decide(shop, "approve").days == 7
        row = shop.row(Subscription, started.subscription_id)
        ends = row.paid_through, row.service_ends_on, row.billing_ends_on
        assert [one.isoformat() for one in ends] == ["2026-12-09"] * 3
    with shop.at("2026-12-08"):
        shop.act(lapse)
        assert shop.row(Subscription, started.subscription_id).state == "active"
    with shop.at("2026-12-09"):
        shop.act(lapse)
        assert shop.row(Subscription, started.subscription_id).state == "canceled"


def test_a_pass_that_is_approved_within_its_time_ends_as_much_later(shop):
    tv = shop.rows(Plan, Plan.code == "tv")[0]
    shop.change(Plan, tv.id, fixed_term="7 days")
    started = place(doubtful(shop), seen_in="SE")
    pays(shop, started)
    with shop.at("2026-11-25"):
        assert decide(shop, "approve").days == 3
    row = shop.row(Subscription, started.subscription_id)
    ends = row.paid_through, row.service_ends_on, row.billing_ends_on
    assert [one.isoformat() for one in ends] == ["2026-12-02"] * 3


def test_a_line_that_runs_when_its_card_is_told_gets_no_days_twice(shop):
    started = place(somebody(shop, "ada@example.com"))
    pays(shop, started)
    expires = line_of(shop, started).desired_expires_at
    shop.act(save_entry, shop.seller, ListEntry("card", "c" * 64, allows=False, reason="a stolen card"))
    method = PaymentMethod(fingerprint="c" * 64, country="FI")
    with shop.at("2026-11-24"), writing(SYSTEM) as tx:
        screen_paid_card(tx, started.document_id, method, {})
    assert (case_of(shop).state, line_of(shop, started).in_review) == ("review", False)
    assert shop.notices("order_held") == []
    with shop.at("2026-11-26"):
        assert decide(shop, "approve").days == 0
    assert line_of(shop, started).desired_expires_at == expires
    assert shop.row(Subscription, started.subscription_id).paid_through.isoformat() == "2026-12-22"


def test_an_order_that_ends_by_itself_needs_no_decision(shop):
    started = place(doubtful(shop), seen_in="SE")
    shop.act(cancel, started.subscription_id, "immediate")
    assert case_of(shop).state == "gone"
    with pytest.raises(Conflict, match="gone"):
        decide(shop, "approve")


def test_deciding_needs_its_permission_and_a_reason(shop):
    place(doubtful(shop), seen_in="SE")
    clerk = Context("staff:1", Role.STAFF, Scope(everything=True), frozenset({"money.refund", "subscriptions.write"}))
    with pytest.raises(NotAllowed, match=r"fraud\.review"), writing(clerk) as tx:
        decide_case(tx, case_of(shop).id, "approve", "why not")
    with pytest.raises(InvalidInput):
        shop.act(decide_case, case_of(shop).id, "approve", " ")
    checker = Context("staff:2", Role.STAFF, Scope(everything=True), frozenset({"fraud.review"}))
    with writing(checker) as tx:  # it needs no other one
        assert decide_case(tx, case_of(shop).id, "refuse", "a known address").state == "rejected"
    assert case_of(shop).decided_by == "staff:2"


# -- what the checks see


def test_orders_from_one_address_are_counted_over_a_day(shop):
    shop.act(set_fraud_rules, shop.seller, FraudRules(per_address=2))
    states = []
    for number in range(3):
        place(somebody(shop, f"a{number}@example.com"))
        states.append(case_of(shop).state)
    assert states == ["passed", "passed", "review"]
    assert whys(shop) == ["orders from this address within 24 hours: 3, 2 may be"]
    with shop.at("2026-11-24"):
        place(somebody(shop, "later@example.com"))
        assert case_of(shop).state == "passed"


def test_a_form_that_is_sent_twice_is_one_order_also_at_the_limit(shop):
    shop.act(set_fraud_rules, shop.seller, FraudRules(per_address=1))
    ada = somebody(shop, "ada@example.com")
    assert place(ada, key="a" * 32) == place(ada, key="a" * 32)
    assert [case.state for case in shop.rows(FraudCase)] == ["passed"]


def test_a_large_first_order_and_one_beside_a_held_one_are_held(shop):
    shop.act(set_fraud_rules, shop.seller, FraudRules(largest_first={"EUR": 1000}))
    ada = somebody(shop, "ada@example.com")
    place(ada, amount=1001)
    assert whys(shop) == ["10.01 EUR is much for somebody who has never paid"]
    place(ada, amount=500)
    assert whys(shop) == ["another order of this customer is being checked"]
    assert case_of(shop).state == "review"


def test_lists_refuse_and_trust_until_they_end(shop):
    until = clock.business_now().replace(day=25)
    shop.act(save_entry, shop.seller, ListEntry("network", "203.0.113.0/24", False, "known", until))
    ada, bob = somebody(shop, "ada@example.com"), doubtful(shop)
    with pytest.raises(NotAllowed) as refused:
        place(ada)
    assert refused.value.message == "We can't take this order online. Please get in touch with us."
    assert (case_of(shop).state, whys(shop)) == ("refused", ["203.0.113.0/24 is on the deny list"])
    assert shop.rows(Subscription) == []
    with shop.at("2026-11-26"):
        place(ada)
        assert case_of(shop).state == "passed"
    shop.act(save_entry, shop.seller, ListEntry("mail", "Ada+x@mailinator.com", True, "a friend"))
    place(bob, seen_in="SE", ip="198.51.100.1")
    assert (case_of(shop).state, case_of(shop).score) == ("passed", 90)


@pytest.mark.parametrize(
    ("email", "ip", "agent", "address"),
    [
        ("nothing at all", "not an address", "x" * 2_000_000, ""),
        ("a@b@c", "2001:db8:1:2::7", "\x01\x02 <script>", "2001:db8:1:2::/64"),
        ("+@example.com", "fe80::1%eth0", "", "fe80::/64"),
    ],
)
def test_nonsense_is_cut_and_stops_nobody(shop, email, ip, agent, address):
    place(somebody(shop, email, phone="0" * 500), ip=ip, agent=agent, mac="", seen_in="")
    case = case_of(shop)
    assert case.address == address
    assert len(case.facts["user_agent"]) <= 300
    assert case.state == "passed"


# -- trials


@pytest.mark.parametrize(
    ("first", "second", "mark"),
    [
        ({"email": "a.da@gmail.com", "ip": "198.51.100.1"}, {"email": "ada+1@googlemail.com"}, "the same mailbox"),
        ({"ip": HOME}, {"ip": HOME}, "the same address"),
        ({"ip": "2001:db8:1:2::7"}, {"ip": "2001:db8:1:2:ffff::9"}, "the same address"),
        ({"mac": "00:1A:79:AA:BB:01", "ip": "198.51.100.1"}, {"mac": "001a79aabb01"}, "the same box"),
    ],
)
def test_a_second_trial_of_one_person_is_refused_in_the_same_words(shop, first, second, mark):
    plan = shop.rows(Plan, Plan.code == "trial")[0]
    if "mac" in first:
        lines = [{**line, "kind": "mag"} for line in plan.details["services"]]
        shop.change(Plan, plan.id, kind="mag", details={**plan.details, "services": lines})
    for turn, wish in enumerate((first, second)):
        told = {"email": f"person{turn}@example.com", "ip": f"192.0.2.{turn + 1}", **wish}
        customer = somebody(shop, told.pop("email"))
        if turn == 0:
            place(customer, "trial", **told)
            continue
        with pytest.raises(Conflict) as refused:
            place(customer, "trial", **told)
        assert refused.value.message == "Trial plan can be had once"
    assert (case_of(shop).state, whys(shop)) == ("refused", [f"the trial was had before: {mark}"])


def test_neighbours_may_have_some_and_in_time_so_may_the_address(shop):
    shop.act(set_fraud_rules, shop.seller, FraudRules(trials_per_network=2))
    for number in (1, 2):
        place(somebody(shop, f"n{number}@example.com"), "trial", ip=f"203.0.113.{number}")
    with pytest.raises(Conflict):
        place(somebody(shop, "n3@example.com"), "trial", ip="203.0.113.3")
    with shop.at("2026-12-23"):  # thirty days, and one
        place(somebody(shop, "n4@example.com"), "trial", ip="203.0.113.1")


def test_a_trial_that_is_paid_with_a_card_that_had_one_is_held_not_lost(shop):
    ann, second = somebody(shop, "ann@example.net"), somebody(shop, "someone@example.org")
    pays(shop, place(ann, "trial", ip="192.0.2.1"), "one-card")
    started = place(second, "trial", ip="198.51.100.1")
    assert case_of(shop).state == "passed"
    pays(shop, started, "one-card")
    assert case_of(shop).state == "review"
    assert whys(shop) == [f"customer {ann} has had the trial with this card"]
    assert line_of(shop, started).desired_expires_at is None
    decide(shop, "refuse")
    assert shop.row(Subscription, started.subscription_id).state == "canceled"
    assert shop.rows(Refund)[-1].amount_minor == shop.rows(PaymentAttempt)[-1].amount_minor


def test_a_card_from_elsewhere_or_on_the_deny_list_is_seen_when_it_pays(shop):
    started = place(somebody(shop, "ada@example.com"), seen_in="SE")  # 30
    assert case_of(shop).state == "passed"
    pays(shop, started, "a-card", "ng")  # and 40 + 20
    assert (case_of(shop).state, case_of(shop).score) == ("review", 90)
    mark = shop.rows(PaymentMethod)[-1].fingerprint
    shop.act(save_entry, shop.seller, ListEntry("card", mark, False, "stolen"))
    started = place(somebody(shop, "bob@example.com"), ip="192.0.2.9")
    pays(shop, started, "a-card", "FI")
    assert (case_of(shop).state, whys(shop)) == ("review", ["the card is on the deny list"])


def test_two_orders_at_once_on_one_trial_card_are_one_trial(shop):
    people = [somebody(shop, f"p{number}@example.com") for number in (1, 2)]
    with writing(SYSTEM) as tx:
        for customer in people:
            tx.session.add(
                PaymentMethod(
                    customer_id=customer, account_id=shop.cards, token="", label="Visa", fingerprint="f" * 64,
                    created_at=clock.now(),
                )
            )  # fmt: skip
    start, outcomes = Barrier(2), []
    now = clock.business_now()

    def order(customer):
        with shop.app.app_context(), clock.business_time(now):
            start.wait(10)
            try:
                place(customer, "trial", ip=f"192.0.2.{customer}")
                outcomes.append("had")
            except Conflict as refused:
                outcomes.append(refused.code)

    threads = [Thread(target=order, args=(customer,)) for customer in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["had", "trial_used"]
    assert len(shop.rows(Subscription)) == 1


# -- checks of plugins

WARY = """
import time

class Check(FraudCheck):
    def __init__(self, code, answer):
        self.code, self.label, self.answer = code, code.title(), answer
    def check(self, facts):
        return self.answer(facts)

def broken(facts):
    raise RuntimeError("no route to the service")

@hookimpl
def fraud_checks():
    return [
        Check("names", lambda facts: [FraudReason("it is Bob", 60)] if facts.name.startswith("bob") else []),
        Check("broken", broken),
        Check("chatty", lambda facts: ["text"]),
        Check("slow", lambda facts: time.sleep(2.5) or []),
    ]
"""


def test_fraud_checks_of_plugins_are_heard_and_stop_nobody_by_failing(shop):
    points = entry_points(group="billhead.plugins")
    shop.app.extensions["billhead"].plugins = PluginHost.load([*points, plugin_point("wary", WARY)])
    shop.act(set_fraud_rules, shop.seller, FraudRules(seconds=1, off=("hosting", "country")))
    began = time.monotonic()
    place(somebody(shop, "ada@example.com"))
    assert time.monotonic() - began < 2.4
    case = case_of(shop)
    assert case.state == "passed"
    assert {one["check"]: one["why"] for one in case.unknown} == {
        "wary.broken": "it failed: RuntimeError: no route to the service",
        "wary.chatty": "it failed: TypeError: it returned ['text'] instead of FraudReasons",
        "wary.slow": "no answer within 1 second",
    }
    bob = somebody(shop, "bob@example.com")
    off = ("hosting", "country", "wary.slow", "wary.chatty")
    shop.act(set_fraud_rules, shop.seller, FraudRules(off=off))
    place(bob)
    assert (case_of(shop).state, whys(shop)) == ("review", ["it is Bob"])
    shop.act(set_fraud_rules, shop.seller, FraudRules(off=off, unknown_is_review=True))
    place(somebody(shop, "cyd@example.com"))
    assert (case_of(shop).state, whys(shop)) == ("review", [])


def test_addresses_and_devices_are_forgotten_in_time(shop):
    place(somebody(shop, "ada@example.com"), mac="")
    with shop.at("2027-05-20"):
        assert shop.act(forget_facts) == 0
    with shop.at("2027-05-23"):  # 180 days, and some
        assert shop.act(forget_facts) == 1
        assert shop.act(forget_facts) == 0
    case = case_of(shop)
    assert (case.ip, case.address, case.mailbox, case.facts, case.state) == ("", "", "", {}, "passed")
