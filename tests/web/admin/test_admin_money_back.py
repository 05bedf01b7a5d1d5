"""Behind the counter: credit notes, refunds, chargebacks, void, write-off, with their figures before they happen."""

import re
from datetime import date
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from billhead.actions.documents._corrected import Line
from billhead.actions.documents.issue_credit_note import Correction
from billhead.actions.payments.book_payout import book_payout
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.correction import Parts
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import Dispute, GatewayAccount, Payment, Refund
from billhead.plugin import AttemptState, GatewayCapabilities, Outcome
from billhead.plugin_host import plugins
from billhead.web.admin.corrections import corrections_of


def invoice(counter):
    return next(
        counter.row(Document, key) for key in (1, 2, 3) if getattr(counter.row(Document, key), "kind", "") == "invoice"
    )


def test_a_credit_note_is_filled_in_shown_and_issued(any_counter):
    counter = any_counter
    bill = invoice(counter)
    path = f"/admin/documents/{bill.id}/credit-note"
    asked = counter.get(path).text
    field = re.search(r'name="(line_\d+)"[^>]*value="9\.99"', asked)
    assert field, asked
    shown, told = counter.yes(path, **{field[1]: "4.00", "way": "credit"})
    assert "Becomes credit" in shown
    assert "€4.00" in shown
    assert "Credit note CN-" in told
    assert counter.trail("documents.issue_credit_note")[0][2] == "asked by phone"
    page = counter.get(f"/admin/documents/{bill.id}").text
    assert "credit note</a>" in page
    assert "€5.99 with tax are left of it" in counter.get(path).text


def test_what_waits_on_a_credit_note_is_placed_and_nobody_pays_it(any_counter):
    counter = any_counter
    bill = invoice(counter)
    field = re.search(r'name="(line_\d+)"', counter.get(f"/admin/documents/{bill.id}/credit-note").text)[1]
    counter.yes(f"/admin/documents/{bill.id}/credit-note", **{field: "4.00", "way": "keep"})
    with counter.shop.app.app_context(), reading() as session:
        note = session.scalars(select(Document).where(Document.kind == "credit_note")).one()
    page = counter.get(f"/admin/documents/{note.id}").text
    assert "Place what waits" in page
    assert "Pay from credit" not in page
    assert "Book a transfer" not in page
    assert counter.post(f"/admin/documents/{note.id}/credit", reason="why not").status_code in (409, 422)
    shown, told = counter.yes(f"/admin/documents/{note.id}/place", way="credit")
    assert "Becomes credit" in shown
    assert "€4.00" in shown
    assert "€4.00 are placed." in told
    assert "Place what waits" not in counter.get(f"/admin/documents/{note.id}").text
    assert counter.post(f"/admin/documents/{note.id}/place", way="credit", reason="again").status_code in (409, 422)
    assert counter.post(f"/admin/documents/{bill.id}/place", way="credit", reason="x").status_code in (409, 422)


def test_what_begins_after_the_chosen_day_is_given_back_whole():
    """November's use and December's plan stand on one invoice; from 20 November on nothing could be watched."""
    nov, dec, jan = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
    months = {1: (nov, dec), 2: (dec, jan)}
    lines = {
        key: Line(DocumentLine(id=key, period_start=start, period_end=end), Parts(1000, (0,)), Parts(0, (0,)), False)
        for key, (start, end) in months.items()
    }
    form = SimpleNamespace(since=SimpleNamespace(data=date(2026, 11, 20)))
    wanted = [Correction(1, since=date(2026, 11, 20)), Correction(2, since=dec)]
    assert corrections_of(form, lines, "EUR") == wanted


def test_without_having_seen_the_figures_nothing_happens(counter):
    bill = invoice(counter)
    path = f"/admin/documents/{bill.id}/credit-note"
    answer = counter.post(path, reason="quick", way="credit", seen="0" * 16, since="2000-01-01")
    assert answer.status_code == 422
    assert counter.trail("documents.issue_credit_note") == []


@pytest.mark.parametrize(
    ("fields", "refused"),
    [({"amount": "10.00"}, "9.99 EUR"), ({"amount": "NaN"}, "is not an amount"), ({"amount": "-1"}, "above zero")],
)
def test_a_refund_of_too_much_is_refused_at_its_form(counter, fields, refused):
    answer = counter.post("/admin/payments/1/refund", reason="asked", to="source", **fields)
    assert answer.status_code == 422
    assert refused in answer.text


