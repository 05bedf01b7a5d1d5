"""The card processor: what each test card and token does, and what is told to the shop."""

import hashlib
import hmac
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

SALE = {"amount": 1999, "currency": "EUR", "reference": "att-1", "description": "Premium, one month"}
CARDS = {
    "ok": "4242 4242 4242 4242",
    "insufficient": "4000000000009995",
    "lost": "4000000000009987",
    "3ds": "4000000000003220",
    "processing": "4000000000000077",
    "unheard": "4000000000000101",
    "later_insufficient": "4000000000000341",
    "later_flaky": "4000000000000259",
}


class Shop:
    """Receives callbacks; answers 500 as often as `refuse` says."""

    def __init__(self):
        self.received, self.refuse = [], 0
        shop = self

        class Till(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.received.append((self.headers["Sandbox-Signature"], body))
                shop.refuse -= 1
                self.send_response(500 if shop.refuse >= 0 else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Till)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/callbacks/cards"

    def wait_for(self, count):
        deadline = time.monotonic() + 8
        while len(self.received) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.15)  # one more would be here by now
        assert len(self.received) == count, self.types()
        return [json.loads(body) for _, body in self.received]

    def types(self):
        return [json.loads(body)["type"] for _, body in self.received]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def shop():
    shop = Shop()
    yield shop
    shop.stop()


def charge(wire, key="k1", **fields):
    reply = wire.card("POST", "charges", {**SALE, **fields}, key)
    assert reply.status_code == 200, reply.text
    return reply.json()


def enter(wire, made, card, **fields):
    return wire.http.post(f"/cards/checkout/{made['session']}", data={"number": CARDS[card], **fields})


def now(wire, made):
    return wire.card("GET", f"charges/{made['id']}").json()


def proven(signature, body, secret="whsec_sandbox_demo"):
    match = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", signature)
    wanted = hmac.new(secret.encode(), match[1].encode() + b"." + body, hashlib.sha256).hexdigest()
    return wanted == match[2] and abs(time.time() - int(match[1])) < 60


def test_a_payer_pays_on_the_hosted_page_and_the_shop_is_told(wire, shop):
    made = charge(wire, return_url="http://shop.example/back?x=1", callback_url=shop.url)
    assert (made["status"], made["amount"], made["fee"]) == ("requires_action", 1999, 0)
    page = wire.http.get(made["action_url"])
    assert '<form method="post">' in page.text
    assert "<script" not in page.text
    assert "4000000000009995" in page.text
    back = enter(wire, made, "ok")
    assert back.status_code == 303
    assert back.headers["location"] == f"http://shop.example/back?x=1&charge={made['id']}"
    paid = now(wire, made)
    assert (paid["status"], paid["card"]["last4"], paid["token"]) == ("succeeded", "4242", None)
    assert paid["fee"] == 29  # 1.5 % of 19.99 = 0.29985, rounded down
    events = shop.wait_for(2)
    assert [event["type"] for event in events] == ["charge.requires_action", "charge.succeeded"]
    assert events[1]["data"] == paid
    assert all(proven(*received) for received in shop.received)


@pytest.mark.parametrize(
    ("card", "failure"),
    [
        ("insufficient", {"class": "soft", "code": "insufficient_funds"}),
        ("lost", {"class": "hard", "code": "lost_card"}),
    ],
)
def test_a_decline_is_told_to_the_payer_and_is_final(wire, card, failure):
    made = charge(wire, return_url="http://shop.example/back")
    page = enter(wire, made, card)
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert "http://shop.example/back?charge=" in page.text
    assert now(wire, made)["failure"] == failure
    enter(wire, made, "ok")
    assert now(wire, made)["status"] == "failed"


@pytest.mark.parametrize(("decision", "status"), [("approve", "succeeded"), ("refuse", "failed")])
def test_3d_secure_asks_the_bank(wire, decision, status):
    made = charge(wire)
    answer = enter(wire, made, "3ds", save="1")
    page = wire.http.get(answer.headers["location"])
    assert "3-D Secure" in page.text
    assert now(wire, made)["status"] == "requires_action"
    wire.http.post(f"/cards/checkout/{made['session']}/challenge", data={"decision": decision})
    assert now(wire, made)["status"] == status
    assert (now(wire, made)["token"] is not None) == (status == "succeeded")


