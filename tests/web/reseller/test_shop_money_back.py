"""The owner of a shop gives money back and books what came by hand, as staff do for the operator; and nobody else's.

A month of Basic costs 25.00 EUR in Aurora's shop.
"""

import io
import re

from white_label import WhiteLabel

from billhead.actions.payments.save_gateway_account import AccountEntry
from billhead.actions.shops.book_shop_money import book_shop_money
from billhead.actions.shops.close_shop_refund import close_shop_refund
from billhead.actions.shops.credit_shop_document import credit_shop_document
from billhead.actions.shops.refund_shop_payment import refund_shop_payment
from billhead.actions.shops.reject_shop_proof import reject_shop_proof
from billhead.actions.shops.save_shop_gateway import save_shop_gateway
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import NotAllowed, NotFound
from billhead.models.banking import TransferProof
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import AuditEntry, Notice
from billhead.models.payments import AttemptDocument, Payment, PaymentAttempt, Refund
from billhead.models.people import Reseller

PAGES = "/reseller/shop/documents"


def refused(white: WhiteLabel, action, *args, who: str, **more) -> type[Exception] | None:
    try:
        white.act(action, white.area.ids[who], *args, who=who, **more)
    except (NotFound, NotAllowed) as error:
        return type(error)
    return None


def by_transfer(white: WhiteLabel) -> int:
    """Aurora takes transfers too, and Eve has ordered a month so: the order that waits for her money."""
    key = white.area.ids["aurora"]
    more = {"page": "https://pay.example/", "key": "k"}
    account = white.act(save_shop_gateway, key, "transfer", AccountEntry("", "Bank"), more, who="aurora")
    white.accounts["aurora"] = account
    assert white.order(white.customer("aurora", "eve@example.com"), "aurora").status_code == 303
    return int(account)


def test_what_is_given_back_is_shown_first_and_written_down(white_label: WhiteLabel):
    shop, aurora, gulf = white_label.shop, white_label.area.browsers["aurora"], white_label.area.browsers["gulf"]
    white_label.sell()
    shop.work()
    (invoice,), (payment,) = shop.rows(Document, Document.kind == "invoice"), shop.rows(Payment)
    paper = f"{PAGES}/{invoice.id}"
    seen = aurora.get(paper).text
    assert invoice.number_text in seen
    assert f"/reseller/shop/payments/{payment.id}/refund" in seen
    assert "/money" not in seen, "cards report by themselves"

    note = f"{paper}/credit-note"
    line = f"line_{shop.rows(DocumentLine, DocumentLine.document_id == invoice.id)[0].id}"
    lines = {line: "5.00", "way": "credit", "reason": "two days without pictures"}
    assert aurora.post(note, lines | {line: "25.01"}, page=note).status_code == 422
    assert aurora.post(note, lines | {line: "x"}, page=note).status_code == 422
    assert aurora.post(note, lines | {"reason": ""}, page=note).status_code == 422
    assert aurora.post(note, lines | {line: ""}, page=note).status_code == 422
    shown = aurora.post(note, lines, page=note)
    assert "Becomes credit" in shown.text
    assert "5.00" in shown.text
    assert shop.rows(CustomerCredit) == [], "looked at, not done"
    assert aurora.yes(note, shown, **lines).location == paper
    assert [lot.remaining_minor for lot in shop.rows(CustomerCredit)] == [500]
    audit = shop.rows(AuditEntry, AuditEntry.action == "shops.credit_document")[0]
    assert (audit.role, audit.reason) == ("super_reseller", "two days without pictures")

    back = f"/reseller/shop/payments/{payment.id}/refund"
    wish = {"amount": "25.01", "to": "source", "reason": "moved away"}
    assert aurora.post(back, wish, page=back).status_code == 422
    shown = aurora.post(back, wish | {"amount": "8.00"}, page=back)
    # 8.00 = 5.00 of the credit that the note has given, and 3.00 that the invoice is owed again
    assert "Of it from the customer’s credit" in shown.text
    assert f"Owed again on {invoice.number_text}" in shown.text
    assert aurora.yes(back, shown, **(wish | {"amount": "8.00"})).location == paper
    assert [(row.amount_minor, row.state) for row in shop.rows(Refund)] == [(800, "created")]
    assert shop.rows(Document, Document.id == invoice.id)[0].settled_minor == 2200  # 25.00 - 3.00
    assert "Refunds" in aurora.get(paper).text

    for path in (paper, note, f"{paper}/money", f"{paper}.pdf", back, f"/reseller/shop/refunds/{1}/close"):
        assert gulf.get(path).status_code == 404, path
    assert gulf.post(back, wish, page="/reseller/shop").status_code == 404
    more = {"reason": "not mine"}
    assert refused(white_label, credit_shop_document, invoice.id, who="gulf", **more) is NotFound
    assert refused(white_label, refund_shop_payment, payment.id, 100, "credit", who="gulf", **more) is NotFound
    assert refused(white_label, close_shop_refund, 1, "failed", who="gulf") is NotFound
    assert refused(white_label, credit_shop_document, 999_999, who="aurora", **more) is NotFound
    shop.change(Reseller, white_label.area.ids["aurora"], suspended=True)
    assert refused(white_label, refund_shop_payment, payment.id, 100, "credit", who="aurora", **more) is NotAllowed
    assert "credit-note" not in aurora.get(paper).text
    assert aurora.post(back, wish, page="/reseller/").status_code == 403


