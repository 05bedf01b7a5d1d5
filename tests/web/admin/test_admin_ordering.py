"""Staff order for a customer: at the prices of the shop, seen before, and paid by a link, from credit or by hand."""

import re

import pytest
from sqlalchemy import select
from web_shop import BOX, Browser, Shop

from billhead.actions.coupons.create_coupon import NewCoupon, create_coupon
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.catalogue import Price, PriceBook
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.fraud import FraudCase
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription

PATH = "/admin/customers/1/order/basic"
LINE = {"term": "1 month", "addon-screen": "1"}


@pytest.fixture
def sam(shop: Shop) -> Browser:
    shop.customer()
    return shop.person("staff", "sam@example.com", "subscriptions.write", "payments.write", "credits.write")


def order(sam: Browser, path: str = PATH, pay: str = "mail", **fields):
    fields = fields or LINE
    return sam.yes(path, sam.get(path, query_string=fields), pay=pay, **fields)


def test_ordered_with_a_link_to_pay(shop: Shop, sam: Browser):
    page = sam.get("/admin/customers/1/order").text
    assert "Hidden" in page, "what the shop does not list is sold by staff"
    assert "Old" not in re.sub(r"<[^>]*>", "", page)
    assert "What it costs" not in sam.get(PATH).text
    shown = sam.get(PATH, query_string=LINE).text
    assert "€12.99" in shown  # 9.99 + 3.00, the seller charges no tax
    assert "Mailed to ada@example.com" in shown
    assert "From credit" not in shown, "there is none"
    answer = order(sam)
    assert answer.status_code == 303, answer.text
    (paper,) = shop.rows(Document)
    assert answer.location == f"/admin/documents/{paper.id}"
    assert (paper.kind, paper.state, paper.total_minor, paper.customer_id) == ("proforma", "open", 1299, 1)
    assert "Book a transfer" in sam.get(answer.location).text
    (sold,) = shop.rows(Subscription)
    assert (sold.state, sold.term, sold.customer_id) == ("pending", "1 month", 1)
    (mail,) = shop.rows(Notice, Notice.kind == "ordered")
    assert (mail.customer_id, mail.data["document_id"]) == (1, paper.id)
    assert shop.rows(FraudCase) == [], "staff know who called"
    (line,) = shop.rows(AuditEntry, AuditEntry.action == "subscriptions.order_for")
    assert line.actor == "staff:2"
    assert (line.subject, line.details["plan"], line.details["pay"]) == ("customer:1", "basic", "mail")


def test_paid_from_credit_at_once(shop: Shop, sam: Browser):
    sam.post("/admin/customers/1/credit", {"amount": "20.00", "reason": "opening offer"})
    assert shop.rows(CustomerCredit), "given"
    shown = sam.get(PATH, query_string=LINE).text
    assert "€20.00 are there; €7.01 stay." in shown
    assert order(sam, pay="credit").status_code == 303
    invoice = shop.rows(Document, Document.kind == "invoice")[0]
    assert (invoice.state, invoice.total_minor) == ("paid", 1299)
    assert shop.rows(CustomerCredit)[0].remaining_minor == 701
    assert shop.rows(Subscription)[0].state == "active"
    assert shop.rows(Notice, Notice.kind == "ordered") == []
    answer = order(sam, pay="credit")
    assert answer.status_code == 409, "7.01 do not cover 12.99"
    assert len(shop.rows(Subscription)) == 1, "and nothing is written"


def test_credit_that_came_later_pays_the_order(shop: Shop, sam: Browser):
    order(sam, pay="later")
    path, why = "/admin/documents/1/credit", {"reason": "she asked"}
    assert "Pay from credit" in sam.get("/admin/documents/1").text
    answer = sam.post(path, why)
    assert answer.status_code == 422, "there is none"
    assert [one.state for one in shop.rows(Document)] == ["open"]
    sam.post("/admin/customers/1/credit", {"amount": "13.00", "reason": "opening offer"})
    page = sam.get(path).text
    assert "€12.99 is open on it, and Ada Lovelace has €13.00 of credit." in page
    assert sam.post(path, {}).status_code == 422, "without a reason"
    assert sam.post(path, why).status_code == 303
    assert [one.state for one in shop.rows(Document, Document.kind == "invoice")] == ["paid"]
    (line,) = shop.rows(AuditEntry, AuditEntry.action == "credits.pay")
    assert (line.actor, line.reason) == ("staff:2", "she asked")
    assert sam.get("/admin/documents/7/credit").status_code == 404


