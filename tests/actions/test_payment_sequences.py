"""Whatever order charges, checkouts, lost answers, callbacks, look-ups, refunds and disputes come in, and whatever of
it comes at once: one payment for each charge that the provider has really made, never two charges of one debt by us,
and a ledger that balances."""

import json
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from billing_shop import SYSTEM, open_shop
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billhead import clock
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments.apply_callback import apply_callback
from billhead.actions.payments.collect import collect
from billhead.actions.payments.refund import refund
from billhead.actions.payments.resolve import resolve
from billhead.actions.payments.send_refund import send_refund
from billhead.actions.payments.start_checkout import start_checkout
from billhead.actions.payments.store_callback import store_callback
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput, OutcomeUnknown
from billhead.domain.money import Money
from billhead.domain.payment import AttemptState, DeclineClass
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt, PaymentMethod, Refund
from billhead.plugin import GatewayCapabilities, Outcome, PaymentGateway, Redirect, Verified, VerifiedKind
from billhead.plugin_host import vault

NOV = date(2026, 11, 1)
ANSWERS = ("paid", "soft", "lost_before", "lost_after", "processing")


@dataclass(frozen=True)
class NoSettings:
    pass


class Provider(PaymentGateway):
    """What is true at the provider: charges and refunds by their keys. What it answers may be lost on the way."""

    code, label, settings_type = "sandbox", "Provider", NoSettings

    def __init__(self):
        self.charges, self.refunds, self.pages, self.answer = {}, {}, {}, "paid"

    def capabilities(self):
        return GatewayCapabilities(off_session=True, refund=True, partial_refund=True)

    def start_checkout(self, account, attempt):
        if self.answer == "lost_before":
            raise OutcomeUnknown("nobody answered")
        self.pages[attempt.key] = [True, attempt.amount]
        if self.answer == "lost_after":
            raise OutcomeUnknown("the page is there, and nobody heard of it")
        return Redirect(f"https://pay.example/{attempt.key}", provider_ref=f"ch-{attempt.key}")

    def charge_saved(self, account, attempt, method):
        if self.answer == "lost_before":
            raise OutcomeUnknown("nobody answered")
        state = {"soft": "failed", "processing": "processing"}.get(self.answer, "succeeded")
        self.charges.setdefault(attempt.key, [state, attempt.amount])
        if self.answer == "lost_after":
            raise OutcomeUnknown("it was charged, and nobody heard of it")
        return self.lookup(account, attempt)

    def lookup(self, account, attempt):
        return self.told(attempt.key)

    def told(self, key):
        if key in self.pages and key not in self.charges:
            is_open = self.pages[key][0]
            return Outcome(AttemptState.REQUIRES_ACTION if is_open else AttemptState.EXPIRED, f"ch-{key}")
        if key not in self.charges:
            return Outcome(AttemptState.FAILED, decline=DeclineClass.SOFT, code="never_came")
        state, amount = self.charges[key]
        decline = DeclineClass.SOFT if state == "failed" else None
        return Outcome(AttemptState(state), f"ch-{key}", amount, decline=decline)

    def refund(self, account, refund):
        self.refunds.setdefault(refund.key, refund.amount)
        if self.answer == "lost_after":
            raise OutcomeUnknown("it was refunded, and nobody heard of it")
        return self.lookup_refund(account, refund)

    def lookup_refund(self, account, refund):
        state = AttemptState.SUCCEEDED if refund.key in self.refunds else AttemptState.UNKNOWN
        return Outcome(state, f"re-{refund.key}", refund.amount)

    def parse_callback(self, account, raw):
        told = json.loads(raw.body)
        if told["kind"] == "charge":
            return [Verified(VerifiedKind.ATTEMPT, told["event"], told["key"], self.told(told["key"]))]
        amount = Money(told["minor"], "EUR")
        outcome = Outcome(AttemptState(told["state"]), f"dp-{told['key']}", amount)
        return [Verified(VerifiedKind.CHARGEBACK, told["event"], told["key"], outcome)]


