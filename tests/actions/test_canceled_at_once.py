"""A cancellation at the same moment as something else about the same invoices: they wait in turn, never in a ring."""

from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from threading import Barrier, BrokenBarrierError, Event, Thread
from time import sleep

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import NOV, at, debtor, invoices, november, sound, state
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from billhead.actions.billing._offered_anew import offer_anew
from billhead.actions.documents import finalise_draft as finalising
from billhead.actions.documents import issue_credit_note as correcting
from billhead.actions.payments import refund as refunding
from billhead.actions.payments._allocating import locked_documents
from billhead.actions.payments._book import Receipt, book
from billhead.actions.sellers.set_money_back import MoneyBack, set_money_back
from billhead.actions.subscriptions import cancel as canceling
from billhead.actions.subscriptions import keep as keeping
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.db import db, writing
from billhead.domain.context import Role, Scope
from billhead.domain.errors import BillheadError, NotFound
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

DEC = date(2026, 12, 1)


@pytest.fixture
def shop(postgresql_url, tmp_path):
    """Only here do two write at once."""
    with open_shop(postgresql_url, tmp_path, terms_days=14) as shop:
        yield shop


class Meeting:
    """Two wait for each other where each holds what it has locked first."""

    def __init__(self):
        self.both = Barrier(2)

    def wait(self):
        with suppress(BrokenBarrierError):
            self.both.wait(0.5)

    def after(self, real):
        def and_wait(*told, **more):
            done = real(*told, **more)
            self.wait()
            return done

        return and_wait


@pytest.fixture(params=["cancel", "other"])
def first(request):
    """Who holds something when the other comes."""
    return request.param


def canceled_while(shop, monkeypatch, first, subscription, other, **named):
    """On 20 November. What became of both."""
    meeting = Meeting()
    monkeypatch.setattr(canceling, "subscription_to_end", meeting.after(canceling.subscription_to_end))
    acts = {
        "cancel": lambda tx: canceling.cancel(tx, subscription, "immediate", **named),
        "other": lambda tx: other(tx, meeting),
    }
    with at(november(20)):
        seen = at_once(shop, first, acts)
    assert state(shop, subscription) == "canceled"
    sound()
    return seen


def at_once(shop, first, acts):
    """What became of each: done, the code of a refusal, or what the database says."""
    seen = {}
    threads = [in_thread(shop, seen, name, acts[name]) for name in sorted(acts, key=lambda name: name != first)]
    for thread in threads:
        thread.start()
        sleep(0.2)
    for thread in threads:
        thread.join(30)
    return seen


def in_thread(shop, seen, name, what):
    def act():
        with shop.app.app_context():
            try:
                with writing(SYSTEM) as tx:
                    what(tx)
                seen[name] = "done"
            except BillheadError as refused:
                seen[name] = refused.code
            except DBAPIError as wrong:  # a deadlock is one
                seen[name] = str(wrong.orig)

    return Thread(target=act)


def paid_for(shop, tx, document_id, meeting, minor):
    """By card, whose payer has locked it first."""
    documents = locked_documents(tx, [document_id])
    meeting.wait()
    receipt = Receipt(tx.session.get_one(GatewayAccount, shop.cards_id), Money(minor, "EUR"), "paid")
    book(tx, documents[document_id], receipt)


@pytest.mark.parametrize("rule", ["credit", "void"])
def test_an_invoice_is_paid_while_its_subscription_is_canceled(shop, monkeypatch, first, rule):
    with writing(SYSTEM) as tx:
        set_money_back(tx, shop.seller_id, MoneyBack(open_invoices=rule))
    subscription = debtor(shop)
    (invoice,) = invoices(shop)

    def pays(tx, meeting):
        paid_for(shop, tx, invoice.id, meeting, 1200)

    assert canceled_while(shop, monkeypatch, first, subscription, pays) == {"cancel": "done", "other": "done"}
    (invoice,) = invoices(shop)
    assert invoice.total_minor == invoice.settled_minor or invoice.state == "void"


def test_a_draft_is_made_final_while_its_subscription_is_canceled(shop, monkeypatch, first):
    shop.change(Seller, shop.seller_id, draft_days=30)
    subscription = debtor(shop, credit_minor=1200)  # it is paid at once, so its time is given
    (draft,) = invoices(shop)

    def finalises(tx, meeting):
        monkeypatch.setattr(finalising, "locked_draft", meeting.after(finalising.locked_draft))
        finalising.finalise_draft(tx, draft.id)

    seen = canceled_while(shop, monkeypatch, first, subscription, finalises, money="credit")
    assert (seen["cancel"], seen["other"] in ("done", "document_final")) == ("done", True)
    assert [one.state for one in invoices(shop)] == ["paid"]


