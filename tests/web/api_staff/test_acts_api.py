"""What programs of the operator change: looked at first, done once and only as it was shown, within a key's rights."""

import re

import pytest
from staff_program import Program, fits, make
from web_shop import Browser, Shop

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.coupons import Coupon, CouponRedemption
from billhead.models.documents import Document
from billhead.models.ledger import LedgerEntry
from billhead.models.operations import AuditEntry
from billhead.models.payments import Payment, Refund
from billhead.models.subscriptions import Subscription
from billhead.web.api_staff.description import DESCRIPTION

ALL = ("subscriptions.write", "credits.write", "money.correct", "money.refund")
WHY = {"reason": "she rang"}
S, C, P = "/subscriptions/1", "/customers/1", "/payments/1"


@pytest.fixture
def sam(any_shop: Shop) -> Browser:
    """Ada has paid 9.99 for a month of basic."""
    ada = any_shop.customer()
    any_shop.order(ada)
    any_shop.pay()
    any_shop.work()
    return any_shop.person("staff", "sam@example.com", "keys.write", *ALL)


@pytest.fixture
def till(any_shop: Shop, sam: Browser) -> Program:
    return Program(any_shop, make(sam, *ALL))


def described(path: str) -> str:
    return re.sub(r"/\d+", "/{id}", path)


def looked(till: Program, path: str, body: object) -> dict:
    """The preview, as described; it may be asked as often as one likes."""
    told = till.post(f"{path}/preview", body)
    answer = DESCRIPTION["paths"][f"{described(path)}/preview"]["post"]["responses"]["200"]
    fits(told, answer["content"]["application/json"]["schema"], path)
    return told


def done(till: Program, path: str, body: object, once: str, status: int = 200) -> dict:
    """Done once, however often it is sent; as described."""
    told = till.post(path, body, once, status)
    assert till.post(path, body, once, status) == told
    answer = DESCRIPTION["paths"][described(path)]["post"]["responses"][str(status)]
    fits(told, answer["content"]["application/json"]["schema"], path)
    return told


def invoice(shop: Shop) -> Document:
    return shop.rows(Document, Document.kind == "invoice")[0]


def test_another_add_on_is_looked_at_and_had(any_shop: Shop, till: Program):
    seen = looked(till, f"{S}/change", {"addons": {"screen": 1}, "when": "immediate"})
    assert (seen["currency"], seen["renewal"], seen["when"]) == ("EUR", "12.99", "immediate")  # 9.99 + 3.00
    assert seen["total"] == "3.00", "the whole month is ahead"
    assert len(any_shop.rows(Document, Document.kind == "invoice")) == 1
    wish = WHY | {"addons": {"screen": 1}, "when": "immediate", "seen": seen["seen"]}
    stale = wish | {"seen": seen["seen"].replace("300", "299")}
    assert till.post(f"{S}/change", stale, "stale", 409)["code"] == "price_changed"
    told = done(till, f"{S}/change", wish, "c-1")
    assert (told["state"], told["document"] is not None) == ("done", True)
    assert len(any_shop.rows(Document, Document.kind == "invoice")) == 2
    assert till.post(f"{S}/change/preview", {"plan": "nothing"}, status=404)
    for wrong, field in (({"when": "forbidden"}, "when"), ({"on": "soon"}, "on"), ({"quantity": 0}, "quantity"),
                         ({"addons": []}, "addons"), ({"price": 1}, "price")):  # fmt: skip
        assert till.post(f"{S}/change/preview", wrong, status=422)["field"] == field
    (acted,) = any_shop.rows(AuditEntry, AuditEntry.action == "subscriptions.change")
    assert (acted.actor, acted.reason) == ("staff_key:1", "she rang")


