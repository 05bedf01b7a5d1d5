"""Order screening behind the counter: the queue, a case, the decision, the lists, the rules; and what customers see."""

import json

from click.testing import CliRunner
from web_shop import Shop

from billhead.cli import main
from billhead.models.fraud import FraudCase, FraudEntry
from billhead.models.payments import GatewayAccount
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service


def rules(shop: Shop, **stored):
    shop.change(Seller, shop.seller_id, fraud=stored)


def test_a_held_order_from_the_cart_to_the_first_evening(any_counter):
    counter, shop = any_counter, any_counter.shop
    rules(shop, review_from=20)
    bob = shop.customer("bob@mailinator.com", name="Bob <b>")
    assert shop.order(bob).status_code == 303
    shop.pay(event="evt_2")
    shop.work()
    assert "Your order is being checked" in bob.get("/account/").text
    assert "Your order is being checked" in bob.get("/account/subscriptions/2").text
    assert "order is being checked</a>" in counter.get("/admin/services/2").text
    assert "Bob" in counter.get("/admin/screening?subscription=2").text
    case = shop.rows(FraudCase)[-1]
    assert "order to be checked" in counter.get("/admin/").text
    queue = counter.get("/admin/screening?state=review").text
    assert "Disposable and aliased mail" in queue
    assert "mailinator.com gives out disposable addresses" not in queue
    assert "Bob &lt;b&gt;" in queue
    shown = counter.get(f"/admin/screening/{case.id}").text
    for words in ("Disposable and aliased mail", "bob@mailinator.com", "Finland", "What could not be said", "Approve"):
        assert words in shown
    told = counter.confirm(f"/admin/screening/{case.id}/approve", reason="known from the shop")
    assert "Approved." in told.text
    assert "known from the shop" in told.text
    shop.work()
    assert "being checked" not in bob.get("/account/").text
    assert shop.rows(Service)[-1].sync == "ok"
    assert [(what, why) for _, what, why in counter.trail("fraud.approve")] == [
        ("subscription:2", "known from the shop")
    ]
    again = counter.post(f"/admin/screening/{case.id}/refuse", reason="changed my mind")
    assert again.status_code in (409, 422)


def test_a_refused_order_tells_the_customer_nothing_to_learn_from(counter):
    shop = counter.shop
    rules(shop, refuse_from=50, review_from=50)
    eve = shop.customer("eve@mailinator.com")
    answer = shop.order(eve)
    assert answer.status_code == 403
    assert "We can&#39;t take this order online. Please get in touch with us." in answer.text
    assert "disposable" not in answer.text
    case = shop.rows(FraudCase)[-1]
    assert case.state == "refused"
    assert "Approve" not in counter.get(f"/admin/screening/{case.id}").text
    assert counter.post(f"/admin/screening/{case.id}/approve", reason="why not").status_code in (409, 422)


def test_what_costs_nothing_waits_too(counter):
    shop = counter.shop
    rules(shop, review_from=20)
    bob = shop.customer("bob@mailinator.com")
    done = shop.order(bob, "gift")
    assert "your order is being checked" in bob.get(done.location).text
    shop.work()
    line = shop.rows(Service)[-1]
    assert (line.desired_expires_at, line.observed_at) == (None, None)
    counter.confirm(f"/admin/screening/{shop.rows(FraudCase)[-1].id}/approve")
    shop.work()
    assert shop.rows(Service)[-1].observed_at is not None


def test_lists_are_filled_from_a_case_and_dropped_with_a_reason(counter):
    shop = counter.shop
    case = shop.rows(FraudCase)[0]
    form = counter.get(f"/admin/screening/lists/new?case={case.id}&kind=network").text
    assert 'value="127.0.0.1"' in form
    wrong = counter.post("/admin/screening/lists/new", list="deny", kind="network", value="1.2.3.4/99", reason="x")
    assert wrong.status_code == 422
    assert "no network" in wrong.text
    saved = counter.post(
        "/admin/screening/lists/new", list="deny", kind="mail", value="E.V.E+1@gmail.com", reason="chargebacks",
        ends="2099-12-31",
    )  # fmt: skip
    assert saved.status_code == 303
    assert "eve@gmail.com" in counter.get("/admin/screening/lists").text
    assert shop.order(shop.customer("eve@gmail.com")).status_code == 403
    counter.confirm(f"/admin/screening/lists/{shop.rows(FraudEntry)[0].id}/drop")
    assert shop.rows(FraudEntry) == []
    assert counter.get("/admin/screening/lists/new?case=99999&kind=mail").status_code == 200


