"""What programs of the operator do with a key of staff: no more than the key and its owner both may, once, and said in
the audit trail."""

from datetime import date

import pytest
from sqlalchemy import update
from staff_program import Program, fits, make
from web_shop import BOX, Browser, Shop

from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.documents import Document
from billhead.models.ledger import LedgerEntry
from billhead.models.operations import AuditEntry
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.people import Customer, User
from billhead.models.sign_in import StaffKey
from billhead.models.subscriptions import Subscription
from billhead.web import programs
from billhead.web.api_staff.description import DESCRIPTION

ALL = ("customers.write", "subscriptions.write", "payments.write", "services.access", "credits.write")
LINE = {"plan": "basic", "term": "1 month", "addons": {"screen": 1}}


@pytest.fixture
def sam(any_shop: Shop) -> Browser:
    any_shop.customer()
    return any_shop.person("staff", "sam@example.com", "keys.write", *ALL)


@pytest.fixture
def till(any_shop: Shop, sam: Browser) -> Program:
    return Program(any_shop, make(sam, *ALL))


def test_a_day_of_a_program(any_shop: Shop, till: Program):
    shop = any_shop
    wanted = {"name": "Bo Berg", "email": "bo@example.com", "country": "FI", "language": "en"}
    bo = till.post("/customers", wanted, "c-1", 201)["id"]
    assert till.post("/customers", wanted, "c-1", 201)["id"] == bo, "sent twice, added once"
    assert [one["id"] for one in till.get("/customers?q=bo@")["customers"]] == [bo]
    told = till.get(f"/customers/{bo}")
    assert (told["name"], told["currency"], told["credit"]) == ("Bo Berg", "EUR", "0.00")
    basic = next(one for one in till.get(f"/customers/{bo}/plans")["plans"] if one["plan"] == "basic")
    month = next(price for price in basic["prices"] if price["term"] == "1 month")
    (screen,) = till.get(f"/customers/{bo}/plans/basic")["add_ons"]
    assert (month["amount"], screen["code"], screen["amounts"]["1 month"]) == ("9.99", "screen", "3.00")
    quote = till.post(f"/customers/{bo}/quote", LINE)
    assert (quote["total"], quote["currency"], len(quote["lines"])) == ("12.99", "EUR", 2)  # 9.99 + 3.00, no tax
    assert shop.rows(Document) == [], "a quote writes nothing"
    # ordered once, however often it is sent
    order = LINE | {"total": "12.99", "pay": "later"}
    first = till.post(f"/customers/{bo}/orders", order, "o-1", 201)
    assert till.post(f"/customers/{bo}/orders", order, "o-1", 201) == first
    (paper,) = till.get(f"/documents?customer={bo}")["documents"]
    assert (paper["id"], paper["kind"], paper["open"]) == (first["document"], "proforma", "12.99")
    (line, screen) = till.get(f"/documents/{paper['id']}")["lines"]
    assert (line["net"], screen["net"], line["subscription"]) == ("9.99", "3.00", first["subscriptions"][0])
    # somebody has seen the money arrive
    (bank,) = shop.rows(GatewayAccount, GatewayAccount.code == "transfer")
    transfer = {"account": bank.id, "amount": "12.99", "reference": "stmt-7", "reason": "seen in the bank"}
    paid = till.post(f"/documents/{paper['id']}/transfer", transfer, "t-1", 201)
    assert till.post(f"/documents/{paper['id']}/transfer", transfer, "t-1", 201) == paid
    assert [one["amount"] for one in till.get(f"/payments?customer={bo}")["payments"]] == ["12.99"]
    assert len(shop.rows(Payment)) == 1
    shop.work()
    (number,) = first["subscriptions"]
    seen = till.get(f"/subscriptions/{number}")
    assert (seen["plan"], seen["state"], seen["lines"][0]["sync"]) == ("basic", "active", "ok")
    access = till.get(f"/subscriptions/{number}/access")["lines"]
    assert access[0]["login"] == seen["lines"][0]["login"]
    assert access[0]["password"]
    # stopped, let run, ended; each with its reason
    why = {"reason": "he rang"}
    first, again = (till.post(f"/subscriptions/{number}/renew", why, key) for key in ("n-1", "n-2"))
    assert again == first | {"offered": True} != first, "one offer at a time"
    assert till.post(f"/subscriptions/{number}/suspend", why, "s-1")["suspended_by"] == "staff"
    assert till.post(f"/subscriptions/{number}/restore", why, "r-1")["state"] == "active"
    assert till.post(f"/subscriptions/{number}/restore", why, "r-1")["state"] == "active", "sent again"
    assert till.post(f"/subscriptions/{number}/restore", why, "r-2", 409), "nothing is to be lifted"
    ended = till.post(f"/subscriptions/{number}/cancel", why | {"policy": "immediate", "money": "credit"}, "e-1")
    assert ended["came_back"] == "12.99"
    assert date.fromisoformat(ended["ends_on"]) == shop.rows(Subscription)[-1].service_ends_on
    assert till.get(f"/customers/{bo}")["credit"] == "12.99"
    invoice = till.get(f"/documents?customer={bo}&kind=invoice")["documents"][0]
    pdf = till.client.get(
        f"/api/staff/v1/documents/{invoice['id']}.pdf", headers={"Authorization": f"Bearer {till.key}"}
    )
    assert pdf.data.startswith(b"%PDF")
    acted = [row for row in shop.rows(AuditEntry) if row.actor == "staff_key:1"]
    assert {row.action for row in acted} >= {
        "accounts.add_customer", "subscriptions.order_for", "payments.book_transfer", "access.seen",
        "subscriptions.suspend", "subscriptions.cancel",
    }  # fmt: skip
    assert {row.reason for row in acted if row.action == "subscriptions.suspend"} == {"he rang"}


