"""What the bank's files tell: money finds what it was sent for, once, however often and in whatever file it is told."""

from datetime import date
from threading import Thread

import pytest
from bank_files import Bank
from card_shop import SYSTEM, open_card_shop
from sqlalchemy import select

from apps import build_app, close_app
from billhead.actions.documents.void_document import void_document
from billhead.actions.payments._suggestions import suggestions_for
from billhead.actions.payments.assign_money import assign_money
from billhead.actions.payments.book_transfer import book_transfer
from billhead.actions.payments.import_statement import import_statement
from billhead.actions.payments.start_checkout import start_checkout
from billhead.db import reading
from billhead.domain.context import Context, Role, Scope
from billhead.domain.creditor_reference import About, Reference
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.models.banking import BankEntry
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.payments import Dispute, Payment, PaymentAttempt, UnassignedMoney
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-23"):
        yield shop


@pytest.fixture
def small(sqlite_url, tmp_path):
    """The same on SQLite alone."""
    app = build_app(sqlite_url, tmp_path / "home")
    with open_card_shop(app) as shop, shop.at("2026-11-23"):
        yield shop
    close_app(app)


def rf(document_id):
    return Reference(About.DOCUMENT, document_id).text


def outcome(done):
    return [entry.what for entry in done.entries]


def owed(shop, **wish):
    """An invoice of 12.55 EUR that nobody has paid: its order was, and the bank took the money back."""
    started = shop.order(**wish)
    shop.act(book_transfer, started.document_id, shop.bank, 1255, "EUR", f"first {started.document_id}")
    invoice = shop.invoices()[-1]
    bank = Bank()
    bank.records = [{}] * (900 + started.document_id)
    bank.take_back(1255, rf(invoice.id))
    bank.records = bank.records[-1:]
    assert outcome(import_statement(SYSTEM, bank.statement())) == ["reversed"]
    return shop.row(Document, invoice.id)


def somebody(shop, name="Bo", **columns):
    from billhead.db import writing

    aino = shop.row(Customer, shop.customer)
    with writing(SYSTEM) as tx:
        row = Customer(seller_id=shop.seller, name=name, email=f"{name}@example.com", country="FI", zone=aino.zone,
                       created_at=aino.created_at, **{"currency": "EUR", **columns})  # fmt: skip
        tx.session.add(row)
        tx.session.flush()
        return row.id


def test_from_the_instructions_to_the_statement_and_the_bank_changes_its_mind(shop):
    started = shop.order()
    checkout = start_checkout(SYSTEM, started.document_id, shop.bank, f"{shop.web}/back")
    shown = checkout.action["lines"]["Reference"]
    assert shown.replace(" ", "") == rf(started.document_id)
    assert shop.notices("transfer") == ["transfer"]

    bank = Bank()
    bank.receive(1255, reference=shown.replace(" ", ""), end_to_end_id="AINO-7")
    rehearsed = import_statement(SYSTEM, bank.notification(), dry_run=True)
    assert (outcome(rehearsed), shop.rows(Payment), shop.rows(BankEntry)) == (["booked"], [], [])

    assert outcome(import_statement(SYSTEM, bank.notification())) == ["booked"]
    (payment,) = shop.rows(Payment)
    (attempt,) = shop.rows(PaymentAttempt)
    assert (payment.provider_ref, payment.attempt_id, attempt.state) == ("MB-RCV-1", attempt.id, "succeeded")
    assert shop.invoices()[0].state == "paid"
    assert shop.balances() == {"clearing": 1255, "deferred_revenue": -1000, "tax": -255}
    assert shop.row(Subscription, started.subscription_id).paid_through == date(2026, 12, 23)

    bank.pay_out(500_00)
    again = import_statement(SYSTEM, bank.statement())  # the statement tells of it too
    assert (outcome(again), dict(again.left_out)) == (["known"], {"paid out": 1})
    assert len(shop.rows(Payment)) == 1

    bank.take_back(1255, end_to_end_id="AINO-7")
    assert outcome(import_statement(SYSTEM, bank.statement())) == ["known", "reversed"]
    assert outcome(import_statement(SYSTEM, bank.notification())) == ["known", "known"]
    (dispute,) = shop.rows(Dispute)
    assert (dispute.state, dispute.reason) == ("lost", "returned by the bank: MD06")
    assert (shop.invoices()[0].state, shop.row(Payment, payment.id).state) == ("final", "charged_back")
    assert shop.balances() == {"deferred_revenue": -1000, "receivable": 1255, "tax": -255}


