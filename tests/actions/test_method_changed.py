"""What Stripe and PayPal tell of saved methods: a renewed card is renewed here, what is gone there is gone here."""

import pytest
from fake_paypal import CLIENT, WEBHOOK, FakePayPal, Wallet
from fake_paypal import SECRET as PAYPAL_SECRET
from fake_stripe import KEY, SECRET, Card, FakeStripe

from billhead import clock
from billhead.actions.payments.collect import collect
from billhead.actions.payments.forget_method import forget_method
from billhead.actions.payments.resolve_saving import resolve_saving
from billhead.actions.payments.start_saving import start_saving
from billhead.db import writing
from billhead.models.operations import AuditEntry
from billhead.models.payments import MethodSaving, PaymentMethod
from billhead.plugin import RawCallback
from billhead.testing.paying_shop import SYSTEM, open_paying_shop


@pytest.fixture
def stripe():
    with FakeStripe() as stripe:
        yield stripe
    assert stripe.wrong == [], "Stripe's description does not allow it"


@pytest.fixture
def shop(stripe, tmp_path):
    settings = {"api_key": KEY, "webhook_secret": SECRET, "url": stripe.url, "timeout_seconds": 5}
    with open_paying_shop(tmp_path, "stripe", settings) as shop:
        yield shop


def save(shop, stripe, last4="4242"):
    begun = start_saving(SYSTEM, shop.customer, shop.account, "https://shop.example/added")
    stripe.save(shop.rows(MethodSaving)[-1].provider_ref, Card(last4))
    assert resolve_saving(SYSTEM, begun.saving_id) == "succeeded"
    return shop.rows(PaymentMethod)[-1].id


def told(shop, stripe, what, about, kind):
    body = stripe.event(what, about, kind=kind)
    return shop.hear(RawCallback("/callbacks/token", "", stripe.headers(body), body, clock.now()))


def changes(shop):
    known = ("payments.method_renewed", "payments.method_gone")
    return [one.action.rpartition("_")[2] for one in shop.rows(AuditEntry, AuditEntry.action.in_(known))]


def test_a_card_that_the_bank_has_renewed_has_its_new_month_once(shop, stripe):
    method = save(shop, stripe)
    with writing(SYSTEM) as tx:
        tx.session.get_one(PaymentMethod, method).usable = False  # declined for good: it had expired
    (card,) = stripe.all("payment_method")
    card["card"] |= {"exp_year": 2034, "exp_month": 2, "last4": "1881"}
    for _ in range(3):
        assert told(shop, stripe, "payment_method", card["id"], "automatically_updated") == "applied"
    row = shop.row(PaymentMethod, method)
    assert (row.label, row.expires, row.usable) == ("Visa •••• 1881", "2034-02", True)
    assert changes(shop) == ["renewed"]
    assert collect(SYSTEM, shop.invoice).state == "succeeded"


@pytest.mark.parametrize("order", ["updated first", "gone first"])
def test_one_that_was_detached_is_gone_whatever_is_told_last(shop, stripe, order):
    first, second = save(shop, stripe, "0001"), save(shop, stripe, "0002")
    (_, card) = stripe.all("payment_method")
    card["customer"] = None
    kinds = ["automatically_updated", "detached", "updated"]
    for kind in kinds if order == "updated first" else kinds[::-1]:
        assert told(shop, stripe, "payment_method", card["id"], kind) == "applied"
    gone, left = shop.row(PaymentMethod, second), shop.row(PaymentMethod, first)
    assert (gone.token, gone.usable, left.is_default) == ("", False, True)
    assert changes(shop) == ["gone"]
    assert collect(SYSTEM, shop.invoice).state == "succeeded", "the next in the customer's order"


def test_with_its_customer_all_that_was_saved_is_gone(shop, stripe):
    save(shop, stripe)
    save(shop, stripe)
    (customer,) = stripe.all("customer")
    assert told(shop, stripe, "customer", customer["id"], "deleted") == "applied"
    assert changes(shop) == [], "Stripe still has it: a signed message alone proves nothing"
    stripe.rows["customer"].clear()
    for _ in range(2):
        assert told(shop, stripe, "customer", customer["id"], "deleted") == "applied"
    assert changes(shop) == ["gone", "gone"]
    assert collect(SYSTEM, shop.invoice).state == "no_method"


def test_what_is_not_ours_or_was_removed_here_is_passed_over(shop, stripe):
    method = save(shop, stripe)
    (card,) = stripe.all("payment_method")
    strangers = stripe.card(Card("9999"), "cus_of_another_shop")
    assert told(shop, stripe, "payment_method", strangers, "automatically_updated") == "applied"
    shop.act(forget_method, method)
    assert told(shop, stripe, "payment_method", card["id"], "detached") == "applied"
    assert changes(shop) == []


def test_an_account_whose_consent_is_taken_back_at_paypal_is_gone_here(tmp_path):
    with FakePayPal() as paypal:
        settings = {
            "client_id": CLIENT, "client_secret": PAYPAL_SECRET, "webhook_id": WEBHOOK, "url": paypal.url,
            "timeout_seconds": 5,
        }  # fmt: skip
        with open_paying_shop(tmp_path, "paypal", settings) as shop:
            begun = start_saving(SYSTEM, shop.customer, shop.account, "https://shop.example/added")
            paypal.agree(shop.rows(MethodSaving)[-1].provider_ref, Wallet(email="ada@example.org"))
            assert resolve_saving(SYSTEM, begun.saving_id) == "succeeded"
            (token,) = paypal.wallets
            kind = "VAULT.PAYMENT-TOKEN.DELETED"
            assert shop.hear(paypal.callback(kind, "token", token)) == "applied"
            assert changes(shop) == [], "PayPal still has it"
            paypal.wallets.clear()
            for _ in range(2):
                assert shop.hear(paypal.callback(kind, "token", token)) == "applied"
            assert changes(shop) == ["gone"]
            assert collect(SYSTEM, shop.invoice).state == "no_method"
        assert (paypal.wrong, paypal.keyless) == ([], []), "PayPal's description does not allow it"