def test_no_challenge_is_passed_before_a_card_was_entered(wire):
    made = charge(wire)
    answer = wire.http.post(f"/cards/checkout/{made['session']}/challenge", data={"decision": "approve"})
    assert answer.status_code == 409
    assert now(wire, made)["status"] == "requires_action"


def test_processing_ends_with_a_late_callback(wire, shop):
    wire.control("POST", "cards", {"processing_seconds": 0.3})
    made = charge(wire, callback_url=shop.url)
    enter(wire, made, "processing")
    assert now(wire, made)["status"] == "processing"
    assert [event["type"] for event in shop.wait_for(3)][1:] == ["charge.processing", "charge.succeeded"]
    wire.control("POST", "cards", {"processing_ends": "failed"})
    late = charge(wire, "k2", token="tok_processing", callback_url=shop.url)
    assert late["status"] == "processing"
    shop.wait_for(5)
    assert now(wire, late)["failure"]["code"] == "declined_late"


def test_a_card_that_charges_and_hangs_up(wire):
    made = charge(wire)
    with pytest.raises(httpx.RemoteProtocolError):
        enter(wire, made, "unheard")
    assert now(wire, made)["status"] == "succeeded"


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        ("tok_ok", "succeeded", None),
        ("tok_insufficient", "failed", "insufficient_funds"),
        ("tok_lost", "failed", "lost_card"),
        ("tok_3ds", "requires_action", None),
        ("tok_processing", "processing", None),
        ("tok_made_up", "failed", "no_such_token"),
    ],
)
def test_a_token_decides_what_becomes_of_a_charge(wire, token, status, code):
    made = charge(wire, token=token)
    assert made["status"] == status
    assert (made["failure"] or {}).get("code") == code
    assert (made["action_url"] is not None) == (status == "requires_action")


def test_a_saved_card_is_charged_without_its_holder(wire):
    def save(card, key):
        made = charge(wire, key)
        enter(wire, made, card, save="1")
        return now(wire, made)["token"]

    assert charge(wire, "r1", token=save("ok", "k1"))["status"] == "succeeded"
    assert charge(wire, "r2", token=save("later_insufficient", "k2"))["failure"]["class"] == "soft"
    flaky = save("later_flaky", "k3")
    assert [charge(wire, f"f{n}", token=flaky)["status"] for n in range(3)] == ["failed", "failed", "succeeded"]
    wire.card("DELETE", f"tokens/{flaky}")
    assert charge(wire, "f4", token=flaky)["failure"]["code"] == "no_such_token"


def test_a_charge_whose_answer_is_lost_is_found_by_reference_and_not_made_twice(wire):
    with pytest.raises(httpx.RemoteProtocolError):
        charge(wire, "k9", token="tok_unknown", reference="att-9")
    found = wire.card("GET", "charges", params={"reference": "att-9"}).json()["data"]
    assert [item["status"] for item in found] == ["succeeded"]
    again = charge(wire, "k9", token="tok_unknown", reference="att-9")
    assert again["id"] == found[0]["id"]
    assert wire.card("GET", "charges", params={"reference": "nobody"}).json() == {"data": []}


def test_crash_after_charging_through_a_fault(wire):
    wire.control("POST", "faults", {"kind": "crash", "match": "cards.charge", "count": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        charge(wire, token="tok_ok")
    assert charge(wire, token="tok_ok")["status"] == "succeeded"
    assert len(wire.control("GET", "cards")["charges"]) == 1


def test_an_idempotency_key_belongs_to_one_request(wire):
    first = charge(wire, "same", token="tok_ok")
    assert charge(wire, "same", token="tok_ok") == first
    other = wire.card("POST", "charges", {**SALE, "amount": 5, "token": "tok_ok"}, "same")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_mismatch")
    assert wire.card("POST", "charges", SALE).json()["error"]["code"] == "idempotency_key_missing"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": 19.99}, "bad_amount"),
        ({"amount": 0}, "bad_amount"),
        ({"currency": "eur"}, "bad_currency"),
        ({"reference": ""}, "bad_reference"),
        ({"callback_url": "ftp://x"}, "bad_callback_url"),
    ],
)
def test_a_wrong_request_is_refused_and_its_key_stays_free(wire, change, code):
    reply = wire.card("POST", "charges", {**SALE, **change}, "k")
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, code)
    assert charge(wire, "k", token="tok_ok")["status"] == "succeeded"


