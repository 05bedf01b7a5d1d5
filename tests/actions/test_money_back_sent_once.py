"""A refund goes out once: whoever sends it, however many do at once, and wherever the process is killed."""

import threading
from datetime import timedelta

import pytest
from card_shop import SYSTEM, open_card_shop

from billhead import clock
from billhead.actions import exchange
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments.close_refund import close_refund
from billhead.actions.payments.refund import refund
from billhead.actions.payments.send_refund import send_refund
from billhead.db import reading
from billhead.domain.errors import Conflict, GatewayRejected
from billhead.jobs.kinds import KINDS, TryLater
from billhead.models.payments import Payment, Refund
from billhead.plugin_host import plugins


class Killed(BaseException):
    """The process ends here; nothing catches it."""


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        yield shop
        with reading() as session:
            assert verify_ledger(session).faults == []


@pytest.fixture
def owed(shop):
    """5.00 of 12.55 that were paid by card are to go back: the refund, which nobody has sent yet."""
    shop.bought()
    (payment,) = shop.rows(Payment)
    return shop.act(refund, payment.id, 500, "source", reason="asked for").refund_id


def killed(owed, monkeypatch, point):
    def die(name):
        if name == point:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(exchange, "crash_point", die)
        with pytest.raises(Killed):
            send_refund(SYSTEM, owed)


def key_forgotten(shop):
    shop.processor.state.store.run("DELETE FROM card_requests")


def paid_out(shop):
    return [row["amount"] for row in shop.processor.state.store.rows("SELECT amount FROM card_refunds")]


def booked(shop, owed):
    """The refund's state, what of the payment went back, and what clearing lost (0.18 of it is the fee)."""
    (payment,) = shop.rows(Payment)
    return shop.row(Refund, owed).state, payment.refunded_minor, shop.balances()["clearing"]


def instead_of_sending(shop, monkeypatch, answer):
    """`answer(send)` stands for the gateway's refund; `send()` is what it does by itself."""
    gateway = type(plugins().gateway("sandbox_cards"))
    real = gateway.refund
    monkeypatch.setattr(gateway, "refund", lambda self, account, view: answer(lambda: real(self, account, view)))


def in_use():
    raise GatewayRejected("the first request with this key is still running", code="in_progress")


def test_killed_after_the_gateway_took_it(shop, owed, monkeypatch):
    killed(owed, monkeypatch, "exchange.called")
    key_forgotten(shop)
    assert shop.row(Refund, owed).state == "created"
    with shop.at("2026-11-22", hour=23):
        assert send_refund(SYSTEM, owed) == "succeeded"
        assert send_refund(SYSTEM, owed) == "succeeded"
    assert paid_out(shop) == [500]
    assert booked(shop, owed) == ("succeeded", 500, 1255 - 18 - 500)
    assert shop.notices("refunded") == ["refunded"]


def test_killed_before_the_gateway_heard_of_it(shop, owed, monkeypatch):
    killed(owed, monkeypatch, "exchange.intended")
    assert paid_out(shop) == []
    with shop.at("2026-11-22", hour=23):
        KINDS["payments.resolve_open"].run(SYSTEM, {})
    assert paid_out(shop) == [500]
    assert booked(shop, owed) == ("succeeded", 500, 737)


def test_killed_and_nobody_can_tell_it_is_not_repeated_when_its_key_may_be_forgotten(shop, owed, monkeypatch):
    killed(owed, monkeypatch, "exchange.called")
    key_forgotten(shop)
    with shop.at("2026-11-24"):
        shop.control("faults", kind="status", match="cards.lookup_refund", count=1)
        assert send_refund(SYSTEM, owed) == "unknown"
        assert paid_out(shop) == [500]
        assert send_refund(SYSTEM, owed) == "succeeded"
    assert paid_out(shop) == [500]