def test_no_more_than_the_key_and_its_owner_both_may(any_shop: Shop, sam: Browser):
    shop = any_shop
    reader, seller = Program(shop, make(sam)), Program(shop, make(sam, "subscriptions.write"))
    order = LINE | {"total": "12.99", "pay": "later"}
    assert reader.get("/customers")["customers"][0]["id"] == 1
    assert reader.post("/customers/1/orders", order, "o", 403)["code"] == "not_allowed"
    assert reader.post("/customers", {"name": "Bo", "email": "b@example.com", "country": "FI"}, "c", 403)
    number = seller.post("/customers/1/orders", order, "o", 201)["subscriptions"][0]
    assert reader.get(f"/subscriptions/{number}/access", 403)
    assert reader.post(f"/subscriptions/{number}/suspend", {"reason": "x"}, "s", 403)
    assert reader.post(f"/subscriptions/{number}/renew", {"reason": "x"}, "n", 403)
    assert reader.post("/documents/1/transfer", {"account": 1, "amount": "12.99", "reference": "1", "reason": "x"},
                       "t", 403)  # fmt: skip
    assert seller.post("/customers/1/orders", order | {"pay": "credit"}, "credit", 403)
    # what its owner may not do any more, the key may not either
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.execute(update(User).where(User.email == "sam@example.com").values(permissions=[]))
    assert seller.post(f"/subscriptions/{number}/suspend", {"reason": "x"}, "s", 403)
    assert seller.get("/customers")
    shop.change(User, shop.rows(User, User.email == "sam@example.com")[0].id, disabled=True)
    assert seller.get("/customers", 401)["code"] == "unknown_key"


def test_what_is_wrong_is_told_and_nothing_is_done(any_shop: Shop, sam: Browser, till: Program, monkeypatch):
    shop = any_shop
    before = len(shop.rows(LedgerEntry))
    for path in ("/customers?limit=0", "/customers?limit=201", "/customers?before=x", "/customers?stat=x",
                 "/subscriptions?state=running!", "/subscriptions?customer=x", "/documents?kind=bill"):  # fmt: skip
        assert till.get(path, 422)["code"] == "invalid_input", path
    for path in ("/customers/99", "/subscriptions/99", "/documents/99", "/subscriptions/99/access",
                 "/customers/99/plans", "/customers/1/plans/nothing", f"/customers/{10**30}",
                 "/documents/99.pdf"):  # fmt: skip
        assert till.get(path, 404)["code"], path
    order = LINE | {"total": "12.99", "pay": "later"}
    for wrong, field in (
        ({"plan": "nothing"}, "plan"), ({"term": "3 months"}, "term"), ({"term": "1 month|trial"}, "term"),
        ({"addons": {"screen": 1, " screen": 1}}, "addons"), ({"addons": {"screen": 0}}, "addons"),
        ({"addons": {"gold": 1}}, "addons"), ({"quantity": 1.5}, "quantity"), ({"trial": 1}, "trial"),
        ({"coupon": "NONE"}, "coupon"), ({"price": "1"}, "price"), ({"starts_on": "soon"}, "starts_on"),
        ({"starts_on": "2020-01-01"}, "starts_on"),
    ):  # fmt: skip
        refused = till.client.post(
            "/api/staff/v1/customers/1/quote", json=LINE | wrong, headers={"Authorization": f"Bearer {till.key}"}
        )
        assert refused.status_code in (404, 422), (wrong, refused.text)
        assert refused.json.get("field", "plan") == field, (wrong, refused.text)
    assert till.post("/customers/1/orders", order | {"total": "12.98"}, "a", 409)["code"] == "price_changed"
    for number, total in enumerate(("NaN", "-1", "1e9", "12.999", "", "0.00")):
        refused = till.client.post(
            "/api/staff/v1/customers/1/orders", json=order | {"total": total},
            headers={"Authorization": f"Bearer {till.key}", "Idempotency-Key": f"b{number}"},
        )  # fmt: skip
        assert refused.status_code in (409, 422), total
    assert till.post("/customers/1/orders", order | {"pay": "never"}, "c", 422)["field"] == "pay"
    assert till.post("/customers/1/orders", order, "", 422)["field"] == "Idempotency-Key"
    assert till.post("/customers/1/orders", order | {"mac": BOX + "0"}, "d", 422)["field"] == "mac"
    assert till.post("/customers/1/orders", [], "e", 422)["field"] == "body"
    assert till.post("/customers", {"name": "A", "email": "ada@example.com", "country": "FI"}, "f", 422)
    assert till.post("/customers", {"name": "Ada Two", "email": "ada@example.com", "country": "FI"}, "g", 422)
    assert (len(shop.rows(Subscription)), len(shop.rows(Customer)), len(shop.rows(LedgerEntry))) == (0, 1, before)
    number = till.post("/customers/1/orders", order, "h", 201)["subscriptions"][0]
    assert till.post(f"/subscriptions/{number}/suspend", {}, "i", 422)["field"] == "reason"
    assert till.post(f"/subscriptions/{number}/cancel", {"reason": "x", "policy": "now"}, "j", 422)
    assert till.post(f"/subscriptions/{number}/cancel", {"reason": "x", "policy": "on_date", "on": "x"}, "k", 422)
    monkeypatch.setattr(programs, "_A_MINUTE", 3)
    refused = till.client.get("/api/staff/v1/customers", headers={"Authorization": f"Bearer {till.key}"})
    assert (refused.status_code, refused.json["code"]) == (429, "too_often")
    assert Program(shop, make(sam)).get("/customers"), "another key goes on"


