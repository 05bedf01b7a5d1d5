"""A cancellation at the same moment as something else about the same invoices: they wait in turn, never in a ring."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Thread
from time import sleep

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import NOV, at, debtor, invoices, november, sound, state
from sqlalchemy.exc import DBAPIError

from billhead.actions.documents import finalise_draft as finalising
from billhead.actions.documents import issue_credit_note as correcting
from billhead.actions.payments import refund as refunding
from billhead.actions.payments._allocating import locked_documents
from billhead.actions.payments._book import Receipt, book
from billhead.actions.sellers.set_money_back import MoneyBack, set_money_back
from billhead.actions.subscriptions import cancel as canceling
from billhead.db import writing
from billhead.domain.errors import BillheadError
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.sellers import Seller


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
    """On 20 November. What became of both: done, the code of a refusal, or what the database says."""
    meeting, seen = Meeting(), []
    monkeypatch.setattr(canceling, "subscription_to_end", meeting.after(canceling.subscription_to_end))

    def at_once(name, what):
        with shop.app.app_context():
            try:
                with writing(SYSTEM) as tx:
                    what(tx)
                seen.append((name, "done"))
            except BillheadError as refused:
                seen.append((name, refused.code))
            except DBAPIError as wrong:  # a deadlock is one
                seen.append((name, str(wrong.orig)))

    acts = {
        "cancel": lambda tx: canceling.cancel(tx, subscription, "immediate", **named),
        "other": lambda tx: other(tx, meeting),
    }
    threads = [Thread(target=at_once, args=(name, acts[name])) for name in sorted(acts, key=lambda name: name != first)]
    with at(november(20)):
        for thread in threads:
            thread.start()
            sleep(0.2)
        for thread in threads:
            thread.join(30)
    assert state(shop, subscription) == "canceled"
    sound()
    return dict(seen)


@pytest.mark.parametrize("rule", ["credit", "void"])
def test_an_invoice_is_paid_while_its_subscription_is_canceled(shop, monkeypatch, first, rule):
    with writing(SYSTEM) as tx:
        set_money_back(tx, shop.seller_id, MoneyBack(open_invoices=rule))
    subscription = debtor(shop)
    (invoice,) = invoices(shop)

    def pays(tx, meeting):
        documents = locked_documents(tx, [invoice.id])
        meeting.wait()
        receipt = Receipt(tx.session.get_one(GatewayAccount, shop.cards_id), Money(1200, "EUR"), "paid")
        book(tx, documents[invoice.id], receipt)

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