def test_a_repeat_that_is_refused_says_nothing_of_the_first(shop, owed, monkeypatch):
    killed(owed, monkeypatch, "exchange.called")
    shop.control("faults", kind="status", match="cards.lookup_refund", count=1)
    with shop.at("2026-11-22", hour=23), monkeypatch.context() as patched:
        instead_of_sending(shop, patched, lambda _: in_use())
        assert send_refund(SYSTEM, owed) == "unknown"
        assert booked(shop, owed)[:2] == ("unknown", 500)
        assert send_refund(SYSTEM, owed) == "succeeded"
    assert booked(shop, owed) == ("succeeded", 500, 737)


def test_killed_while_it_was_tried_again_the_job_waits(shop, owed, monkeypatch):
    killed(owed, monkeypatch, "exchange.called")
    (job,) = shop.jobs("payments.refund")
    with pytest.raises(TryLater):
        KINDS[job.kind].run(SYSTEM, job.args)
    assert send_refund(SYSTEM, owed) == "in_progress"
    with shop.at("2026-11-22", hour=23):
        KINDS[job.kind].run(SYSTEM, job.args)
    assert (paid_out(shop), booked(shop, owed)) == ([500], ("succeeded", 500, 737))


def test_a_sender_that_is_slow_is_not_overtaken_for_a_quarter_of_an_hour(shop, owed, monkeypatch):
    killed(owed, monkeypatch, "exchange.called")
    began = shop.row(Refund, owed).sending_since
    with clock.business_time(began + timedelta(minutes=14)):
        assert send_refund(SYSTEM, owed) == "in_progress"
    with clock.business_time(began + timedelta(minutes=15)):
        assert send_refund(SYSTEM, owed) == "succeeded"


def test_an_unreachable_gateway_leaves_it_to_be_sent(shop, owed):
    shop.control("faults", kind="status", status=429, match="cards.refund", count=1)
    assert send_refund(SYSTEM, owed) == "created"
    assert send_refund(SYSTEM, owed) == "succeeded"
    assert paid_out(shop) == [500]


def test_two_senders_at_once_one_payout(shop, owed, monkeypatch):
    calls, answers, begin, one_answered = [], [], threading.Barrier(2), threading.Event()

    def busy(send):
        calls.append(1)
        if len(calls) > 1:
            in_use()
        one_answered.wait(10)
        return send()

    def sender():
        with shop.app.app_context():
            begin.wait()
            answers.append(send_refund(SYSTEM, owed))
            one_answered.set()

    instead_of_sending(shop, monkeypatch, busy)
    threads = [threading.Thread(target=sender) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["in_progress", "succeeded"]
    assert (len(calls), paid_out(shop)) == (1, [500])
    assert booked(shop, owed) == ("succeeded", 500, 737)


def test_a_sender_that_was_overtaken_does_not_undo_what_the_other_booked(shop, owed, monkeypatch):
    calls = []

    def slow(send):
        calls.append(1)
        if len(calls) > 1:
            return send()
        with shop.at("2026-11-22", hour=23):
            assert send_refund(SYSTEM, owed) == "succeeded"
        in_use()

    instead_of_sending(shop, monkeypatch, slow)
    assert send_refund(SYSTEM, owed) == "succeeded"
    assert (len(calls), paid_out(shop)) == (2, [500])
    assert booked(shop, owed) == ("succeeded", 500, 737)


def test_nobody_says_how_it_ended_while_it_is_being_sent(shop, owed, monkeypatch):
    shop.control("faults", kind="status", match="cards.refund", count=1)
    assert send_refund(SYSTEM, owed) == "unknown"

    def meanwhile(send):
        with pytest.raises(Conflict, match="about to send it"):
            shop.act(close_refund, owed, "failed")
        return send()

    instead_of_sending(shop, monkeypatch, meanwhile)
    assert send_refund(SYSTEM, owed) == "succeeded"
    assert booked(shop, owed) == ("succeeded", 500, 737)