@pytest.mark.parametrize("what", ["refund", "credit", "sent back"])
def test_money_is_given_back_while_its_subscription_is_canceled(shop, monkeypatch, first, what):
    """November was paid by card. Both give back: 5.00 by hand, and the eleven days without service."""
    subscription = debtor(shop)
    (invoice,) = invoices(shop)
    with at(NOV), writing(SYSTEM) as tx:
        receipt = Receipt(tx.session.get_one(GatewayAccount, shop.cards_id), Money(1200, "EUR"), "paid")
        book(tx, locked_documents(tx, [invoice.id])[invoice.id], receipt)
    (payment,) = shop.all(Payment)

    def refunds(tx, meeting):
        monkeypatch.setattr(refunding, "locked_payment", meeting.after(refunding.locked_payment))
        refunding.refund(tx, payment.id, 500, "credit", reason="goodwill")

    def corrects(tx, meeting):
        locked_documents(tx, [invoice.id])
        meeting.wait()
        correcting.issue_credit_note(tx, invoice.id, reason="goodwill")

    def sends_back(tx, meeting):
        monkeypatch.setattr(correcting, "locked_documents", meeting.after(correcting.locked_documents))
        correcting.issue_credit_note(tx, invoice.id, reason="goodwill", way="refund")

    other = {"refund": refunds, "credit": corrects, "sent back": sends_back}[what]
    seen = canceled_while(shop, monkeypatch, first, subscription, other, money="refund")
    assert seen == {"cancel": "done", "other": "done"}


def test_what_the_run_wrote_while_a_cancellation_waited_is_paid_at_the_same_moment(shop, monkeypatch):
    """The run holds the subscription and writes December. The cancellation goes on then, and December is paid."""
    with writing(SYSTEM) as tx:
        set_money_back(tx, shop.seller_id, MoneyBack(open_invoices="void"))
    subscription = debtor(shop, again=True)
    meeting, seen, written, waits = Meeting(), {}, Event(), Event()
    monkeypatch.setattr(canceling, "subscription_to_end", meeting.after(canceling.subscription_to_end))

    def runs(tx):
        found = tx.session.get_one(Subscription, subscription, with_for_update=True)
        offer_anew(tx, found)
        written.set()
        waits.wait(10)

    def cancels(tx):
        canceling.cancel(tx, subscription, "immediate")

    def pays(tx):
        paid_for(shop, tx, tx.session.scalar(select(func.max(Document.id))), meeting, 1200)

    threads = [in_thread(shop, seen, what.__name__, what) for what in (runs, cancels, pays)]
    with at(date(2026, 12, 1)):
        threads[0].start()
        assert written.wait(10)
        threads[1].start()
        sleep(0.3)
        waits.set()
        threads[0].join(30)
        threads[2].start()
        for thread in threads[1:]:
            thread.join(30)
    assert seen == {"runs": "done", "cancels": "done", "pays": "done"}
    assert state(shop, subscription) == "canceled"
    assert all(one.state == "void" or one.settled_minor == one.total_minor for one in invoices(shop))
    sound()


def test_a_planned_change_is_taken_back_while_what_was_billed_ahead_for_it_is_paid(shop, monkeypatch, first):
    """`gold` was to come on 1 December, and is billed ten days ahead: 36.00, of which 24.00 come back."""
    plan, meeting = shop.plan("tv", 1000, lead_days={"": 10}), Meeting()
    shop.plan("gold", 3000, lead_days={"": 10})
    subscription = shop.subscribe(shop.customer(card=False), plan, due=date(2026, 12, 1), anchor=november(1))
    monkeypatch.setattr(keeping, "begin_changes", meeting.after(keeping.begin_changes))
    with at(november(21)):
        with writing(SYSTEM) as tx:
            change(tx, ChangeWish(subscription, plan="gold", when="end_of_term"))
        shop.run(november(21))
        (december,) = invoices(shop)
        assert december.total_minor == 3600
        acts = {
            "cancel": lambda tx: keeping.keep(tx, subscription),
            "other": lambda tx: paid_for(shop, tx, december.id, meeting, 3600),
        }
        assert at_once(shop, first, acts) == {"cancel": "done", "other": "done"}
    (note,) = shop.all(Document, Document.kind == "credit_note")
    assert (note.corrects_id, note.total_minor) == (december.id, 2400)
    sound()


def test_only_what_may_change_is_locked_and_nothing_of_somebody_else(shop):
    """November and December are paid. Somebody holds the invoice over December meanwhile, then that over November."""
    subscription = debtor(shop, again=True, credit_minor=2400)
    with at(DEC):
        shop.run(DEC)
    old, new = invoices(shop)
    stranger = replace(SYSTEM, role=Role.CUSTOMER, scope=Scope(customer_id=shop.customer()))
    with at(date(2026, 12, 10)):
        with held(new.id), pytest.raises(NotFound), in_time(stranger) as tx:
            canceling.cancel(tx, subscription, "immediate")
        with held(new.id), pytest.raises(DBAPIError), in_time() as tx:
            canceling.cancel(tx, subscription, "immediate", money="credit")
        with held(old.id), in_time() as tx:
            canceling.cancel(tx, subscription, "immediate", money="credit")
    assert state(shop, subscription) == "canceled"
    sound()


@contextmanager
def held(document):
    with db.engine.begin() as connection:
        connection.execute(select(Document.id).where(Document.id == document).with_for_update())
        yield


@contextmanager
def in_time(ctx=SYSTEM):
    """Whoever has to wait is told so."""
    with writing(ctx) as tx:
        tx.session.execute(text("SET LOCAL lock_timeout = '300ms'"))
        yield tx