def test_it_is_held_and_runs_again(any_shop: Shop, till: Program):
    seen = looked(till, f"{S}/hold", {})
    assert any_shop.rows(Subscription)[0].state == "active"
    held = done(till, f"{S}/hold", WHY | {"seen": seen["seen"]}, "h-1")
    assert (held["state"], any_shop.rows(Subscription)[0].state) == ("done", "suspended")
    assert till.post(f"{S}/hold", WHY, "h-2", 409), "it is on hold already"
    told = till.post(f"{S}/resume/preview", {"x": 1}, status=422)
    assert told["field"] == "x"
    answer = till.client.post(f"/api/staff/v1{S}/resume/preview", headers={"Authorization": f"Bearer {till.key}"})
    schema = DESCRIPTION["paths"]["/subscriptions/{id}/resume/preview"]["post"]["responses"]["200"]
    fits(answer.json, schema["content"]["application/json"]["schema"], "resume")
    assert any_shop.rows(Subscription)[0].state == "suspended", "looked at, and no more"
    done(till, f"{S}/resume", WHY | {"seen": answer.json["seen"]}, "r-1")
    assert any_shop.rows(Subscription)[0].state == "active"
    assert till.post(f"{S}/resume", WHY, "r-2", 409)


def test_a_coupon_is_given_once(any_shop: Shop, till: Program):
    with any_shop.app.app_context(), writing(Context.system("test")) as tx:
        half = {"kind": "percent", "percent_ppm": 500_000, "cycles": 1, "created_at": clock.now()}
        tx.session.add(Coupon(seller_id=1, code="HALF", **half))
    assert done(till, f"{S}/coupon", WHY | {"code": "half"}, "k-1") == {"id": 1, "code": "HALF"}
    assert till.post(f"{S}/coupon", WHY | {"code": "half"}, "k-2", 409)
    assert till.post(f"{S}/coupon", WHY | {"code": "NONE"}, "k-3", 422)
    assert len(any_shop.rows(CouponRedemption)) == 1


def test_credit_is_given_an_invoice_corrected_a_payment_refunded(any_shop: Shop, till: Program):
    shop = any_shop
    gift = WHY | {"amount": "5.00", "expires_on": "2035-01-01"}
    before = len(shop.rows(LedgerEntry))
    assert looked(till, f"{C}/credit", gift) == {"id": 1, "currency": "EUR", "amount": "5.00", "left": "5.00"}
    assert len(shop.rows(LedgerEntry)) == before
    assert done(till, f"{C}/credit", gift, "g-1", 201)["left"] == "5.00"
    assert till.get("/customers/1")["credit"] == "5.00"
    # 2.00 of the invoice come back as credit
    paper = invoice(shop)
    (line,) = till.get(f"/documents/{paper.id}")["lines"]
    note = f"/documents/{paper.id}/credit-note"
    wish = WHY | {"lines": [{"line": line["id"], "amount": "2.00"}]}
    seen = looked(till, note, wish)
    assert (seen["total"], seen["credited"], "number" in seen) == ("2.00", "2.00", False)
    assert shop.rows(Document, Document.kind == "credit_note") == []
    assert till.post(note, wish | {"total": "1.99"}, "n-0", 409)["code"] == "price_changed"
    made = done(till, note, wish | {"total": seen["total"]}, "n-1", 201)
    assert [one.number_text for one in shop.rows(Document, Document.kind == "credit_note")] == [made["number"]]
    assert till.get("/customers/1")["credit"] == "7.00"
    # what is left of the payment is refunded: from the credit that it became first, the rest is owed again
    back = WHY | {"amount": "9.99", "to": "source"}
    seen = looked(till, f"{P}/refund", back)
    assert (seen["from_credit"], seen["reopened"]) == ("2.00", [{"document": paper.id, "amount": "7.99"}])
    assert shop.rows(Refund) == []
    told = done(till, f"{P}/refund", back, "f-1", 201)
    assert (told["amount"], [one.id for one in shop.rows(Refund)]) == ("9.99", [told["refund"]])
    assert till.post(f"{P}/refund", back, "f-2", 409)["code"]
    shop.work()
    assert shop.rows(Payment)[0].refunded_minor == 999
    whole = till.post(f"{note}/preview", WHY)
    assert whole["total"] == "7.99", "without lines, all that is left of it"


