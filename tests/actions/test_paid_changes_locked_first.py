"""Whoever pays for a change that was offered locks what it may correct first, as everybody else does; and no more."""

from datetime import date
from threading import Event, Thread
from time import sleep

from billing_shop import SYSTEM, open_shop
from debt_shop import at, invoices, sound
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from billhead.actions.billing._free_days import CLOSED
from billhead.actions.payments._allocating import locked_documents
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._attempts import new_attempt
from billhead.actions.subscriptions._free_time import free_time
from billhead.actions.subscriptions._offers import lock_about
from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.db import db, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.money import Money
from billhead.models.catalogue import Price
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription
from billhead.plugin import AttemptState, Outcome

APR, MAY = date(2026, 4, 1), date(2026, 5, 1)


def test_its_money_and_a_refund_of_what_it_corrects_never_wait_in_a_circle(postgresql_url, tmp_path):
    """Gold is offered on 16 April; when it is paid it costs less than what there is, so that April is corrected."""
    with open_shop(postgresql_url, tmp_path) as shop:
        basic, gold = shop.plan("basic", 1000), shop.plan("gold", 3000)
        customer = shop.customer(credit_minor=1200)
        subscription = shop.subscribe(customer, basic, due=APR)
        with at(APR):
            shop.run(APR)
        (april,) = [one.id for one in invoices(shop)]
        shop.change(Subscription, subscription, collection="manual")
        theirs = Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))
        with at(date(2026, 4, 16)), writing(theirs) as tx:
            offer = change(tx, ChangeWish(subscription, plan="gold")).document_id
        shop.change(Price, gold[1], amount_minor=500)
        held, goes_on, failed = Event(), Event(), []

        def beside(act):
            def run():
                try:
                    with shop.app.app_context(), writing(SYSTEM) as tx:
                        act(tx)
                except DBAPIError as error:  # a deadlock is one
                    failed.append(error)

            return Thread(target=run)

        def gives_back(tx):
            locked_documents(tx, [april])
            held.set()
            goes_on.wait(20)
            visible_subscription(tx, subscription)

        def pays(tx):
            document = tx.session.get_one(Document, offer)
            attempt = new_attempt(tx, document, shop.cards_id, Money(document.total_minor, "EUR"))
            apply_outcome(tx, attempt, Outcome(AttemptState.SUCCEEDED, "ch_1", Money(document.total_minor, "EUR")))

        first, second = beside(gives_back), beside(pays)
        with at(date(2026, 4, 16)):
            first.start()
            assert held.wait(20)
            second.start()
            sleep(2)  # it waits for April
            goes_on.set()
            first.join(30)
            second.join(30)
        assert failed == []
        assert shop.get(Subscription, subscription).plan_id == gold[0]
        assert [one.corrects_id for one in shop.all(Document, Document.kind == "credit_note")] == [april]
        sound()


def test_old_invoices_of_what_credits_pay_now_are_left_alone(postgresql_url, tmp_path):
    """Nothing is written any more about the time before, whatever is ended, moved or changed now."""
    with open_shop(postgresql_url, tmp_path) as shop:
        subscription = shop.subscribe(shop.customer(credit_minor=50_000), shop.plan("tv", 1000), due=APR)
        for day in (APR, MAY):
            with at(day):
                shop.run(day)
        april, may = [one.id for one in invoices(shop)]
        with at(date(2026, 5, 16)), writing(SYSTEM) as tx:
            free_time(tx, tx.session.get_one(Subscription, subscription), CLOSED, APR, None)
            lock_about(tx, [subscription])
            with db.engine.connect() as other:
                free = select(Document.id).where(Document.kind == "invoice").with_for_update(skip_locked=True)
                assert other.scalars(free).all() == [april], f"{may} has days that may come back"
