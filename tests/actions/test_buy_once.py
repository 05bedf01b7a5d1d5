"""Bought once: an event, a film, a pass; paid by credit, proforma or next invoice; given back when called off."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.actions.documents.void_document import void_document
from billhead.actions.entitlements.buy_once import buy_once
from billhead.actions.entitlements.call_off import call_off
from billhead.actions.entitlements.refund_event import refund_event
from billhead.actions.entitlements.refund_one import refund_one
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._book import Receipt, book
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import Money
from billhead.models.catalogue import Plan
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.entitlements import Entitlement
from billhead.models.operations import Event, Job
from billhead.models.payments import GatewayAccount
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
NOW = datetime(2026, 11, 10, 18, tzinfo=UTC)
FINAL = {"starts": "2026-11-19T17:00:00+00:00", "ends": "2026-11-20T05:00:00+00:00"}


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, clock.business_time(NOW):
        shop.tv = shop.plan("tv", 1000)
        shop.plan("final", 1500, "", details={**FINAL, "on_bill": True})
        shop.plan("film", 400, "", details={"hours": 48, "on_bill": True})
        shop.plan("pass", 2900, "", details={"hours": 2160, "uses": 10})
        for plan in shop.all(Plan, Plan.code != "tv"):
            shop.change(Plan, plan.id, kind="ppv" if plan.code == "final" else "rental")
        yield shop


def subscriber(shop, **more):
    who = {name: more.pop(name) for name in ("credit_minor", "card") if name in more}
    return shop.subscribe(shop.customer(**who), shop.tv, anchor=NOVEMBER, due=DECEMBER, **more)


def bought(subscription, what, pay="now"):
    with writing(SYSTEM) as tx:
        return buy_once(tx, subscription, what, pay)


def pays(shop, document_id, minor, ref="r1"):
    with writing(SYSTEM) as tx:
        account = tx.session.get_one(GatewayAccount, shop.cards_id)
        book(tx, tx.session.get_one(Document, document_id), Receipt(account, Money(minor, "EUR"), ref))


def check_books():
    with reading() as session:
        assert verify_ledger(session).verified


def one(shop, key):
    return shop.get(Entitlement, key)


def plan_id(code):
    with reading() as session:
        return session.scalars(select(Plan.id).where(Plan.code == code)).one()


def called_off(code):
    with writing(SYSTEM) as tx:
        call_off(tx, plan_id(code), reason="the match is not played")
    with writing(SYSTEM) as tx:
        return refund_event(tx, plan_id(code), reason="the match is not played")


def test_what_credit_pays_may_be_watched_at_once(shop):
    anna = subscriber(shop, credit_minor=5000)
    film = bought(anna, "film")
    invoice = shop.get(Document, film.document_id)
    assert (invoice.kind, invoice.state, invoice.total_minor, film.owed_minor) == ("invoice", "paid", 480, 0)
    got = one(shop, film.entitlement_id)
    assert (got.state, got.valid_from.date()) == ("active", NOW.date())
    assert got.valid_until - got.valid_from == timedelta(hours=48)
    check_books()


def test_without_credit_it_waits_to_be_paid(shop):
    anna = subscriber(shop)
    event = bought(anna, "final")
    offer = shop.get(Document, event.document_id)
    assert (offer.kind, offer.total_minor, offer.due_on) == ("proforma", 1800, date(2026, 11, 20))
    assert one(shop, event.entitlement_id).state == "offered"
    pays(shop, offer.id, 1800)
    got = one(shop, event.entitlement_id)
    assert got.state == "active"
    assert got.valid_from == datetime(2026, 11, 19, 17, tzinfo=UTC)
    assert shop.get(Document, got.document_id).kind == "invoice"
    # the renewal is offered all the same, and the subscription is paid to where it was
    assert shop.get(Subscription, anna).paid_through == DECEMBER
    with pytest.raises(Conflict, match="bought already"):
        bought(anna, "final")


def test_films_of_a_month_stand_on_one_invoice_with_the_plan(shop):
    anna = subscriber(shop)
    first, second = bought(anna, "film", "next_invoice"), bought(anna, "film", "next_invoice")
    assert (first.document_id, one(shop, first.entitlement_id).state) == (None, "active")
    dry = run_billing(DECEMBER, dry_run=True)
    done = shop.run(DECEMBER)
    assert shop.lines(anna) == [
        ("recurring", DECEMBER, JANUARY, 1000, 200),
        (f"one_off:e{first.entitlement_id}", date(2026, 11, 10), date(2026, 11, 11), 400, 80),
        (f"one_off:e{second.entitlement_id}", date(2026, 11, 10), date(2026, 11, 11), 400, 80),
    ]
    assert done.sums == dry.sums
    assert done.invoices == 1
    assert shop.run(DECEMBER).invoices == 0
    assert one(shop, first.entitlement_id).waits_until is None
    check_books()


def test_it_does_not_wait_for_a_years_end_nor_for_an_invoice_that_never_comes(shop):
    year = shop.subscribe(shop.customer(), shop.plan("year", 9000, "1 year"), anchor=NOVEMBER, due=date(2027, 11, 1))
    left = subscriber(shop)
    for who in (year, left):
        bought(who, "film", "next_invoice")
    shop.change(Subscription, left, state="canceled", billing_ends_on=date(2026, 11, 11), next_bill_on=None)
    assert run_billing(date(2026, 11, 12), dry_run=True).invoices == 1
    assert shop.run(date(2026, 11, 12)).invoices == 1
    assert shop.run(date(2026, 11, 30)).invoices == 0
    assert shop.run(DECEMBER).invoices == 1
    assert [len(shop.lines(who)) for who in (year, left)] == [1, 1]


def test_all_buyers_of_an_event_that_is_called_off_get_back_what_they_paid(shop):
    credit, cash, waits, offered = (subscriber(shop, credit_minor=minor) for minor in (2000, 0, 0, 0))
    of_credit = bought(credit, "final")
    of_cash = bought(cash, "final")
    pays(shop, of_cash.document_id, 1800)
    later = bought(waits, "final", "next_invoice")
    open_one = bought(offered, "final")
    film = bought(cash, "film", "next_invoice")
    done = called_off("final")
    assert (done.refunded, done.credited_minor, done.failed) == (4, 3600, {})
    states = [one(shop, got.entitlement_id).state for got in (of_credit, of_cash, later, open_one, film)]
    assert states == ["refunded", "refunded", "refunded", "withdrawn", "active"]
    assert shop.get(Document, open_one.document_id).state == "void"
    left = {row.customer_id: 0 for row in shop.all(CustomerCredit)}
    for row in shop.all(CustomerCredit):
        left[row.customer_id] += row.remaining_minor
    assert sorted(left.values()) == [1800, 2000]
    assert called_off("final").refunded == 0
    with pytest.raises(NotFound):
        bought(credit, "final")
    shop.run(DECEMBER)
    assert [line[0] for line in shop.lines(waits)] == ["recurring"]
    assert len(shop.all(Job, Job.kind == "entitlements.refund_event")) >= 1
    check_books()


def test_an_event_on_an_invoice_with_other_things_is_given_back_alone(shop):
    anna = subscriber(shop)
    bought(anna, "film", "next_invoice")
    bought(anna, "final", "next_invoice")
    shop.run(DECEMBER)
    assert called_off("final").credited_minor == 1800
    invoice, note = shop.all(Document)
    assert (invoice.total_minor, note.kind, note.total_minor) == (1200 + 480 + 1800, "credit_note", 1800)
    check_books()


def test_money_that_comes_after_the_event_is_given_back(shop):
    anna = subscriber(shop)
    event = bought(anna, "final")
    with clock.business_time(datetime(2026, 11, 20, 6, tzinfo=UTC)):
        pays(shop, event.document_id, 1800)
        (job,) = shop.all(Job, Job.kind == "entitlements.refund_one")
        with writing(SYSTEM) as tx:
            refund_one(tx, **job.args)
    assert one(shop, event.entitlement_id).state == "refunded"
    assert [row.remaining_minor for row in shop.all(CustomerCredit)] == [1800]
    check_books()


def test_an_event_that_waits_to_be_paid_is_not_sold_anew(shop):
    anna, other = subscriber(shop), subscriber(shop)
    event = bought(anna, "final")
    assert bought(anna, "final") == event
    assert bought(anna, "final", "next_invoice") == event
    assert bought(other, "final") != event
    assert bought(anna, "film") != bought(anna, "film")  # a film as often as somebody likes
    assert len(shop.all(Entitlement)) == 4
    shop.change(Document, event.document_id, state="expired")
    assert bought(anna, "final").document_id != event.document_id


def test_an_event_that_was_paid_twice_is_given_back_once(shop):
    anna = subscriber(shop)
    late = bought(anna, "final")
    shop.change(Document, late.document_id, state="expired")
    event = bought(anna, "final")
    pays(shop, event.document_id, 1800)
    pays(shop, late.document_id, 1800, "r2")  # its transfer was on the way
    (job,) = shop.all(Job, Job.kind == "entitlements.refund_one")
    with writing(SYSTEM) as tx:
        assert refund_one(tx, **job.args).credited_minor == 1800
    assert [one(shop, got.entitlement_id).state for got in (event, late)] == ["active", "refunded"]
    assert [row.remaining_minor for row in shop.all(CustomerCredit)] == [1800]
    check_books()


def test_what_can_not_be_bought(shop):
    by_hand, card = subscriber(shop, collection="manual"), subscriber(shop)
    gone = subscriber(shop, state="suspended")
    with pytest.raises(NotAllowed):
        bought(by_hand, "film", "next_invoice")
    with pytest.raises(NotAllowed):
        bought(card, "pass", "next_invoice")
    with pytest.raises(Conflict):
        bought(gone, "film")
    with pytest.raises(InvalidInput):
        bought(card, "film", "never")
    with pytest.raises(InvalidInput):
        bought(card, "tv")
    with pytest.raises(NotFound):
        bought(card, "nothing")
    with clock.business_time(datetime(2026, 11, 20, 6, tzinfo=UTC)), pytest.raises(InvalidInput, match="over"):
        bought(card, "final")
    assert shop.all(Entitlement) == []
    assert bought(subscriber(shop, credit_minor=9000), "pass").owed_minor == 0
    assert shop.all(Entitlement)[0].uses_left == 10


def test_a_purchase_while_a_run_has_read_the_subscription_is_not_lost(shop, monkeypatch):
    from billhead.actions.billing import run as module

    anna, ben = subscriber(shop), subscriber(shop)
    bought(ben, "film", "next_invoice")  # so that the run looks for purchases
    rate, got = module.rate, []

    def slow(*args):
        answer = rate(*args)
        if not got:
            got.append(bought(anna, "film", "next_invoice"))
        return answer

    monkeypatch.setattr(module, "rate", slow)
    shop.run(DECEMBER)
    assert [line[0] for line in shop.lines(anna)] == ["recurring", f"one_off:e{got[0].entitlement_id}"]


def test_it_is_told(shop):
    bought(subscriber(shop, credit_minor=5000), "film")
    told = [event.type for event in shop.all(Event) if event.type.startswith("entitlement")]
    assert told == ["entitlement.opened", "entitlement.bought"]


def test_a_draft_that_is_void_lets_its_films_wait_again(shop):
    anna = subscriber(shop)
    film = bought(anna, "film", "next_invoice")
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    shop.run(DECEMBER)
    (draft,) = shop.all(Document)
    with writing(SYSTEM) as tx:
        void_document(tx, draft.id, reason="another look")
    assert (one(shop, film.entitlement_id).document_id, shop.get(Subscription, anna).billed_through) == (None, DECEMBER)
    shop.change(Seller, shop.seller_id, hold_for_review=False)
    shop.run(DECEMBER)
    (invoice,) = shop.all(Document, Document.state != "void")
    assert invoice.net_minor == 1400
    assert one(shop, film.entitlement_id).document_id == invoice.id


def test_films_are_had_by_a_pass_until_it_is_used_up_or_over(shop):
    shop.change(Plan, plan_id("pass"), details={"hours": 2160, "uses": 2, "unit": "films"})
    anna = subscriber(shop, credit_minor=9000)
    with pytest.raises(Conflict, match="no pass"):
        bought(anna, "film", "pass")
    first, second = bought(anna, "pass").entitlement_id, bought(anna, "pass").entitlement_id
    shop.change(Entitlement, second, valid_until=NOW + timedelta(days=3))  # it ends first, so it pays first
    films = [bought(anna, "film", "pass") for _ in range(3)]
    assert [(film.document_id, film.owed_minor) for film in films] == [(None, 0)] * 3
    got = one(shop, films[0].entitlement_id)
    assert (got.state, got.pass_id, got.valid_until - got.valid_from) == ("active", second, timedelta(hours=48))
    assert [one(shop, key).uses_left for key in (first, second)] == [1, 0]
    assert len(shop.all(Document)) == 2  # of the passes: films by a pass cost nothing, now or with the next invoice
    assert shop.run(DECEMBER).failed == 0
    assert [line[0] for line in shop.lines(anna) if line[0].startswith("one_off:")] == []

    with writing(SYSTEM) as tx:
        refund_one(tx, films[0].entitlement_id, reason="the stream broke off")
    assert one(shop, films[0].entitlement_id).state == "refunded"
    assert [one(shop, key).uses_left for key in (first, second)] == [1, 1]
    with clock.business_time(NOW + timedelta(days=4)):
        assert one(shop, bought(anna, "film", "pass").entitlement_id).pass_id == first
        with pytest.raises(Conflict, match="no pass"):
            bought(anna, "film", "pass")  # the other one is over, with a use left
    for what in ("final", "pass"):
        with pytest.raises(NotAllowed, match="not had by a pass"):
            bought(anna, what, "pass")
    check_books()


def test_the_last_use_of_a_pass_is_taken_once(shop):
    """Two at once; on PostgreSQL the second waits for the first one's row."""
    shop.change(Plan, plan_id("pass"), details={"hours": 2160, "uses": 1})
    anna = subscriber(shop, credit_minor=9000)
    ticket = bought(anna, "pass").entitlement_id
    start, outcomes = Barrier(2), []

    def watch():
        with shop.app.app_context():
            start.wait()
            try:
                outcomes.append(bought(anna, "film", "pass").owed_minor)
            except Conflict as refused:
                outcomes.append(refused.code)

    threads = [Thread(target=watch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["0", "pass_used_up"]
    assert one(shop, ticket).uses_left == 0