@pytest.fixture(scope="module")
def shop(migrated_sqlite, tmp_path_factory):
    home = tmp_path_factory.mktemp("payment-sequences")
    shutil.copy(migrated_sqlite, home / "billhead.sqlite3")
    with open_shop(f"sqlite:///{home / 'billhead.sqlite3'}", home) as shop:
        shop.tv = shop.plan("tv", 1000)
        yield shop


class Debt:
    """One customer with a saved card and an invoice of 12.00."""

    def __init__(self, shop):
        self.shop, self.provider = shop, Provider()
        shop.plugins.gateways["sandbox"] = self.provider
        customer = shop.customer()
        (method,) = shop.all(PaymentMethod, PaymentMethod.customer_id == customer)
        shop.change(PaymentMethod, method.id, token=vault().encrypt("t"))
        shop.subscribe(customer, shop.tv, due=NOV)
        shop.run(NOV)
        self.customer, self.days, self.events = customer, 0, 0
        (invoice,) = shop.all(Document, Document.customer_id == customer)
        self.invoice = invoice.id
        self.token = shop.get(GatewayAccount, shop.cards_id).callback_token

    def mine(self, model):
        return self.shop.all(model, model.customer_id == self.customer)

    def attempts(self):
        return self.mine(PaymentAttempt)

    def do(self, what, answer, pick):
        self.days += 1
        self.provider.answer = ANSWERS[answer]
        with clock.business_time(clock.now() + timedelta(days=self.days)):
            getattr(self, what)(pick)

    def charge(self, _pick):
        collect(SYSTEM, self.invoice)

    def open_page(self, _pick):
        with suppress(OutcomeUnknown):  # another attempt at it is not decided
            start_checkout(SYSTEM, self.invoice, self.shop.cards_id, "https://shop.example/back")

    def page_is_paid(self, pick):
        """By its payer, who may have left it and come back; nobody is told yet."""
        if keys := [key for key, (is_open, _) in self.provider.pages.items() if is_open]:
            key = keys[pick % len(keys)]
            self.provider.charges.setdefault(key, ["succeeded", self.provider.pages[key][1]])

    def page_is_left(self, pick):
        """It can't be paid any more."""
        for key in list(self.provider.pages)[pick % 2 :: 2]:
            self.provider.pages[key][0] = False

    def at_once(self, pick):
        """The same message twice and a look-up, by three workers."""
        if rows := self.attempts():
            attempt, now = rows[pick % len(rows)], clock.business_now()
            told = {"kind": "charge", "key": attempt.key, "event": f"{self.customer}-{pick % 3}"}

            def worker(step, *about):
                with self.shop.app.app_context(), clock.business_time(now):
                    step(*about)

            works = [(self.say, told), (self.say, told), (resolve, SYSTEM, attempt.id)]
            with ThreadPoolExecutor(3) as pool:
                for done in [pool.submit(worker, *work) for work in works]:
                    done.result()

    def look_up(self, pick):
        if rows := self.attempts():
            resolve(SYSTEM, rows[pick % len(rows)].id)

    def comes_through(self, _pick):
        """What was in processing is decided."""
        for charge in self.provider.charges.values():
            if charge[0] == "processing":
                charge[0] = "succeeded"

    def callback(self, pick):
        """Of any attempt, new or a repeat of an earlier event."""
        if rows := self.attempts():
            self.say({"kind": "charge", "key": rows[pick % len(rows)].key, "event": f"{self.customer}-{pick % 3}"})

    def say(self, told):
        with writing(SYSTEM) as tx:
            stored = store_callback(tx, self.token, "/callbacks/x", "", {}, json.dumps(told).encode())
        apply_callback(SYSTEM, stored)

    def give_back(self, pick):
        if rows := self.mine(Payment):
            payment = rows[pick % len(rows)]
            with writing(SYSTEM) as tx:
                planned = refund(tx, payment.id, 100 * (1 + pick), "source", reason="r")
            if planned.refund_id is not None:
                send_refund(SYSTEM, planned.refund_id)

    def resend(self, _pick):
        for row in self.shop.all(Refund, Refund.state.in_(["created", "unknown"])):
            send_refund(SYSTEM, row.id)

    def dispute(self, pick):
        if rows := self.mine(Payment):
            key = self.shop.get(PaymentAttempt, rows[pick % len(rows)].attempt_id).key
            self.events += 1
            state = ("processing", "succeeded", "failed")[pick % 3]
            minor = rows[pick % len(rows)].amount_minor - rows[pick % len(rows)].refunded_minor
            self.say(
                {
                    "kind": "dispute",
                    "key": key,
                    "state": state,
                    "minor": minor,
                    "event": f"d{self.customer}-{self.events}",
                }
            )

    def settle_down(self):
        """Everything is decided at the provider, and looked up."""
        self.provider.answer = "paid"
        self.comes_through(0)
        self.page_is_left(0)
        self.page_is_left(1)
        with clock.business_time(clock.now() + timedelta(days=self.days + 1)):
            for attempt in self.attempts():
                resolve(SYSTEM, attempt.id)
            self.resend(0)

    def check(self, settled=False):
        real = {key: amount.minor for key, (state, amount) in self.provider.charges.items() if state == "succeeded"}
        paid = [(self.shop.get(PaymentAttempt, row.attempt_id).key, row) for row in self.mine(Payment)]
        booked = Counter(key for key, _ in paid)
        assert set(booked.values()) <= {1}, "a charge is one payment"
        assert set(booked) <= set(real), "no payment without a charge"
        # who pays two pages, or one beside a charge, pays twice by themselves: what we charge is one at a time
        ours = [row for key, row in paid if key not in self.provider.pages]
        assert len(set(real) - set(self.provider.pages)) <= 1 or all(
            row.state == "charged_back" or row.refunded_minor for row in ours[:-1]
        )
        if settled:
            assert set(booked) == set(real), "no charge without a payment"
            gone = sum(amount.minor for amount in self.provider.refunds.values())
            assert gone == sum(row.refunded_minor for row in self.mine(Payment))


