"""From "I have paid" to the booking: a customer sends a proof, and staff decide. Nothing of it is success by itself."""

import io
import re
from datetime import date

import pytest
from bank_files import Bank
from web_shop import Shop

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.banking import BankEntry, TransferProof
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Notice
from billhead.models.payments import Payment, PaymentAttempt

PDF = b"%PDF-1.7 a bank says that it was sent"
PNG = b"\x89PNG\r\n\x1a\n and a picture"


@pytest.fixture
def staff(shop: Shop):
    return shop.person("staff", "boss@example.com", "*")


@pytest.fixture
def payer(shop: Shop):
    """Ada has ordered a month for 9.99 EUR and chosen to transfer."""
    browser = shop.customer()
    shop.order(browser, account=str(shop.accounts["transfer"]))
    return browser


def send(browser, data=PDF, name="proof.pdf", attempt=1):
    page = f"/pay/on/{attempt}"
    fields = {"proof": (io.BytesIO(data), name)}
    answer = browser.post(f"{page}/proof", fields, page=page, content_type="multipart/form-data")
    answer.request.environ["wsgi.input"].close()  # the client's own: a large one is a file
    return answer


def test_a_proof_is_shown_asked_about_and_booked_with_what_came(shop: Shop, payer, staff):
    assert send(payer, name="my bank; (1).pdf").status_code == 303
    (proof,) = shop.rows(TransferProof)
    assert (proof.media_type, proof.file_name, proof.state) == ("application/pdf", "my bank- -1.pdf", "waiting")
    assert "we look at it" in payer.get("/pay/on/1").text
    assert shop.rows(Payment) == []
    assert shop.rows(PaymentAttempt)[0].state == "requires_action", "a picture is no payment"
    assert "Ada Lovelace" in staff.get("/admin/proofs?state=waiting").text
    saved = staff.get("/admin/proofs/1/file")
    assert (saved.data, saved.mimetype) == (PDF, "application/pdf")
    assert saved.headers["Content-Disposition"] == 'attachment; filename="my-bank---1.pdf"'
    assert saved.headers["X-Content-Type-Options"] == "nosniff"

    page = "/admin/proofs/1/approve"
    assert staff.post(page, {"amount": "12.00", "reason": "seen"}, page=page).status_code == 422, "no reference"
    told = {"amount": "12.00", "reference": "line 7", "reason": "seen in the bank"}
    shown = staff.post(page, told, page=page)
    assert shop.rows(Payment) == [], "figures first"
    figures = re.findall("<dt>(.+?)</dt><dd>(.+?)</dd>", shown.text)
    assert figures == [("Booked", "€12.00"), ("order 1", "€9.99, paid in full"), ("Becomes credit", "€2.01")]
    assert staff.yes(page, shown, **told).status_code == 303
    (payment,) = shop.rows(Payment)
    assert (payment.amount_minor, payment.provider_ref, payment.attempt_id) == (1200, "line 7", 1)
    assert shop.rows(Document, Document.kind == "invoice")[0].state == "paid"
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [201]  # 12.00 - 9.99
    assert shop.rows(TransferProof)[0].payment_id == payment.id
    again = staff.post(page, {**told, "reference": "line 8"}, page=page)
    assert "this proof is approved already" in again.text.lower()
    assert send(payer).status_code == 409, "it is paid"


def test_a_rejected_one_says_why_and_another_may_follow(shop: Shop, payer, staff):
    send(payer)
    page = "/admin/proofs/1/reject"
    told = {"answer": "The picture shows <another> account.", "reason": "wrong IBAN"}
    assert staff.post(page, {"reason": "wrong IBAN"}, page=page).status_code == 422, "the customer is told why"
    assert staff.post(page, told, page=page).status_code == 303
    assert "The picture shows &lt;another&gt; account." in payer.get("/pay/on/1").text
    assert shop.rows(Notice)[-1].kind == "proof_rejected"
    assert send(payer, PNG, "x.exe").status_code == 303
    assert [one.state for one in shop.rows(TransferProof)] == ["rejected", "waiting"]
    assert shop.rows(TransferProof)[1].file_name == "x.png"


def test_what_is_no_proof_is_refused(shop: Shop, payer):
    for data, said in (
        (b"", "Choose a file"),
        (b"MZ\x90 a program", "It is no PDF, JPEG or PNG"),
        (b"<svg onload=alert(1)>", "It is no PDF, JPEG or PNG"),
        (PDF + b" " * 5 * 1024 * 1024, "It is larger than 5 MB"),
    ):
        answer = send(payer, data, "proof.pdf")
        assert (answer.status_code, said in answer.text) == (422, True), said
    for _ in range(3):
        assert send(payer).status_code == 303
    assert "Your files are with us" in send(payer).text
    assert len(shop.rows(TransferProof)) == 3


