"""Credit notes over whole invoices, lines, pieces and days: with the tax of the original, in numbers of their own."""

from dataclasses import replace
from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import at
from sqlalchemy import func, select

from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.rehearse import rehearse
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.documents import Document, DocumentLine
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.operations import Event, Notice
from billhead.models.subscriptions import SubscriptionComponent

DEC, JAN = date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def invoiced(shop, *prices, **more):
    """An invoice for December with a line for each price, plus 20 %."""
    customer = shop.customer()
    plans = [shop.plan(f"plan{number}", price, **more) for number, price in enumerate(prices)]
    subscription = shop.subscribe(customer, *plans, due=DEC)
    shop.run(DEC)
    return shop.all(Document, Document.subscription_id == subscription)[-1]


def lines(shop, document):
    return shop.all(DocumentLine, DocumentLine.document_id == document)


def credit(shop, invoice, *corrections, reason="outage", way="credit"):
    with writing(SYSTEM) as tx:
        return issue_credit_note(tx, invoice.id, corrections, reason=reason, way=way)


def accounts(shop):
    """Account → debits less credits."""
    with reading() as session:
        assert verify_ledger(session).faults == []
        rows = session.execute(
            select(LedgerAccount.code, LedgerPosting.side, func.sum(LedgerPosting.amount_minor))
            .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
            .group_by(LedgerAccount.code, LedgerPosting.side)
        )
        sums = {}
        for code, side, minor in rows:
            sums[code] = sums.get(code, 0) + (int(minor) if side == "D" else -int(minor))
    return {code: minor for code, minor in sorted(sums.items()) if minor}


def test_a_whole_invoice_is_given_back_with_its_tax(shop):
    invoice = invoiced(shop, 999)
    made = credit(shop, invoice)
    # 9.99 + 20 % = 2.00
    assert (made.net_minor, made.tax_minor, made.total_minor, made.on_documents) == (999, 200, 1199, 1199)
    note = shop.get(Document, made.credit_note_id)
    assert (note.kind, note.number_text, note.state, note.corrects_id) == (
        "credit_note", "CN-2026-000001", "paid", invoice.id
    )  # fmt: skip
    assert note.notes == ["Reason: outage"]
    assert shop.get(Document, invoice.id).state == "paid"
    assert accounts(shop) == {}
    with pytest.raises(Conflict, match=r"nothing is given back: 0\.00 EUR are left"):
        credit(shop, invoice)


def test_three_parts_sum_to_the_line_and_are_numbered_without_gap(shop):
    invoice = invoiced(shop, 999)
    (line,) = lines(shop, invoice.id)
    parts = [credit(shop, invoice, Correction(line.id, amount_minor=400)) for _ in range(2)]
    parts.append(credit(shop, invoice))
    assert [(one.net_minor, one.tax_minor) for one in parts] == [(333, 67), (334, 66), (332, 67)]
    assert [one.number_text for one in parts] == [f"CN-2026-00000{n}" for n in (1, 2, 3)]
    given = [lines(shop, one.credit_note_id)[0] for one in parts]
    assert [(one.kind, one.revision, one.corrects_line_id) for one in given] == [
        ("corrected", revision, line.id) for revision in range(3)
    ]
    assert accounts(shop) == {}


def test_some_days_of_one_line(shop):
    invoice = invoiced(shop, 1000, 500)
    first, _ = lines(shop, invoice.id)
    made = credit(shop, invoice, Correction(first.id, since=date(2026, 12, 15)))
    # 17 of 31 days of 12.00 = 6.58: 2.00 × 6.58 ÷ 12.00 = 1.10 tax
    assert (made.net_minor, made.tax_minor) == (548, 110)
    (given,) = lines(shop, made.credit_note_id)
    assert (given.period_start, given.period_end) == (date(2026, 12, 15), JAN)
    assert shop.get(Document, invoice.id).settled_minor == 658


def test_pieces_of_a_line(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.plan("box", 250), due=DEC)
    shop.change(SubscriptionComponent, shop.all(SubscriptionComponent)[-1].id, quantity=4)
    shop.run(DEC)
    (invoice,) = shop.all(Document, Document.subscription_id == subscription)
    (line,) = lines(shop, invoice.id)
    made = credit(shop, invoice, Correction(line.id, quantity=3))
    assert (made.net_minor, made.tax_minor) == (750, 150)
    (given,) = lines(shop, made.credit_note_id)
    assert (given.quantity, given.unit_minor) == (3, 250)


def test_pieces_given_back_one_after_the_other_sum_to_the_line(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.plan("box", 503), due=DEC)
    shop.change(SubscriptionComponent, shop.all(SubscriptionComponent)[-1].id, quantity=2)
    shop.run(DEC)
    (invoice,) = shop.all(Document, Document.subscription_id == subscription)
    (line,) = lines(shop, invoice.id)
    made = [credit(shop, invoice, Correction(line.id, quantity=1)).total_minor for _ in range(2)]
    assert made == [604, 603]  # of 10.06 + 2.01
    assert accounts(shop) == {}