def test_wherever_the_payer_wrote_it(small):
    first = owed(small)
    number = first.number_text
    places = {
        "structured": lambda name: {"reference": name, "note": f"for {rf(999)}"},
        "note": lambda name: {"note": f"TV, {name} thanks"},
        "wrapped": lambda name: {"note": f"Payment for my television in November {name}", "width": 35},
        "dashes": lambda name: {"note": f"rf{name[2:4]}-{name[4:8]} / {name[8:]}"},
        "end to end": lambda name: {"note": "television", "end_to_end_id": name},
        "number": lambda name: {"note": f"Rechnung {number.replace('-', '/')}, danke"},
        "number wrapped": lambda name: {"note": f"for television at home: bill {number} from Aino", "width": 35},
    }
    bank = Bank()
    for place, wish in places.items():
        bank.receive(1, **wish(rf(first.id)))
        done = import_statement(SYSTEM, bank.statement())
        assert outcome(done)[-1] == "booked", place
    assert small.row(Document, first.id).settled_minor == len(places)
    bank.receive(1, rf(first.id)[:-1] + "9")  # a slip of the finger
    assert outcome(import_statement(SYSTEM, bank.statement()))[-1] == "unassigned"


def test_short_over_several_and_for_what_is_paid_already(shop):
    first, second = owed(shop), owed(shop)
    bank = Bank()
    bank.receive(1000, rf(second.id))  # short: a part
    assert outcome(import_statement(SYSTEM, bank.notification())) == ["booked"]
    assert shop.row(Document, second.id).settled_minor == 1000
    bank.receive(2000, f"{rf(second.id)} and {rf(first.id)}")  # 12.55 for the older one, 2.55 left, 4.90 over
    assert outcome(import_statement(SYSTEM, bank.notification())) == ["known", "booked"]
    assert [shop.row(Document, one.id).state for one in (first, second)] == ["paid", "paid"]
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [490]
    bank.receive(300, rf(first.id))  # paid twice: it is credit
    assert outcome(import_statement(SYSTEM, bank.statement())) == ["known", "known", "booked"]
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [490, 300]
    assert shop.balances()["credit_bought"] == -790


def test_less_than_an_order_waits_as_credit_until_the_rest_comes(small):
    started = small.order()
    start_checkout(SYSTEM, started.document_id, small.bank, f"{small.web}/back")
    bank = Bank()
    bank.receive(1000, rf(started.document_id))
    import_statement(SYSTEM, bank.notification())
    assert (small.row(Document, started.document_id).state, small.invoices()) == ("open", [])
    rest = start_checkout(SYSTEM, started.document_id, small.bank, f"{small.web}/back")
    assert rest.action["lines"]["Amount"] == "2.55 EUR"
    bank.receive(255, rf(started.document_id))
    assert outcome(import_statement(SYSTEM, bank.notification())) == ["known", "booked"]
    assert small.invoices()[0].state == "paid"
    assert sum(lot.remaining_minor for lot in small.rows(CustomerCredit)) == 0


def test_one_reference_for_an_attempt_that_pays_several(small):
    first, second = small.order(), small.order()
    checkout = start_checkout(SYSTEM, first.document_id, small.bank, f"{small.web}/back", also=[second.document_id])
    told = checkout.action["lines"]
    assert (told["Reference"][5], told["Amount"]) == ("P", "25.10 EUR")
    bank = Bank()
    bank.receive(2510, told["Reference"].lower())
    assert outcome(import_statement(SYSTEM, bank.statement())) == ["booked"]
    assert [invoice.state for invoice in small.invoices()] == ["paid", "paid"]
    assert small.attempts() == ["succeeded"]