def test_the_api_key_is_asked_for(wire):
    reply = wire.http.get("/cards/v1/charges", params={"reference": "x"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "unauthorised")


def test_refunds_never_exceed_the_charge(wire, shop):
    made = charge(wire, token="tok_ok", callback_url=shop.url)

    def refund(amount, key):
        return wire.card("POST", "refunds", {"charge": made["id"], "amount": amount, "reference": key}, key)

    assert refund(1500, "r1").json()["status"] == "succeeded"
    assert refund(1500, "r1").json()["amount"] == 1500  # the same refund, told again
    assert refund(500, "r2").json()["error"]["code"] == "amount_too_large"  # 19.99 - 15.00 = 4.99 left
    assert refund(499, "r3").json()["status"] == "succeeded"
    assert now(wire, made)["refunded"] == 1999
    assert [item["amount"] for item in wire.card("GET", "refunds", params={"reference": "r3"}).json()["data"]] == [499]
    assert [event["type"] for event in shop.wait_for(3)] == ["charge.succeeded", "refund.succeeded", "refund.succeeded"]


def test_a_refund_may_fail_and_frees_its_amount(wire):
    made = charge(wire, token="tok_ok")
    wire.control("POST", "cards", {"refund_status": "failed"})
    failed = wire.card("POST", "refunds", {"charge": made["id"], "amount": 1999, "reference": "r"}, "r").json()
    assert (failed["status"], failed["failure"]["code"]) == ("failed", "account_closed")
    assert now(wire, made)["refunded"] == 0


def test_cancel_and_expiry_close_an_open_checkout(wire):
    made = charge(wire, cancel_url="http://shop.example/cart")
    back = wire.http.post(f"/cards/checkout/{made['session']}", data={"cancel": "1"})
    assert back.headers["location"] == f"http://shop.example/cart?charge={made['id']}"
    assert now(wire, made)["status"] == "canceled"
    other = charge(wire, "k2")
    assert wire.card("POST", f"charges/{other['id']}/cancel").json()["status"] == "canceled"
    wire.control("POST", "cards", {"session_seconds": 0})
    old = charge(wire, "k3")
    wire.state.store.run("UPDATE card_charges SET created = created - 1 WHERE id = ?", (old["id"],))
    assert now(wire, old)["status"] == "expired"


def test_callbacks_are_repeated_until_they_are_taken(wire, shop):
    shop.refuse = 2
    charge(wire, token="tok_ok", callback_url=shop.url)
    events = shop.wait_for(3)
    assert len({event["id"] for event in events}) == 1


def test_copies_and_order_can_be_spoilt(wire, shop):
    wire.control("POST", "cards", {"callback_copies": 2, "callback_out_of_order": True, "processing_seconds": 0.1})
    charge(wire, token="tok_processing", callback_url=shop.url)
    kinds = [event["type"] for event in shop.wait_for(4)]
    assert kinds == ["charge.succeeded", "charge.succeeded", "charge.processing", "charge.processing"]


def test_callbacks_can_be_held_back_or_lost(wire, shop):
    wire.control("POST", "cards", {"callback_delay": 0.4})
    charge(wire, "k1", token="tok_ok", callback_url=shop.url)
    assert shop.received == []
    shop.wait_for(1)
    wire.control("POST", "cards", {"callbacks": False, "callback_delay": 0.0})
    charge(wire, "k2", token="tok_ok", callback_url=shop.url)
    shop.wait_for(1)


@pytest.mark.parametrize("forged", ["signature", "stale", "amount", "currency", "reference"])
def test_forgeries(wire, shop, forged):
    wire.control("POST", "cards", {"callback_forged": forged})
    charge(wire, token="tok_ok", callback_url=shop.url)
    [event] = shop.wait_for(1)
    assert proven(*shop.received[0]) == (forged not in ("signature", "stale"))
    told = {name: event["data"][name] for name in ("amount", "currency", "reference")}
    true = {name: SALE[name] for name in told}
    assert {name for name in told if told[name] != true[name]} == {forged} - {"signature", "stale"}
