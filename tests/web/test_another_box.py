"""The customer's page on which a line gets another box."""

import pytest
from web_shop import BOX, Shop

from billhead.db import reading
from billhead.models.subscriptions import Service

NEW, STRANGE = "00:1A:79:00:00:0B", "02:11:22:33:44:55"
PAGE = "/account/services/1/box"


@pytest.fixture
def ada(shop: Shop):
    browser = shop.customer()
    shop.order(browser, "box", mac=BOX)
    shop.pay()
    shop.work()
    return browser


def mac(shop):
    with shop.app.app_context(), reading() as session:
        return session.get_one(Service, 1).mac


def test_the_box_is_exchanged_once_a_month(shop, ada):
    assert PAGE in ada.get("/account/subscriptions/1").text
    page = ada.get(PAGE).text
    assert BOX in page
    assert "1 of 1 exchange left this month" in page
    assert "I have looked again" not in page
    answer = ada.post(PAGE, {"mac": "001a.7900.000b"}, page=PAGE)
    assert answer.status_code == 303
    assert f"{NEW} is your box now" in ada.get(answer.location).text
    assert mac(shop) == NEW
    shop.work()
    assert NEW in ada.get("/account/subscriptions/1").text

    again = ada.get(PAGE).text
    assert "You have exchanged it once this month. You can do it again from" in again
    assert 'name="mac"' not in again
    late = ada.post(PAGE, {"mac": BOX}, page="/")
    assert (late.status_code, mac(shop)) == (422, NEW)


def test_an_unusual_address_is_asked_about_and_then_believed(shop, ada):
    asked = ada.post(PAGE, {"mac": STRANGE}, page=PAGE)
    assert (asked.status_code, mac(shop)) == (422, BOX)
    assert "usually begin with 00:1A:79 or 10:27:BE" in asked.text
    assert "I have looked again, and the address is right" in asked.text
    assert ada.post(PAGE, {"mac": STRANGE, "sure": "y"}, page=PAGE).status_code == 303
    assert mac(shop) == STRANGE


def test_what_is_no_address_is_said_at_its_field(shop, ada):
    answer = ada.post(PAGE, {"mac": "<script>"}, page=PAGE)
    assert (answer.status_code, mac(shop)) == (422, BOX)
    assert "is not a MAC address" in answer.text
    assert "<script>&" not in answer.text


def test_the_box_of_somebody_else_is_not_there(shop, ada):
    eve = shop.customer("eve@example.com", name="Eve")
    assert eve.get(PAGE).status_code == 404
    assert eve.post(PAGE, {"mac": NEW}).status_code == 404
    shop.order(eve, "box", mac=NEW)
    taken = ada.post(PAGE, {"mac": NEW}, page=PAGE)
    assert "This box can&#39;t be used here" in taken.text
    assert "Eve" not in taken.text