STEPS = (
    "charge", "charge", "look_up", "comes_through", "callback", "callback", "give_back", "resend", "dispute",
    "open_page", "page_is_paid", "page_is_left", "at_once",
)  # fmt: skip
STEP = st.tuples(st.sampled_from(STEPS), st.integers(0, len(ANSWERS) - 1), st.integers(0, 5))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(STEP, min_size=2, max_size=9))
@example([("charge", 3, 0), ("callback", 0, 0), ("look_up", 0, 0), ("callback", 0, 1), ("charge", 0, 0)])
@example([("charge", 4, 0), ("charge", 0, 0), ("comes_through", 0, 0), ("callback", 0, 0), ("give_back", 3, 0)])
@example(
    [("charge", 2, 0), ("look_up", 0, 0), ("charge", 0, 0), ("dispute", 0, 0), ("dispute", 0, 2), ("callback", 0, 1)]
)
@example([("open_page", 0, 0), ("page_is_paid", 0, 0), ("at_once", 0, 0), ("callback", 0, 1), ("charge", 0, 0)])
@example([("open_page", 3, 0), ("page_is_left", 0, 0), ("open_page", 0, 0), ("charge", 0, 0), ("at_once", 0, 1)])
def test_each_charge_is_one_payment_whatever_comes_in_which_order(shop, steps):
    play(shop, steps)


AT_ONCE = (
    [("charge", 3, 0), ("at_once", 0, 0), ("at_once", 0, 0), ("give_back", 3, 0), ("resend", 0, 0)],
    [("open_page", 0, 0), ("page_is_paid", 0, 0), ("at_once", 0, 0), ("dispute", 0, 0), ("at_once", 0, 1)],
    [("charge", 4, 0), ("open_page", 0, 0), ("comes_through", 0, 0), ("at_once", 0, 0), ("charge", 0, 0)],
)


def test_who_tells_the_same_at_once_books_it_once(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        shop.tv = shop.plan("tv", 1000)
        for steps in AT_ONCE:
            play(shop, steps)


def play(shop, steps):
    debt = Debt(shop)
    for what, answer, pick in steps:
        with suppress(Conflict, InvalidInput):  # more than is left, or decided already
            debt.do(what, answer, pick)
        debt.check()
    debt.settle_down()
    debt.check(settled=True)
    with reading() as session:
        assert verify_ledger(session).faults == []
