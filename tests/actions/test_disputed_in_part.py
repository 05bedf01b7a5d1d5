"""A part of an invoice is disputed: the rest is asked for, charged and dunned, and the part only when it is settled.

Television 10.00 EUR and a bouquet 5.00, with 20 %: 12.00 + 6.00 = 18.00. Billed on 1 November 2026, due on the 15th.
"""

from dataclasses import dataclass

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import NOV, REMIND, SUSPEND, at, give, invoices, november, pay, policy, run, sound, state, told
from sqlalchemy import select

from billhead.actions.credits.apply_credit import apply_credit
from billhead.actions.dunning.promise_payment import preview_promise, promise_payment
from billhead.actions.notifications._facts import gather
from billhead.actions.payments.collect import collect
from billhead.actions.support._rules import SupportRules
from billhead.actions.support.open_dispute import open_dispute
from billhead.actions.support.save_department import DepartmentEntry, save_department
from billhead.actions.support.save_rules import save_rules
from billhead.actions.support.settle_dispute import settle_dispute
from billhead.actions.support.withdraw_dispute import withdraw_dispute
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.dunning import LateFee, PromiseTerms, Stage
from billhead.domain.errors import Conflict
from billhead.domain.payment import AttemptState
from billhead.models.documents import Document, DocumentLine
from billhead.models.dunning import PaymentPromise
from billhead.models.operations import Job, Notice
from billhead.models.payments import PaymentAttempt, PaymentMethod
from billhead.models.subscriptions import Subscription
from billhead.plugin import Outcome
from billhead.plugin_host import vault


@dataclass(frozen=True)
class NoSettings:
    """A gateway that needs none."""


class Cards:
    """Takes whatever it is asked to; `charged` in cents."""

    settings_type = NoSettings

    def __init__(self):
        self.charged = []

    def charge_saved(self, _connection, attempt, _method):
        self.charged.append(attempt.amount.minor)
        return Outcome(AttemptState.SUCCEEDED, provider_ref=attempt.key, amount=attempt.amount)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        with writing(SYSTEM) as tx:
            save_department(tx, shop.seller_id, DepartmentEntry("Billing"))
        policy(shop, (3, REMIND), (10, SUSPEND))
        yield shop


def billed(shop, **customer):
    """A subscription with its invoice of two lines; (subscription, document, line that costs 6.00)."""
    tv, sport = shop.plan(f"tv{shop.made}", 1000), shop.plan(f"sport{shop.made}", 500)
    subscription = shop.subscribe(shop.customer(**{"card": False, **customer}), tv, sport, due=NOV)
    with at(NOV):
        shop.run(NOV)
    shop.change(Subscription, subscription, next_bill_on=None)
    for method in shop.all(PaymentMethod):
        shop.change(PaymentMethod, method.id, token=vault().encrypt("t"))
    document = invoices(shop)[-1]
    assert document.total_minor == 1_800
    lines = shop.all(DocumentLine, DocumentLine.document_id == document.id)
    return subscription, document.id, next(line.id for line in lines if line.net_minor == 500)


def dispute(shop, document, line, day=16):
    customer = shop.get(Document, document).customer_id
    ctx = Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer), frozenset({"own.support"}))
    with at(november(day)), writing(ctx) as tx:
        return open_dispute(tx, document, line, "not_delivered", "It was black.", 1).bill_dispute_id


def settle(dispute_id, minor, day):
    with at(november(day)), writing(SYSTEM) as tx:
        return settle_dispute(tx, dispute_id, minor, "We have looked at it.")


def asked_in(shop, kind):
    with reading() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == kind)).one()
        return str(gather(session, notice)["document"]["owed"])


def test_the_rest_is_dunned_and_the_part_waits_until_it_is_refused(shop):
    late, document, line = billed(shop)
    made = dispute(shop, document, line)
    run(november(18))
    with at(november(18)):
        assert asked_in(shop, "reminder") == "12.00 EUR"
    run(november(25))
    assert state(shop, late) == "suspended", "12.00 are owed that nobody disputes"
    with at(november(25)):
        pay(document, 1_200)
    assert state(shop, late) == "active", "what is left is disputed"
    run(november(27))
    assert (state(shop, late), shop.get(Document, document).state) == ("active", "partly_paid")
    settle(made, 0, 28)
    run(november(28), 14)
    assert state(shop, late) == "suspended", "the debt is as old as it was"
    with at(november(28), 15):
        pay(document, 600)
    assert (state(shop, late), shop.get(Document, document).state) == ("active", "paid")
    sound()