def test_money_that_came_by_hand_is_booked_and_sent_back_by_hand(white_label: WhiteLabel):
    shop, aurora, gulf = white_label.shop, white_label.area.browsers["aurora"], white_label.area.browsers["gulf"]
    account = by_transfer(white_label)
    (asked,), (attempt,) = shop.rows(Document), shop.rows(PaymentAttempt)
    eve = white_label.visitor("aurora")
    eve.sign_in("eve@example.com")
    for name in ("one.pdf", "two.pdf"):
        sent = {"proof": (io.BytesIO(b"%PDF-1.7 sent"), name)}
        page = f"/pay/on/{attempt.id}"
        assert eve.post(f"{page}/proof", sent, page=page, content_type="multipart/form-data").status_code == 303
    one, two = shop.rows(TransferProof)
    assert "a proof to look at" in aurora.get(PAGES).text
    paper = f"{PAGES}/{asked.id}"
    assert "one.pdf" in aurora.get(paper).text
    file, reject = f"/reseller/shop/proofs/{one.id}/file", f"/reseller/shop/proofs/{one.id}/reject"
    assert aurora.get(file).data == b"%PDF-1.7 sent"
    assert gulf.get(file).status_code == gulf.get(reject).status_code == 404
    assert aurora.post(reject, {"answer": ""}, page=reject).status_code == 422
    assert aurora.post(reject, {"answer": "It shows another name."}, page=reject).location == paper
    assert [row.state for row in shop.rows(TransferProof)] == ["rejected", "waiting"]
    assert shop.rows(Notice, Notice.kind == "proof_rejected")
    assert refused(white_label, reject_shop_proof, two.id, "no", who="gulf") is NotFound

    book = f"{paper}/money"
    came = {"account": str(account), "amount": "25.00", "reference": "line 7", "reason": "seen in the bank"}
    for bad in ({"amount": "0"}, {"amount": "-1"}, {"amount": "24.99"}, {"reference": ""}, {"account": "1"}):
        assert aurora.post(book, came | bad, page=book).status_code == 422, bad
    shown = aurora.post(book, came, page=book)
    assert "Open afterwards" in shown.text
    assert shop.rows(Payment) == []
    assert refused(white_label, book_shop_money, asked.id, account, 2500, "EUR", "line 7", who="gulf") is NotFound
    assert aurora.yes(book, shown, **came).location == paper
    (payment,), (invoice,) = shop.rows(Payment), shop.rows(Document, Document.kind == "invoice")
    assert (payment.amount_minor, payment.provider_ref, invoice.state) == (2500, "line 7", "paid")
    assert shop.rows(TransferProof)[1].state == "approved"

    back = f"/reseller/shop/payments/{payment.id}/refund"
    wish = {"amount": "25.00", "to": "source", "reason": "ordered twice"}
    aurora.yes(back, aurora.post(back, wish, page=back), **wish)
    (refund,) = shop.rows(Refund)
    assert refund.state == "processing"
    close = f"/reseller/shop/refunds/{refund.id}/close"
    assert close in aurora.get(f"{PAGES}/{invoice.id}").text
    assert aurora.post(close, {"outcome": "sent", "reference": ""}, page=close).status_code == 422
    assert (
        aurora.post(close, {"outcome": "sent", "reference": "line 9"}, page=close).location == f"{PAGES}/{invoice.id}"
    )
    assert shop.rows(Refund)[0].state == "succeeded"