def test_what_is_wrong_is_told_and_nothing_is_done(any_shop: Shop, till: Program):
    shop = any_shop
    paper = invoice(shop)
    (line,) = till.get(f"/documents/{paper.id}")["lines"]
    note, one = f"/documents/{paper.id}/credit-note", {"line": line["id"]}
    before = len(shop.rows(LedgerEntry))
    for number, (path, body, field) in enumerate((
        (f"{S}/hold", {}, "reason"), (f"{S}/hold", WHY | {"ends_on": "x"}, "ends_on"), (f"{S}/coupon", WHY, "code"),
        (f"{C}/credit", WHY | {"amount": "0.00"}, "amount"), (f"{C}/credit", WHY | {"amount": 5}, "amount"),
        (f"{C}/credit", WHY | {"amount": "5.00", "expires_on": "2001-01-01"}, "expires_on"),
        (f"{C}/credit", {"amount": "5.00"}, "reason"), (note, {}, "reason"), (note, WHY | {"way": "cash"}, "way"),
        (note, WHY | {"lines": {}}, "lines"), (note, WHY | {"lines": [1]}, "lines"),
        (note, WHY | {"lines": [one | {"price": 1}]}, "lines"), (note, WHY | {"lines": [one, one]}, "lines"),
        (note, WHY | {"lines": [one | {"amount": "1", "quantity": 1}]}, "lines"),
        (f"{P}/refund", WHY | {"amount": "1.00"}, "to"), (f"{P}/refund", WHY | {"amount": "1.00", "to": "me"}, "to"),
        (f"{P}/refund", WHY | {"amount": "-1.00", "to": "credit"}, "amount"),
    )):  # fmt: skip
        assert till.post(path, body, f"w{number}", 422)["field"] == field, (path, body)
    for path, body in (
        (f"{P}/refund", WHY | {"amount": "9.98", "to": "credit"}),
        (f"{C}/credit", WHY | {"amount": "1"}),
    ):
        assert till.post(path, body, "", 422)["field"] == "Idempotency-Key"
    for amount in ("NaN", "1e9", "10.001"):
        assert till.post(note, WHY | {"lines": [one | {"amount": amount}]}, f"a{amount}", 422)
    assert (
        till.post(f"{P}/refund", WHY | {"amount": "10.00", "to": "source"}, "much", 409)["code"] == "refund_too_large"
    )
    for path in ("/subscriptions/99/change", "/subscriptions/99/hold", "/subscriptions/99/resume"):
        assert till.post(path, WHY, f"no{path}", 404)
    assert till.post("/customers/99/credit", WHY | {"amount": "1"}, "x1", 404)
    assert till.post("/documents/99/credit-note", WHY, "x2", 404)
    assert till.post("/payments/99/refund", WHY | {"amount": "1", "to": "credit"}, "x3", 404)
    assert len(shop.rows(LedgerEntry)) == before


def test_who_is_trusted_has_credit_at_once(any_shop: Shop, till: Program):
    path = f"{C}/credit-at-once"
    assert till.get("/customers/1")["credit_at_once"] == "0.00"
    assert done(till, path, WHY | {"amount": "50.00"}, "t-1") == {"id": 1, "credit_at_once": "50.00"}
    told = till.get("/customers/1")
    assert (told["credit_at_once"], told["lent"]) == ("50.00", "0.00")
    assert till.post(path, WHY | {"amount": "-1.00"}, "t-2", 422)["field"] == "amount"
    assert till.post(path, {"amount": "1.00"}, "t-3", 422)["field"] == "reason"
    assert till.post("/customers/99/credit-at-once", WHY | {"amount": "1.00"}, "t-4", 404)


def test_a_key_without_the_right_neither_does_nor_looks(any_shop: Shop, sam: Browser):
    reader = Program(any_shop, make(sam))
    gift, back = WHY | {"amount": "5.00"}, WHY | {"amount": "1.00", "to": "credit"}
    paper = invoice(any_shop)
    for path, body in (
        (f"{S}/change", WHY | {"plan": "basic"}), (f"{S}/hold", WHY), (f"{S}/resume", WHY),
        (f"{S}/coupon", WHY | {"code": "A"}),
        (f"{S}/cancel", WHY | {"policy": "end_of_term"}), (f"{C}/credit", gift), (f"{P}/refund", back),
        (f"/documents/{paper.id}/credit-note", WHY), (f"{C}/credit-at-once", WHY | {"amount": "9.00"}),
    ):  # fmt: skip
        assert reader.post(path, body, f"k{path}", 403)["code"] == "not_allowed", path
        if not path.endswith(("coupon", "cancel", "at-once")):
            assert reader.post(f"{path}/preview", body, status=403)["code"] == "not_allowed", path
    row = any_shop.rows(Subscription)[0]
    assert (row.state, row.service_ends_on) == ("active", None)