def test_a_credit_note_settles_it_and_restores_what_only_that_debt_had_suspended(shop):
    with writing(SYSTEM) as tx:
        save_rules(tx, shop.seller_id, SupportRules(waits_days=10))
    late, document, line = billed(shop)
    made = dispute(shop, document, line)
    with at(november(20)):
        pay(document, 1_200)
    run(november(26))
    assert state(shop, late) == "active"
    run(november(27))
    assert state(shop, late) == "suspended", "nobody has decided for ten days"
    assert settle(made, 600, 28).on_documents == 600
    assert (state(shop, late), shop.get(Document, document).state) == ("active", "paid")
    sound()


def test_the_card_is_charged_for_the_rest_and_for_the_part_when_that_is_settled(shop):
    shop.plugins.gateways["sandbox"] = cards = Cards()
    _, document, line = billed(shop, card=True)
    made = dispute(shop, document, line, 2)
    with at(november(3)):
        assert collect(SYSTEM, document, after=0).state == "succeeded"
        assert collect(SYSTEM, document).state == "in_dispute"
    assert cards.charged == [1_200]
    settle(made, 200, 4)  # 2.00 of 6.00 are given back
    (job,) = shop.all(Job, Job.kind == "payments.collect", Job.key.like("%settled%"))
    (attempt,) = shop.all(PaymentAttempt)
    assert job.args == {"document_id": document, "after": attempt.id}
    with at(november(4)):
        assert collect(SYSTEM, document, after=attempt.id).state == "succeeded"
        assert collect(SYSTEM, document, after=attempt.id).state == "nothing_to_do"
    assert (cards.charged, shop.get(Document, document).state) == ([1_200, 400], "paid")
    sound()


def test_all_of_it_disputed_and_withdrawn_is_charged_then(shop):
    shop.plugins.gateways["sandbox"] = cards = Cards()
    _, document, line = billed(shop, card=True)
    (other,) = [one.id for one in shop.all(DocumentLine, DocumentLine.document_id == document) if one.id != line]
    first, second = dispute(shop, document, line, 2), dispute(shop, document, other, 2)
    with at(november(3)):
        assert collect(SYSTEM, document, after=0).state == "in_dispute"
        for one in (first, second):
            with writing(SYSTEM) as tx:
                withdraw_dispute(tx, one)
        assert collect(SYSTEM, document, after=0).state == "succeeded"
    assert cards.charged == [1_800]


def test_credit_and_late_fees_leave_the_part_alone(shop):
    policy(shop, Stage(3, REMIND, fee=LateFee(ppm=100_000)))
    late, document, line = billed(shop)
    dispute(shop, document, line)
    run(november(18))
    fee = invoices(shop)[-1]
    assert (fee.id != document, fee.net_minor) == (True, 120), "a tenth of 12.00"
    shop.change(Document, fee.id, state="void")
    give(shop, late, 5_000)
    with at(november(19)), writing(SYSTEM) as tx:
        apply_credit(tx, shop.get(Document, document).customer_id)
    assert shop.get(Document, document).settled_minor == 1_200
    assert told(shop).count("reminder") == 1


def test_what_is_disputed_needs_no_promise(shop):
    policy(shop, (3, REMIND), (10, SUSPEND), promises=PromiseTerms(max_days=7, most={"EUR": 1_500}))
    late, document, line = billed(shop)
    (other,) = [one.id for one in shop.all(DocumentLine, DocumentLine.document_id == document) if one.id != line]

    def offered():
        with reading() as session:
            offer = preview_promise(Tx(SYSTEM, session), late)
            return offer.owed.minor, offer.refusal

    with at(november(16)):
        assert offered() == (1_800, "18.00 EUR is overdue, and at most 15.00 EUR can be put off")
        dispute(shop, document, line)
        assert offered() == (1_200, ""), "12.00 are asked for"
        second = dispute(shop, document, other)
        assert offered() == (0, "nothing is overdue"), "nobody asks for any of it"
        with writing(SYSTEM) as tx, pytest.raises(Conflict, match="nothing is overdue"):
            promise_payment(tx, late, november(18))
        with writing(SYSTEM) as tx:
            withdraw_dispute(tx, second)
        pay(document, 300)
        assert offered() == (900, ""), "what is paid goes on the rest first"
        with writing(SYSTEM) as tx:
            promise_payment(tx, late, november(18))
    assert [row.owed_minor for row in shop.all(PaymentPromise)] == [900]