def test_what_is_booked_is_shown_with_what_becomes_credit_and_what_credit_pays(white_label: WhiteLabel):
    """7.00 too much come for Ada's paid month; the 18.00 that she sends for the next one are made whole by them."""
    white_label.sell()
    white_label.shop.work()
    shop, aurora = white_label.shop, white_label.area.browsers["aurora"]
    account = by_transfer(white_label)
    ada = white_label.visitor("aurora")
    ada.sign_in("ada@example.com")
    (paid,) = shop.rows(Document, Document.kind == "invoice")
    assert booked(aurora, paid.id, account, "7.00") == {
        "Booked": "€7.00", "Open afterwards": "€0.00", "Becomes credit": "€7.00",
    }  # fmt: skip
    assert white_label.order(ada, "aurora").status_code == 303
    offer = shop.rows(Document, Document.kind == "proforma", Document.customer_id == paid.customer_id)[-1]
    assert booked(aurora, offer.id, account, "18.00") == {
        "Booked": "€18.00", "Paid by credit": "€7.00", "Open afterwards": "€0.00",
    }  # fmt: skip
    assert [
        one.remaining_minor for one in shop.rows(CustomerCredit, CustomerCredit.customer_id == paid.customer_id)
    ] == [0]
    assert shop.rows(Document, Document.proforma_id == offer.id)[0].state == "paid"


def booked(aurora, document_id: int, account: int, amount: str) -> dict[str, str]:
    """What was shown before the yes."""
    page = f"{PAGES}/{document_id}/money"
    came = {"account": str(account), "amount": amount, "reference": f"line {amount}", "reason": "seen in the bank"}
    shown = aurora.post(page, came, page=page)
    assert aurora.yes(page, shown, **came).status_code == 303
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", shown.text))


def test_a_proof_marks_what_its_payment_is_for_and_nothing_else(white_label: WhiteLabel):
    shop, (aurora, gulf) = white_label.shop, (white_label.area.browsers[who] for who in ("aurora", "gulf"))
    for who in ("aurora", "gulf"):
        assert white_label.order(white_label.customer(who), who).status_code == 303
    by_transfer(white_label)
    eve = white_label.visitor("aurora")
    eve.sign_in("eve@example.com")
    assert white_label.order(eve, "aurora").status_code == 303
    own, also = [row.id for row in shop.rows(Document)][-2:]
    attempt = next(one for one in shop.rows(PaymentAttempt) if one.document_id == own)
    sent = {"proof": (io.BytesIO(b"%PDF-1.7 sent"), "one.pdf")}
    page = f"/pay/on/{attempt.id}"
    assert eve.post(f"{page}/proof", sent, page=page, content_type="multipart/form-data").status_code == 303

    def marked(browser) -> tuple[int, int]:
        text = browser.get(PAGES).text
        return text.count(f'href="{PAGES}/'), text.count("a proof to look at")

    assert (marked(aurora), marked(gulf)) == ((3, 1), (1, 0))
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(AttemptDocument(attempt_id=attempt.id, document_id=also, position=1))
    assert (marked(aurora), marked(gulf)) == ((3, 2), (1, 0))
