"""Callbacks: 200 only for what is stored; forged ones change nothing; repeats count once."""

from sqlalchemy import func, select, text
from web_shop import Shop

from billhead.db import db, reading
from billhead.models.payments import Callback, Payment, PaymentAttempt


def stored(shop: Shop) -> list[Callback]:
    with shop.app.app_context(), reading() as session:
        return list(session.scalars(select(Callback).order_by(Callback.id)))


def count(shop: Shop, table) -> int:
    with shop.app.app_context(), reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_message_is_kept_raw_and_acknowledged(any_shop: Shop):
    answer = any_shop.app.test_client().post("/callbacks/token-of-cards?a=1&b=%20", data=b"\xff\x00raw")
    assert (answer.status_code, answer.data) == (200, b"OK")
    (callback,) = stored(any_shop)
    assert (callback.body, callback.query, callback.state) == (b"\xff\x00raw", "a=1&b=%20", "received")


def test_a_message_in_the_form_of_a_form_is_kept_raw_too(shop: Shop):
    """Also where the browser of somebody who is signed in brings it."""
    sent = {"data": b"m_payment_id=1&signature=2", "content_type": "application/x-www-form-urlencoded"}
    shop.app.test_client().post("/callbacks/token-of-cards", **sent)
    shop.customer().client.post("/callbacks/token-of-cards", **sent)
    assert [callback.body for callback in stored(shop)] == [sent["data"]] * 2


def test_an_unknown_address_is_not_found_and_kept_nowhere(shop: Shop):
    assert shop.app.test_client().post("/callbacks/guessed", data=b"x").status_code == 404
    assert stored(shop) == []


def test_a_forged_message_is_quarantined_and_pays_nothing(shop: Shop):
    shop.order(shop.customer())
    told = {"id": "e", "ref": shop.attempt().key, "state": "succeeded", "minor": 999, "currency": "EUR"}
    shop.call_back(told, key="guess")
    shop.work()
    assert [callback.state for callback in stored(shop)] == ["quarantined"]
    assert count(shop, Payment) == 0


def test_the_same_message_twice_pays_once(any_shop: Shop):
    any_shop.order(any_shop.customer())
    for _ in range(2):
        any_shop.pay()
    any_shop.work()
    assert count(any_shop, Payment) == 1
    assert any_shop.attempt().state == "succeeded"


def test_another_amount_is_not_taken_for_the_payment(shop: Shop):
    shop.order(shop.customer())
    told = {"id": "e", "ref": shop.attempt().key, "state": "succeeded", "minor": 998, "currency": "EUR"}
    shop.call_back(told)
    shop.work()
    assert [callback.state for callback in stored(shop)] == ["rejected"]
    assert count(shop, Payment) == 0


def test_a_message_that_is_too_large_is_refused(shop: Shop):
    answer = shop.app.test_client().post("/callbacks/token-of-cards", data=b"x" * (256 * 1024 + 1))
    assert answer.status_code == 413
    assert stored(shop) == []


def test_what_cannot_be_stored_is_to_be_sent_again(shop: Shop):
    with shop.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE callback RENAME TO elsewhere"))
    assert shop.app.test_client().post("/callbacks/token-of-cards", data=b"x").status_code == 503


def test_a_gateway_that_is_gone_still_gets_its_200(shop: Shop):
    from billhead.models.payments import GatewayAccount

    shop.change(GatewayAccount, shop.accounts["cards"], gateway="uninstalled")
    answer = shop.app.test_client().post("/callbacks/token-of-cards", data=b"x")
    assert (answer.status_code, answer.data) == (200, b"")
    assert len(stored(shop)) == 1


def test_coming_back_by_a_form_of_the_gateway(shop: Shop):
    browser = shop.customer()
    shop.order(browser)
    document_id = shop.attempt().document_id
    answer = shop.app.test_client().post(f"/pay/{document_id}/return", data={"status": "ok"})
    assert answer.location == f"/pay/{document_id}/return"
    assert count(shop, PaymentAttempt) == 1
