"""Callbacks that come five times at once, forged, foreign or with another amount: nothing is booked twice or untrue."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from card_shop import SYSTEM, open_card_shop

from billhead import clock
from billhead.actions.payments.apply_callback import QUARANTINE_PER_ACCOUNT, apply_callback
from billhead.actions.payments.resolve import resolve
from billhead.actions.payments.store_callback import store_callback
from billhead.db import writing
from billhead.domain.errors import InvalidInput, NotFound
from billhead.jobs.kinds import KINDS
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.operations import Event, Job
from billhead.models.payments import Callback, Payment, PaymentAttempt
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        yield shop


@pytest.fixture
def paid(shop):
    """An order that was paid on the page; its callback waits to be read."""
    started = shop.order()
    shop.pay(shop.checkout(started.document_id))
    (callback,) = shop.stored("charge.succeeded")
    return shop.row(Callback, callback)


def at_once(shop, callback_ids):
    """Each callback in a thread of its own."""

    def read(callback_id):
        with shop.app.app_context():
            return apply_callback(SYSTEM, callback_id)

    with ThreadPoolExecutor(len(callback_ids)) as pool:
        return list(pool.map(read, callback_ids))


def test_pitfall_03_five_replays_in_parallel_are_one_payment(shop, paid):
    asked = {"data": paid.body, "headers": paid.headers, "query_string": paid.query}
    answers = [shop.app.test_client().post(paid.path, **asked) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    copies = [one.id for one in shop.rows(Callback, Callback.body == paid.body)]
    assert at_once(shop, copies) == ["applied"] * 5
    (payment,) = shop.rows(Payment)
    assert payment.amount_minor == 1255
    (invoice,) = shop.invoices()
    assert shop.row(Subscription, invoice.subscription_id).paid_through == date(2026, 12, 22)  # one month, not five
    assert shop.balances() == {"clearing": 1237, "fees": 18, "deferred_revenue": -1000, "tax": -255}
    errors = sorted(callback.error for callback in shop.rows(Callback, Callback.id.in_(copies)))
    assert errors == ["", *["a repeat of an earlier message"] * 4]
    assert shop.rows(CustomerCredit) == []
    assert shop.notices() == ["receipt"]


def test_a_thousand_replays_in_parallel_are_one_payment(shop, paid):
    """As they are stored: each with its own row, read by eight workers at once."""
    names = ("account_id", "path", "query", "headers", "body", "received_at")
    told = {name: getattr(paid, name) for name in names}
    with writing(SYSTEM) as tx:
        tx.session.add_all([Callback(**told) for _ in range(999)])
    waiting = [one.id for one in shop.rows(Callback, Callback.body == paid.body)]
    assert len(waiting) == 1000

    def read(callback_id):
        with shop.app.app_context():
            return apply_callback(SYSTEM, callback_id)

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(read, waiting)) == {"applied": 1000}
    assert (len(shop.rows(Payment)), len(shop.invoices())) == (1, 1)
    assert sum(one.event_id is not None for one in shop.rows(Callback)) == 1
    assert shop.balances() == {"clearing": 1237, "fees": 18, "deferred_revenue": -1000, "tax": -255}  # 12.55 less 0.18


def test_callback_return_page_and_poll_at_the_same_moment_settle_once(shop, paid):
    (attempt,) = shop.rows(PaymentAttempt)

    def look():
        with shop.app.app_context():
            return resolve(SYSTEM, attempt.id)

    def read():
        with shop.app.app_context():
            return apply_callback(SYSTEM, paid.id)

    with ThreadPoolExecutor(5) as pool:
        done = [pool.submit(call) for call in (look, read, look, look, look)]
        assert {one.result() for one in done} == {"succeeded", "applied"}
    assert len(shop.rows(Payment)) == len(shop.invoices()) == 1
    assert shop.balances()["clearing"] == 1237


def test_reading_a_callback_twice_changes_nothing(shop, paid):
    assert apply_callback(SYSTEM, paid.id) == "applied"
    assert apply_callback(SYSTEM, paid.id) == "applied"
    assert len(shop.rows(Payment)) == 1


def test_the_web_stores_a_callback_as_it_came_and_queues_reading_it(shop, paid):
    assert paid.path == "/callbacks/token-of-cards"
    assert paid.headers["sandbox-signature"].startswith("t=")
    assert paid.body.startswith(b'{"id": "evt_')
    (job,) = shop.rows(Job, Job.key == f"callback:{paid.id}")
    assert (job.kind, job.args) == ("callbacks.apply", {"callback_id": paid.id})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: {"body": c.body.replace(b'"amount": 1255', b'"amount": 1')},
        lambda c: {"headers": {**c.headers, "sandbox-signature": "t=1,v1=" + "0" * 64}},
        lambda c: {"headers": {}},
        lambda c: {"body": b""},
    ],
    ids=["changed", "signature of zeros", "unsigned", "empty"],
)
def test_pitfall_04_a_forged_callback_is_quarantined(shop, paid, spoil):
    spoilt = {"body": paid.body, "headers": paid.headers, **spoil(paid)}
    with_spoilt = Callback(path=paid.path, query="", **spoilt)
    forged = shop.stored_again(with_spoilt)
    assert apply_callback(SYSTEM, forged) == "quarantined"
    kept = shop.row(Callback, forged)
    assert (kept.event_id, kept.body) == (None, spoilt["body"])
    assert kept.error
    assert shop.rows(Payment) == []
    assert shop.attempts() == ["requires_action"]
    assert apply_callback(SYSTEM, paid.id) == "applied", "a forgery does not keep the genuine one out"


def test_the_quarantine_keeps_the_newest_few_hundred(shop, monkeypatch):
    assert QUARANTINE_PER_ACCOUNT == 500
    monkeypatch.setattr("billhead.actions.payments.apply_callback.QUARANTINE_PER_ACCOUNT", 3)
    forged = Callback(path="/callbacks/token-of-cards", query="", headers={}, body=b"{}")
    ids = [shop.stored_again(forged) for _ in range(5)]
    for one in ids:
        apply_callback(SYSTEM, one)
    assert [callback.id for callback in shop.rows(Callback)] == ids[2:]


@pytest.mark.parametrize(
    ("forgery", "kept_as", "why"),
    [
        ("amount", "rejected", "12.56 EUR was reported where 12.55 EUR was asked for"),
        ("currency", "quarantined", "XTS"),
        ("reference", "rejected", "no payment with reference 'somebody-else'"),
    ],
)
def test_pitfall_04_signed_but_foreign_is_not_booked_and_the_truth_is_found_by_looking(shop, forgery, kept_as, why):
    shop.control("cards", callback_forged=forgery)
    started = shop.order()
    shop.pay(shop.checkout(started.document_id))
    assert shop.hear("charge.succeeded") == [kept_as]
    (wrong,) = shop.rows(Callback, Callback.state == kept_as)
    assert why in wrong.error
    assert shop.rows(Payment) == []
    assert shop.row(Document, started.document_id).state == "open"
    (attempt,) = shop.rows(PaymentAttempt)
    assert resolve(SYSTEM, attempt.id) == "succeeded"
    assert [payment.amount_minor for payment in shop.rows(Payment)] == [1255]


def test_a_callback_of_an_attempt_at_another_account_is_rejected(shop, paid):
    (attempt,) = shop.rows(PaymentAttempt)
    shop.change(PaymentAttempt, attempt.id, account_id=shop.bank)
    assert apply_callback(SYSTEM, paid.id) == "rejected"
    assert shop.rows(Payment) == []


def test_an_unknown_address_or_a_flood_is_not_stored(shop, monkeypatch):
    with pytest.raises(NotFound):
        shop.act(store_callback, "no-such-token", "/callbacks/no-such-token", "", {}, b"{}")
    with pytest.raises(InvalidInput, match="larger than"):
        shop.act(store_callback, "token-of-cards", "/", "", {}, b"x" * (256 * 1024 + 1))
    monkeypatch.setattr("billhead.actions.payments.store_callback._WAITING_AT_MOST", 2)
    for _ in range(2):
        shop.act(store_callback, "token-of-cards", "/", "", {}, b"{}")
    with pytest.raises(InvalidInput, match="too many"):
        shop.act(store_callback, "token-of-cards", "/", "", {}, b"{}")


def test_a_lost_callback_is_made_up_for_by_the_poll(shop):
    """Pitfall: the payer has paid, the callback never comes. The open attempt is looked up after five minutes."""
    shop.control("cards", callbacks=False)
    started = shop.order()
    shop.pay(shop.checkout(started.document_id))
    look = KINDS["payments.resolve_open"].run
    look(SYSTEM, {})
    assert shop.attempts() == ["requires_action"], "not yet: five minutes have not gone by"
    with clock.business_time(clock.business_now() + timedelta(minutes=6)):
        look(SYSTEM, {})
    assert shop.attempts() == ["succeeded"]
    assert len(shop.rows(Payment)) == 1


def test_a_payment_is_told_to_plugins_once(shop, paid):
    at_once(shop, [paid.id, shop.stored_again(paid)])
    told = [event.type for event in shop.rows(Event)]
    assert told == ["subscription.started", "document.issued", "document.paid", "payment.received"]