def test_keys_are_made_seen_once_and_ended(any_shop: Shop, sam: Browser):
    shop = any_shop
    refused = sam.post("/admin/keys/new", {"name": "more", "permissions": ["staff.write"]})
    assert refused.status_code == 422, "nobody gives what they do not have"
    assert sam.post("/admin/keys/new", {"name": "", "permissions": []}).status_code == 422
    assert sam.post("/admin/keys/new", {"name": "old", "ends_on": "2001-01-01"}).status_code == 422
    assert shop.rows(StaffKey) == []
    key = make(sam, "payments.write", ends_on="2099-01-01")
    till, page = Program(shop, key), sam.get("/admin/keys").text
    assert key not in page
    assert key[:9] in page
    assert "book payments and assign money" in page
    assert till.get("/customers")
    assert till.client.get("/api/staff/v1/customers").status_code == 401, "without a key"
    assert sam.client.get("/api/staff/v1/customers").status_code == 401, "and with a cookie alone"
    assert till.client.get("/api/v1/balance", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    assert till.client.get("/admin/", headers={"Authorization": f"Bearer {key}"}).status_code == 303
    # a colleague neither sees nor ends it; who sees to the staff does
    other = shop.person("staff", "kim@example.com", "customers.write", "keys.write")
    assert key[:9] not in other.get("/admin/keys").text
    assert other.post("/admin/keys/1/revoke", {"reason": "x"}).status_code == 404
    assert shop.person("staff", "lou@example.com").post("/admin/keys/new", {"name": "x"}).status_code == 403
    head = shop.person("staff", "head@example.com", "staff.write", "keys.write")
    assert key[:9] in head.get("/admin/keys").text
    assert head.post("/admin/keys/1/revoke", {"reason": "she left"}).status_code == 303
    assert till.get("/customers", 401)["code"] == "unknown_key"
    assert head.post("/admin/keys/1/revoke", {"reason": "again"}).status_code == 422, "it is revoked"
    trail = [(row.action, row.subject) for row in shop.rows(AuditEntry) if row.subject == "staff_key:1"]
    assert trail == [("staff.create_key", "staff_key:1"), ("staff.revoke_key", "staff_key:1")]
    brief = Program(shop, make(sam, ends_on="2099-01-01"))
    shop.change(StaffKey, 2, ends_on=date(2020, 1, 1))
    assert brief.get("/customers", 401)["code"] == "unknown_key"


def test_the_description_says_what_there_is(any_shop: Shop, till: Program):
    routes = {
        (
            rule.rule.replace("<int:key>", "{id}").replace("<code>", "{code}").removeprefix("/api/staff/v1"),
            method.lower(),
        )
        for rule in any_shop.app.url_map.iter_rules()
        for method in rule.methods & {"GET", "POST"}
        if rule.endpoint.startswith("api_staff.") and rule.endpoint != "api_staff.openapi"
    }
    assert routes == {(path, method) for path, methods in DESCRIPTION["paths"].items() for method in methods}
    till.post("/customers/1/orders", LINE | {"total": "12.99", "pay": "later"}, "o", 201)
    any_shop.work()
    for path, body in (
        ("/customers", None), ("/customers/1", None), ("/customers/1/plans", None),
        ("/customers/1/plans/basic", None), ("/customers/1/quote", LINE),
        ("/subscriptions", None), ("/subscriptions/1", None), ("/documents", None), ("/documents/1", None),
    ):  # fmt: skip
        told = till.get(path) if body is None else till.post(path, body)
        where = path.replace("/1", "/{id}").replace("/basic", "/{code}")
        described = DESCRIPTION["paths"][where]["get" if body is None else "post"]
        fits(told, described["responses"]["200"]["content"]["application/json"]["schema"], path)
    assert till.client.get("/api/staff/v1/openapi.json").json["openapi"] == "3.1.0"
