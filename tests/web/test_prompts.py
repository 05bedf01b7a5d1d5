"""A gateway that asks for a phone number, and then the payer on that phone: without scripts, one prompt at a time."""

import re

import pytest
from web_shop import Shop

from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.documents import Document
from billhead.models.payments import Callback, GatewayAccount, PaymentAttempt
from billhead.models.people import Customer


@pytest.fixture
def phone(shop: Shop):
    """The id of an account that prompts; it stands before the others."""
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        account = GatewayAccount(
            seller_id=shop.seller_id, code="phone", name="M-Money", gateway="phone", callback_token="token-of-phone",
            position=-1,
        )  # fmt: skip
        tx.session.add(account)
        tx.session.flush()
        shop.accounts["phone"], shop.tokens["phone"] = account.id, account.callback_token
        return account.id


def typed(account, number):
    return {"account": str(account), f"field-{account}-phone": number}


def ordered(shop, browser, account, number="0712 345 678", term="12 months"):
    """The year costs 100.00 EUR."""
    assert browser.post("/plans/basic", {"term": term}).status_code == 303
    return browser.post("/checkout", typed(account, number))


def answered(shop, **more):
    """The provider calls an address below the account's own."""
    told = {"id": "evt_1", "ref": shop.attempt().key, **more}
    return shop.app.test_client().post("/callbacks/token-of-phone/doc1.proof", json=told, headers={"X-Key": "k"})


def test_from_the_number_to_the_paid_order(shop, phone):
    browser = shop.customer()
    shop.change(Customer, 1, phone="0712 000 000")
    browser.post("/plans/basic", {"term": "12 months"})
    form = browser.get("/checkout").text
    assert re.search(rf'name="field-{phone}-phone" type="tel" value="0712 000 000"', form)
    assert "As 0712 345 678." in form

    refused = browser.post("/checkout", typed(phone, "+44 7911 123456"))
    assert refused.status_code == 422
    assert "Phone number: must begin with 07" in refused.text
    assert 'value="+44 7911 123456"' in refused.text, "what was typed stays"
    assert browser.post("/checkout", typed(phone, " ")).status_code == 422
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        assert tx.session.query(Document).count() == 0, "no order is written that can't be paid at once"

    begun = browser.post("/checkout", typed(phone, "0712 345 678"))
    waits = browser.get(begun.location, follow_redirects=True)
    assert "Confirm on your phone" in waits.text
    assert "+254712345678" in waits.text
    assert 'data-look="/pay/1/return?looks=1"' in waits.text
    assert (shop.attempt().state, shop.attempt().provider_ref) == ("processing", f"push-{shop.attempt().key}")

    again = browser.post("/pay/1", typed(phone, "0712 345 678"))
    assert again.status_code == 409
    assert "nothing is charged twice" not in again.text
    assert "still being looked up" in again.text
    assert browser.get("/pay/1").location == "/pay/1/return"

    called = answered(shop, state="succeeded", minor=10000, currency="EUR")
    assert (called.status_code, called.text) == (200, "OK")
    shop.work()
    assert browser.get("/pay/1/return?looks=1").location == "/account/"
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        (kept,) = tx.session.query(Callback)
        assert (kept.path, kept.remote_address) == ("/callbacks/token-of-phone/doc1.proof", "127.0.0.1")


def test_while_the_payer_waits_a_lost_answer_is_looked_up(shop, phone):
    browser = shop.customer()
    ordered(shop, browser, phone)
    browser.get("/pay/1/return?looks=9")
    shop.work()
    browser.get("/pay/1/return?looks=10")
    assert "Please don’t pay a second time" in browser.get("/pay/1/return?looks=25").text
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        from billhead.models.operations import Job

        assert tx.session.query(Job).filter_by(kind="payments.payer_is_back").count() == 1


def test_a_declined_prompt_is_said_in_the_gateways_words(shop, phone):
    browser = shop.customer()
    ordered(shop, browser, phone)
    shop.change(PaymentAttempt, 1, state="failed", decline_class="needs_customer", decline_code="1032")
    assert "You have declined it." in browser.get("/pay/1/return").text
    shop.change(PaymentAttempt, 1, decline_code="odd")
    assert "Your bank wants you to confirm" in browser.get("/pay/1/return").text
    shop.change(GatewayAccount, phone, settings={"page": "busy"})
    refused = browser.post("/pay/1", typed(phone, "0712 345 678"))
    assert refused.status_code == 502
    assert "Another one is open on this phone." in refused.text


def test_what_the_gateway_can_not_take_is_said_and_not_sent(shop, phone):
    browser = shop.customer()
    refused = ordered(shop, browser, phone, term="1 month")
    assert refused.status_code == 422
    assert "takes whole steps of 1.00 EUR only, and this is 9.99 EUR" in refused.text
    yen = shop.customer("yuki@example.com", currency="JPY")
    yen.post("/plans/basic", {"term": "1 month"})
    assert "M-Money" in browser.get("/pay/1").text
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        assert tx.session.query(PaymentAttempt).count() == 0


def test_several_are_paid_by_one_prompt(shop, phone):
    browser = shop.customer()
    for _ in range(2):
        shop.order(browser, term="12 months", account="")
    fields = {"document": ["1", "2"]}
    assert "must begin with 07" in browser.post("/pay/several", {**fields, **typed(phone, "12")}).text
    begun = browser.post("/pay/several", {**fields, **typed(phone, "0712 345 678")})
    assert "€200.00" in browser.get(begun.location, follow_redirects=True).text
    assert shop.attempt().amount_minor == 20000


def test_staff_check_an_account_and_decide_what_no_look_up_can(shop, phone):
    browser = shop.customer()
    ordered(shop, browser, phone)
    staff = shop.person("staff", "staff@example.com", "*")
    checked = staff.post(f"/admin/gateways/{phone}/check", page=f"/admin/gateways/{phone}")
    assert "The key holds." in staff.get(checked.location).text
    shop.change(GatewayAccount, phone, settings={"page": "busy"})
    checked = staff.post(f"/admin/gateways/{phone}/check", page=f"/admin/gateways/{phone}")
    assert "The key is wrong. Compare it" in staff.get(checked.location).text
    assert "Check the account" not in staff.get(f"/admin/gateways/{shop.accounts['cards']}").text

    path = "/admin/attempts/1/decide"
    assert path in staff.get("/admin/attempts/1").text
    early = staff.post(path, {"outcome": "not_paid", "reason": "no SMS"}, page=path)
    assert "answer may still come" in early.text
    made = shop.attempt().created_at
    shop.change(PaymentAttempt, 1, created_at=made.replace(year=made.year - 1))
    told = staff.post(path, {"outcome": "not_paid", "reason": "no SMS"}, page=path)
    assert "The attempt has failed." in staff.get(told.location).text