def test_a_proof_is_the_customers_own(shop: Shop, payer):
    send(payer)
    assert payer.get("/pay/proofs/1").data == PDF
    eve = shop.customer("eve@example.com")
    assert eve.get("/pay/proofs/1").status_code == 404
    sent = eve.post("/pay/on/1/proof", {"proof": (io.BytesIO(PDF), "p.pdf")}, content_type="multipart/form-data")
    assert sent.status_code == 404
    trainee = shop.person("staff", "trainee@example.com")
    assert trainee.get("/admin/proofs/1").status_code == 200
    assert trainee.get("/admin/proofs/1/file").status_code == 403


def test_a_card_payment_takes_no_proof(shop: Shop):
    browser = shop.customer()
    shop.order(browser)
    answer = browser.post("/pay/on/1/proof", {"proof": (io.BytesIO(PDF), "p.pdf")}, content_type="multipart/form-data")
    assert answer.status_code == 409


def test_staff_take_in_a_file_of_the_bank(shop: Shop, payer, staff):
    bank = Bank()
    bank.receive(999, "no reference", end_to_end_id="E-1")
    page = "/admin/statements/new"

    def take_in(data, **more):
        fields = {"file": (io.BytesIO(data), "camt.xml"), **more}
        return staff.post(page, fields, page=page, content_type="multipart/form-data")

    shown = take_in(bank.statement(), dry_run="y")
    assert "it names no document" in shown.text
    assert shop.rows(BankEntry) == []
    assert "Is no statement" in take_in(b"nonsense").text
    assert take_in(bank.statement()).status_code == 303
    assert "no reference" in staff.get("/admin/statements?state=unassigned").text
    page = "/admin/unassigned/1/assign"
    asked = staff.get(page).text
    assert "order 1 (€9.99)" in asked
    assert "They say: “no reference”." in asked
    filled = staff.get(f"{page}?customer=1&document=1").text
    assert 'value="1"' in filled
    told = {"customer": "1", "document": "1", "reason": "Ada called"}
    shown = staff.post(page, told, page=page)
    assert "<dt>order 1</dt><dd>€9.99, paid in full</dd>" in shown.text
    assert "It may be" in shown.text
    assert staff.yes(page, shown, **told).status_code == 303
    assert shop.rows(Document, Document.kind == "invoice")[0].state == "paid"


def test_what_is_nobodys_is_given_back_and_then_assigned_to_nobody(shop: Shop, payer, staff):
    bank = Bank()
    bank.receive(999, "no reference", end_to_end_id="E-1")
    page = "/admin/statements/new"
    upload = {"file": (io.BytesIO(bank.statement()), "camt.xml")}
    staff.post(page, upload, page=page, content_type="multipart/form-data")
    assert "/admin/unassigned/1/give-back" in staff.get("/admin/unassigned/1/assign").text
    page = "/admin/unassigned/1/give-back"
    assert "This books that €9.99 have left" in staff.get(page).text
    assert staff.post(page, {"reference": "", "reason": "nobody's"}, page=page).status_code == 422
    assert staff.post(page, {"reference": "B-77", "reason": "nobody's"}, page=page).status_code == 303
    assigned = staff.get("/admin/unassigned/1/assign").text
    assert "It was given back: B-77." in assigned
    assert "/give-back" not in assigned
    trainee = shop.person("staff", "trainee@example.com")
    assert trainee.get(page).status_code == 403


def test_a_transfer_over_several_is_shown_in_its_order_before_it_is_booked(shop: Shop, staff):
    """Two months of 9.99 each are owed; 15.00 pay the older one whole, and 5.01 of the other."""
    shop.customer()
    owed = {"seller_id": shop.seller_id, "customer_id": 1, "kind": "invoice", "state": "final", "currency": "EUR",
            "fiscal_year": 2026, "net_minor": 999, "tax_minor": 0, "total_minor": 999}  # fmt: skip
    line = {"position": 1, "kind": "recurring", "description": "TV", "unit_minor": 999, "net_minor": 999}
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        for number, due in ((8, date(2026, 11, 20)), (7, date(2026, 11, 5))):
            bill = Document(**owed, number=number, number_text=f"INV-{number}", due_on=due, created_at=clock.now())
            tx.session.add(bill)
            tx.session.flush()
            tx.session.add(DocumentLine(document_id=bill.id, **line))
    page, account = "/admin/customers/1/receipt", str(shop.accounts["transfer"])
    told = {"account": account, "amount": "15", "reference": "T-9", "reason": "seen in the bank"}
    shown = staff.post(page, told, page=page)
    assert re.findall("<dt>(.+?)</dt><dd>(.+?)</dd>", shown.text) == [
        ("Booked", "€15.00"), ("INV-7", "€9.99, paid in full"), ("INV-8", "€5.01 paid, €4.98 stays open"),
        ("Becomes credit", "€0.00"),
    ]  # fmt: skip
    assert [one.settled_minor for one in shop.rows(Document)] == [0, 0]
    assert staff.yes(page, shown, **told).status_code == 303
    assert [one.settled_minor for one in shop.rows(Document)] == [501, 999]