def test_days_that_staff_have_given_back_are_not_given_back_again(shop):
    invoice = invoiced(shop, 3100)
    (line,) = lines(shop, invoice.id)
    asked = [date(2026, 12, 22), date(2026, 12, 12), date(2026, 12, 1)]
    made = [credit(shop, invoice, Correction(line.id, since=since)).net_minor for since in asked]
    assert made == [1000, 1000, 1100]
    assert accounts(shop) == {}


def test_days_that_a_change_gave_back_are_not_given_back_again(shop):
    basic, _ = shop.plan("basic", 3100), shop.plan("gold", 6200)
    subscription = shop.subscribe(shop.customer(), basic, due=DEC)
    with at(DEC):
        shop.run(DEC)
    (invoice,) = shop.all(Document, Document.subscription_id == subscription)
    (line,) = lines(shop, invoice.id)
    with at(date(2026, 12, 12)), writing(SYSTEM) as tx:
        change(tx, ChangeWish(subscription, plan="gold"))
    with at(date(2026, 12, 22)):
        with pytest.raises(Conflict, match=r"nothing is given back: 13\.20 EUR are left"):
            credit(shop, invoice, Correction(line.id, since=date(2026, 12, 22)))
        made = credit(shop, invoice, Correction(line.id, since=date(2026, 12, 10)))
    assert made.net_minor == 200  # the 10th and 11th: basic was had for no other of these days


def test_what_is_shown_before_is_what_happens(shop):
    invoice = invoiced(shop, 999)
    (line,) = lines(shop, invoice.id)
    wish = [Correction(line.id, amount_minor=500)]
    shown = rehearse(SYSTEM, lambda tx: issue_credit_note(tx, invoice.id, wish, reason="outage"))
    assert [one.kind for one in shop.all(Document)] == ["invoice"]
    made = credit(shop, invoice, *wish)
    assert replace(made, credit_note_id=0) == replace(shown, credit_note_id=0)


def test_it_is_told_once(shop):
    made = credit(shop, invoiced(shop, 1000))
    told = shop.all(Event, Event.aggregate == f"document:{made.credit_note_id}")
    assert [one.type for one in told] == ["document.issued"]
    assert [one.kind for one in shop.all(Notice)] == ["credit_note"]


@pytest.mark.parametrize(
    ("wish", "refused"),
    [
        ({"amount_minor": 1300}, "amount: must be from 0 to 12.00 EUR"),
        ({"amount_minor": -1}, "amount: must be from 0 to 12.00 EUR"),
        ({"quantity": 2}, "quantity: must be from 1 to 1"),
        ({"since": date(2027, 1, 1)}, "since: 2027-01-01 is not a day from 2026-12-01"),
        ({"amount_minor": 1, "quantity": 1}, "lines: give an amount, a quantity or days"),
    ],
)
def test_bad_wishes_are_refused_and_take_no_number(shop, wish, refused):
    invoice = invoiced(shop, 1000)
    (line,) = lines(shop, invoice.id)
    with pytest.raises(InvalidInput, match=refused):
        credit(shop, invoice, Correction(line.id, **wish))
    with pytest.raises(InvalidInput, match="reason: is needed"):
        credit(shop, invoice, reason=" ")
    with pytest.raises(InvalidInput, match="lines: 99 is no line of"):
        credit(shop, invoice, Correction(99))
    assert credit(shop, invoice).number_text == "CN-2026-000001"


def test_only_a_final_invoice_is_corrected(shop):
    invoice = invoiced(shop, 1000)
    made = credit(shop, invoice, Correction(lines(shop, invoice.id)[0].id, amount_minor=100))
    with pytest.raises(Conflict, match="is a credit_note"):
        credit(shop, shop.get(Document, made.credit_note_id))
    shop.change(Document, invoice.id, state="void")
    with pytest.raises(Conflict, match="only a final invoice"):
        credit(shop, invoice)


def test_the_entry_of_a_credit_note_is_the_invoice_turned(shop):
    made = credit(shop, invoiced(shop, 1000))
    note = shop.get(Document, made.credit_note_id)
    with reading() as session:
        rows = session.execute(
            select(LedgerAccount.code, LedgerPosting.side, LedgerPosting.amount_minor)
            .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
            .where(LedgerPosting.entry_id == note.entry_id)
            .order_by(LedgerPosting.leg)
        ).all()
        kind = session.scalar(select(LedgerEntry.kind).where(LedgerEntry.id == note.entry_id))
    assert kind == "credit_note"
    assert [tuple(row) for row in rows] == [
        ("receivable", "C", 1200), ("deferred_revenue", "D", 1000), ("tax", "D", 200),
    ]  # fmt: skip