def test_a_refund_says_what_it_opens_and_is_sent(counter):
    shown, told = counter.yes("/admin/payments/1/refund", amount="9.99", to="source")
    assert "Goes back" in shown
    assert "Owed again on" in shown
    assert "The money is on its way back." in told
    assert counter.row(Payment, 1).refunded_minor == 999
    assert counter.row(Refund, 1).amount_minor == 999
    page = counter.get("/admin/payments/1").text
    assert "Refunds</caption>" in page
    assert counter.get("/admin/refunds").status_code == 200


def test_a_refund_that_the_payer_claims_shows_its_link_to_those_who_may_refund(counter, monkeypatch):
    with counter.shop.app.app_context():
        gateway = type(plugins().gateway("cards"))
    able = GatewayCapabilities(refund=True, partial_refund=True, refund_claimed=True)
    waits = Outcome(AttemptState.PROCESSING, "pp1", action_url="https://coins.example/claim/pp1")
    monkeypatch.setattr(gateway, "capabilities", lambda _: able)
    monkeypatch.setattr(gateway, "refund", lambda *_: waits)
    shown, told = counter.yes("/admin/payments/1/refund", amount="9.99", to="source")
    assert "the customer is mailed a link, and says where it goes" in shown
    assert "until then the refund is processing" in told
    assert 'href="https://coins.example/claim/pp1"' in counter.get("/admin/payments/1").text
    reader = counter.shop.person("staff", "reader@example.com", "payments.read")
    seen_by_them = reader.get("/admin/payments/1").text
    assert "coins.example" not in seen_by_them


def test_a_chargeback_opens_the_debt_and_is_decided(counter):
    shown, _ = counter.yes("/admin/payments/1/chargeback", amount="9.99", reference="CB-1", fee="15.00")
    assert "its paid time ends" in shown
    assert counter.row(Dispute, 1).fee_minor == 1500
    assert invoice(counter).state == "final"
    assert "CB-1" in counter.get("/admin/disputes").text
    counter.confirm("/admin/disputes/1/decide", outcome="won")
    assert invoice(counter).state == "paid"


def test_a_debt_is_written_off_and_a_document_void(counter):
    counter.yes("/admin/payments/1/chargeback", amount="9.99", reference="CB-1")
    key = invoice(counter).id
    assert "no run bills it again" in counter.get(f"/admin/documents/{key}/void").text
    shown, _ = counter.yes(f"/admin/documents/{key}/write-off")
    assert "Loss" in shown
    assert invoice(counter).state == "written_off"
    refused = counter.post(f"/admin/documents/{key}/void", reason="oops")
    assert refused.status_code == 422
    assert "Not possible from the state written_off" in refused.text


def test_money_is_moved_off_a_document(counter):
    key = invoice(counter).id
    shown, told = counter.yes(f"/admin/documents/{key}/move", amount="5.00", to="0")
    assert "the customer’s credit" in shown
    assert "€5.00 moved." in told
    assert invoice(counter).settled_minor == 499


def test_who_may_not_does_not_even_see_it(counter):
    clerk = counter.shop.person("staff", "clerk@example.com", "payments.write")
    assert clerk.get("/admin/payments/1/refund").status_code == 403
    page = clerk.get("/admin/payments/1")
    assert page.status_code == 200
    assert "Refund</a>" not in page.text


def test_an_account_that_tells_of_its_payouts_is_not_offered_for_booking_one(counter, monkeypatch):
    with counter.shop.app.app_context():
        gateway = type(plugins().gateway("cards"))
    assert ">Card</option>" in counter.get("/admin/payouts/new").text
    monkeypatch.setattr(gateway, "tells_payouts", lambda _gateway, account: account.code == "cards")
    asked = counter.get("/admin/payouts/new").text
    assert ">Card</option>" not in asked
    assert ">Bank transfer</option>" in asked


def test_a_payout_that_came_back_is_returned_with_its_reason(counter):
    with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
        account = tx.session.scalar(select(GatewayAccount.id).order_by(GatewayAccount.id))
        key = book_payout(tx, account, 700, "EUR", "W-7", more_than_held=True).payout_id
    assert f'href="/admin/payouts/{key}/return"' in counter.get("/admin/payouts").text
    clerk = counter.shop.person("staff", "clerk@example.com", "documents.write")
    assert "/return" not in clerk.get("/admin/payouts").text
    assert clerk.get(f"/admin/payouts/{key}/return").status_code == 403
    asked = {"on": "2001-01-01", "reason": "no such account"}
    assert "since it was paid out" in counter.post(f"/admin/payouts/{key}/return", **asked).text
    asked["on"] = re.search(r'type="date" value="([^"]+)"', counter.get(f"/admin/payouts/{key}/return").text)[1]
    told = counter.post(f"/admin/payouts/{key}/return", **asked)
    assert told.status_code == 303
    shown = counter.get("/admin/payouts").text
    assert "no such account" in shown
    assert "/return" not in shown