def test_what_changed_or_was_sent_twice_orders_nothing_more(shop: Shop, sam: Browser):
    seen = sam.get(PATH, query_string=LINE)
    shop.change(Price, 1, amount_minor=1099)
    answer = sam.yes(PATH, seen, pay="later", **LINE)
    assert answer.status_code == 409
    assert "has changed since it was shown" in answer.text
    assert shop.rows(Document) == []
    now = sam.get(PATH, query_string=LINE)
    key = {"_key": "1" * 32}
    first, again = (sam.yes(PATH, now, pay="later", **LINE, **key) for _ in range(2))
    assert (first.status_code, first.location) == (303, again.location)
    assert [one.total_minor for one in shop.rows(Document)] == [1399]
    assert shop.rows(Notice, Notice.kind == "ordered") == [], "booked by hand: nothing is mailed"


@pytest.mark.parametrize(
    ("path", "fields", "word"),
    [
        (PATH, {"term": "3 months"}, "how long"),
        (PATH, {"term": "1 month", "addon-screen": "9"}, "at most 2"),
        (PATH, {"term": "1 month", "quantity": "5"}, "from 1 to 1"),
        (PATH, {"term": "1 month", "coupon": "NONE"}, "not a coupon"),
        ("/admin/customers/1/order/box", {"term": "1 month"}, "MAC address"),
        ("/admin/customers/1/order/box", {"term": "1 month", "mac": "xyz"}, "MAC"),
    ],
)
def test_wrong_choices_are_refused_and_show_no_price(shop: Shop, sam: Browser, path, fields, word):
    answer = sam.get(path, query_string=fields)
    assert answer.status_code == 422
    assert word in answer.text
    assert "Order it" not in answer.text
    assert sam.post(path, {**fields, "seen": "x", "pay": "later"}).status_code == 422
    assert shop.rows(Subscription) == []


def test_a_box_with_a_coupon_at_the_price_of_the_customer_s_group(shop: Shop, sam: Browser):
    book = PriceBook(
        seller_id=shop.seller_id, code="friends", currency="EUR", price_group="friends", tax_inclusive=True
    )
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(book)
        tx.session.flush()
        box = tx.session.scalar(select(Price.plan_id).where(Price.id == 4))
        tx.session.add(Price(book_id=book.id, plan_id=box, term="1 month", amount_minor=800))
        create_coupon(tx, shop.seller_id, NewCoupon("HELLO", "percent", percent_ppm=250_000))
    shop.change(Customer, 1, price_group="friends")
    path, fields = "/admin/customers/1/order/box", {"term": "1 month", "mac": BOX, "coupon": "hello"}
    assert "€6.00" in sam.get(path, query_string=fields).text  # 8.00 less a quarter
    assert order(sam, path, "later", **fields).status_code == 303
    assert [one.total_minor for one in shop.rows(Document)] == [600]
    assert [one.mac for one in shop.rows(Service)] == [BOX]


def test_who_may_for_whom_and_what_is_not_there(shop: Shop, sam: Browser):
    for path in ("/admin/customers/7/order", "/admin/customers/7/order/basic", "/admin/customers/1/order/old",
                 "/admin/customers/1/order/nothing"):  # fmt: skip
        assert sam.get(path).status_code == 404, path
    clerk = shop.person("staff", "clerk@example.com", "subscriptions.write")
    assert "From credit" not in clerk.get(PATH, query_string=LINE).text
    answer = order(clerk, pay="credit")
    assert answer.status_code == 403
    assert "it needs payments.write" in answer.text.replace("It needs", "it needs")
    assert order(clerk, pay="cash").status_code == 422
    assert shop.rows(Document) == []
    reader = shop.person("staff", "reader@example.com")
    assert reader.get("/admin/customers/1/order").status_code == 403
    assert 'href="/admin/customers/1/order"' not in reader.get("/admin/customers/1").text
    assert 'href="/admin/customers/1/order"' in sam.get("/admin/customers/1").text
    with shop.asking() as seen:
        sam.get(PATH, query_string=LINE)
    assert len(seen) < 45, len(seen)