def test_what_no_column_and_no_calendar_holds_is_refused_at_its_field(counter):
    """Days at the edge, numbers of customers that there can't be, and a list of documents that nobody can read."""
    entry = {"list": "deny", "kind": "mail", "value": "eve@example.com", "reason": "x"}
    for day in ("9999-12-31", "0001-01-01"):
        last = counter.post("/admin/screening/lists/new", **entry, ends=day)
        assert (last.status_code, "Not a valid date value" in last.text) == (422, True)
    for number in ("99999999999999999999999", "-99999999999999999999999", "1_0"):
        handed = counter.post("/admin/subscriptions/1/transfer", customer_id=number, money="moves", reason="x")
        assert (handed.status_code, "Not a valid integer value" in handed.text) == (422, True)
    account = GatewayAccount(seller_id=1, code="bank", gateway="transfer", name="Bank", currencies=[],
                             callback_token="t9", proof_key="x")  # fmt: skip
    receipt = {"account": counter.add(account)[0], "amount": "5", "reference": "T5", "documents": " "}
    counter.yes("/admin/customers/1/receipt", **receipt)


def test_rules_are_set_per_seller_and_refused_with_the_field(counter):
    page = f"/admin/sellers/{counter.shop.seller_id}/screening"
    assert 'value="150"' in counter.get(page).text
    numbers = {
        "review_from": "40", "refuse_from": "90", "window_hours": "12", "per_address": "3", "per_mailbox": "3",
        "per_card": "3", "per_phone": "0", "trial_days": "30", "trials_per_address": "1", "trials_per_network": "5",
        "seconds": "2", "keep_days": "90",
    }  # fmt: skip
    asked = ["lists", "velocity", "mail", "amount", "open_review"]
    saved = counter.post(page, **numbers, asked=asked, largest_first="200 EUR, 220.50 usd", unknown_is_review="y")
    assert saved.status_code == 303, saved.text
    stored = counter.row(Seller, counter.shop.seller_id).fraud
    assert stored["off"] == ["country", "hosting"]
    assert stored["largest_first"] == {"EUR": 20000, "USD": 22050}
    assert (stored["per_phone"], stored["unknown_is_review"]) == (0, True)
    assert "200.00 EUR, 220.50 USD" in counter.get(page).text
    for wrong in ({"refuse_from": "30"}, {"largest_first": "lots"}, {"largest_first": "-3 EUR"}, {"keep_days": "20"}):
        assert counter.post(page, **{**numbers, **wrong}, asked=asked).status_code == 422, wrong


def test_only_who_may_sees_addresses_and_decides(counter):
    clerk = counter.shop.person("staff", "clerk@example.com", "subscriptions.write")
    assert clerk.get("/admin/screening").status_code == 200
    for path in ("1", "1/approve", "lists", "lists/new"):
        assert clerk.get(f"/admin/screening/{path}").status_code == 403, path
    assert clerk.post("/admin/screening/1/refuse", {"reason": "x"}, page="/admin/screening").status_code == 403
    checker = counter.shop.person("staff", "checker@example.com", "fraud.review")
    assert checker.get("/admin/screening/1").status_code == 200
    assert counter.get("/admin/screening/999").status_code == 404
    assert counter.get("/admin/screening/1/perhaps").status_code == 404


def test_decisions_as_a_report_as_csv_and_on_the_command_line(counter):
    shop = counter.shop
    rules(shop, review_from=20)
    shop.order(shop.customer("bob@mailinator.com"))
    assert "Disposable and aliased mail" in counter.get("/admin/reports/order-screening").text
    table = counter.get("/admin/reports/order-screening?format=csv").text
    assert "review" in table
    assert "passed" in table
    listed = counter.get("/admin/screening?format=csv").text
    assert "Disposable and aliased mail" in listed
    assert "mailinator" not in listed, "what it saw is for who may decide"
    listed = CliRunner().invoke(main, ["fraud", "list", "--json"], obj=shop.app)
    (order,) = json.loads(listed.output)["orders"]
    assert (order["email"], order["amount"], order["score"]) == ("bob@mailinator.com", "9.99 EUR", 60)
    done = CliRunner().invoke(
        main, ["fraud", "decide", str(order["case_id"]), "refuse", "--reason", "a test", "--json"], obj=shop.app
    )
    assert json.loads(done.output)["state"] == "rejected"
    assert "No order waits" in CliRunner().invoke(main, ["fraud", "list"], obj=shop.app).output