def test_what_nobody_can_know_waits_with_suggestions(small):
    mine, bo = owed(small), somebody(small)
    from billhead.actions.subscriptions.start import Order, start_subscription

    his = small.act(start_subscription, Order(bo, "tv", "1 month"))
    dear = somebody(small, "Dag", currency="SEK")
    small.change(Document, small.order().document_id, customer_id=dear, currency="SEK")
    sek = small.rows(Document)[-1].id
    bank = Bank()
    bank.receive(1255, "thank you")
    bank.receive(2510, f"{rf(mine.id)} {rf(his.document_id)}")
    bank.receive(100, rf(sek))
    bank.sent_back(700)
    done = import_statement(SYSTEM, bank.statement())
    assert [(entry.what, entry.why) for entry in done.entries] == [
        ("unassigned", "it names no document"),
        ("unassigned", "it names documents of several customers"),
        ("unassigned", "it names a document in SEK"),
        ("unassigned", "what was sent to somebody has come back: AC04"),
    ]
    assert small.balances()["suspense"] == -(1255 + 2510 + 100 + 700)
    plain, both, *_ = small.rows(UnassignedMoney)
    assert plain.payer == "Aino Korhonen DE89370400440532013000"
    with reading() as session:
        told = [(one.customer.name, one.document.id, one.why) for one in suggestions_for(session, plain)]
        assert told == [("Aino", mine.id, "has paid from this account before")]
        told = {(one.customer.name, one.why) for one in suggestions_for(session, both)}
        assert told == {("Aino", "named in the transfer"), ("Bo", "named in the transfer")}
    small.act(assign_money, plain.id, small.customer)
    assert small.row(Document, mine.id).state == "paid"
    bank.receive(999, "and again")
    import_statement(SYSTEM, bank.statement())
    with reading() as session:
        last = session.scalars(select(UnassignedMoney).order_by(UnassignedMoney.id.desc())).first()
        assert [one.why for one in suggestions_for(session, last)] == ["has paid from this account before"]


def test_what_staff_have_booked_by_hand_is_not_booked_again(small):
    invoice = owed(small)
    small.act(book_transfer, invoice.id, small.bank, 1000, "EUR", "seen on Monday")
    bank = Bank()
    bank.receive(1000, rf(invoice.id))
    bank.receive(1000, rf(invoice.id))  # the same again is another transfer
    done = import_statement(SYSTEM, bank.statement())
    assert [(entry.what, entry.why) for entry in done.entries] == [
        ("linked", "staff had booked it by hand"),
        ("booked", ""),
    ]
    small.act(book_transfer, small.order().document_id, small.bank, 1255, "EUR", "MB-RCV-3")
    bank.receive(1255, "no reference at all")
    assert outcome(import_statement(SYSTEM, bank.statement())) == ["known", "known", "linked"]


def test_a_return_that_fits_nothing_stays_open(small):
    bank = Bank()
    bank.take_back(700, end_to_end_id="STRANGER")
    done = import_statement(SYSTEM, bank.statement())
    assert [(entry.what, entry.why) for entry in done.entries] == [
        ("open", "it takes back money that is not known here")
    ]
    assert small.balances() == {}


def test_a_transfer_for_a_void_invoice_is_credit_once(small):
    shop, bank = small, Bank()
    gone, before = owed(shop), len(shop.rows(Payment))
    shop.act(void_document, gone.id, reason="a mistake")
    bank.receive(1255, rf(gone.id))
    for told in (bank.notification(), bank.statement(), bank.statement()):  # and again, and again
        import_statement(SYSTEM, told)
    assert [one.amount_minor for one in shop.rows(Payment)[before:]] == [1255]
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [1255]
    assert shop.row(Document, gone.id).state == "void"


def test_two_imports_at_once_book_once(shop):
    started = shop.order()
    bank = Bank()
    bank.receive(1255, rf(started.document_id))
    results = []

    def take_in():
        with shop.app.app_context(), shop.at("2026-11-23"):
            results.extend(outcome(import_statement(SYSTEM, bank.statement())))

    threads = [Thread(target=take_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["booked", "known", "known", "known"]
    assert len(shop.rows(Payment)) == 1
    assert shop.balances() == {"clearing": 1255, "deferred_revenue": -1000, "tax": -255}


def test_a_file_of_another_account_and_a_stranger_are_refused(small):
    with pytest.raises(InvalidInput, match="it tells of DE89370400440532013000, not of FI2112345600000785"):
        import_statement(SYSTEM, Bank("DE89370400440532013000").statement())
    with pytest.raises(NotAllowed, match=r"payments\.write"):
        import_statement(Context("customer:1", Role.CUSTOMER, Scope(customer_id=1)), Bank().statement())
