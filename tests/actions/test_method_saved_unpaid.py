"""A method is saved without paying: the whole shop, Stripe's page in setup mode, callback and look-up in any order."""

import pytest
from fake_stripe import KEY, SECRET, Card, FakeStripe

from billhead.actions.payments.collect import collect
from billhead.actions.payments.resolve_saving import resolve_saving
from billhead.actions.payments.start_saving import MOST_A_DAY, start_saving
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, GatewayRejected, GatewayUnreachable, NotFound, OutcomeUnknown
from billhead.models.payments import GatewayAccount, MethodSaving, Payment, PaymentMethod
from billhead.plugin import RawCallback
from billhead.plugin_host import vault
from billhead.testing import clock
from billhead.testing.paying_shop import SYSTEM, open_paying_shop

BACK = "https://shop.example/account/payment-methods/added"


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


def begin(shop):
    return start_saving(SYSTEM, shop.customer, shop.account, BACK)


def page_of(shop):
    return shop.rows(MethodSaving)[-1].provider_ref


def said(stripe, what, about, event="evt_saved"):
    body = stripe.event(what, about, event_id=event)
    return RawCallback("/callbacks/token", "", stripe.headers(body), body, clock.now())


def test_a_card_is_saved_and_nothing_is_paid_until_something_is_owed(shop, stripe):
    begun = begin(shop)
    (page,) = stripe.all("checkout.session")
    assert (page["mode"], page["url"]) == ("setup", begun.url)
    assert page["success_url"] == f"{BACK}/{begun.saving_id}"
    assert resolve_saving(SYSTEM, begun.saving_id) == "requires_action"
    stripe.save(page["id"], Card("0341"))
    for number in range(2):
        assert shop.hear(said(stripe, "checkout.session", page["id"], f"evt_{number}")) == "applied"
        assert resolve_saving(SYSTEM, begun.saving_id) == "succeeded"
    (method,) = shop.rows(PaymentMethod)
    assert (method.label, method.expires, method.is_default, method.usable) == ("Visa •••• 0341", "2030-08", True, True)
    assert vault().decrypt(method.token).startswith(page["customer"])
    assert stripe.all("payment_intent") == []
    assert collect(SYSTEM, shop.invoice).state == "succeeded"
    assert len(shop.rows(Payment)) == 1


def test_it_is_found_without_a_callback(shop, stripe):
    begun = begin(shop)
    stripe.save(page_of(shop))
    assert resolve_saving(SYSTEM, begun.saving_id) == "succeeded"
    assert len(shop.rows(PaymentMethod)) == 1


def test_a_page_that_nobody_finished_saves_nothing(shop, stripe):
    begun = begin(shop)
    stripe.expire(page_of(shop))
    assert resolve_saving(SYSTEM, begun.saving_id) == "expired"
    assert shop.rows(PaymentMethod) == []


@pytest.mark.parametrize(("kind", "error"), [("lost", OutcomeUnknown), ("rate", GatewayUnreachable)])
def test_where_the_page_can_not_be_opened_it_may_be_tried_anew(shop, stripe, kind, error):
    stripe.fault("POST /v1/checkout/sessions", kind)
    with pytest.raises(error):
        begin(shop)
    assert shop.rows(MethodSaving)[0].state == "failed"
    begun = begin(shop)
    stripe.save(page_of(shop))
    assert resolve_saving(SYSTEM, begun.saving_id) == "succeeded"


@pytest.mark.parametrize("way", ["begin", "checkout"])
def test_stripe_s_refusal_of_the_key_pauses_the_account_for_saving_and_paying(shop, stripe, way):
    ways = {"begin": lambda: begin(shop), "checkout": shop.checkout}
    stripe.fault("POST /v1/checkout/sessions", "status", status=403)
    with pytest.raises(GatewayRejected):
        ways[way]()
    assert shop.row(GatewayAccount, shop.account).paused_because == "stripe_not_authorised"
    for begun in ways.values():
        with pytest.raises(NotFound):
            begun()
    assert stripe.all("checkout.session") == []


def test_somebody_elses_saving_and_an_unknown_one_are_not_taken(shop, stripe):
    begun = begin(shop)
    stranger = Context("customer:9", Role.CUSTOMER, Scope(customer_id=shop.customer + 1))
    with pytest.raises(NotFound):
        resolve_saving(stranger, begun.saving_id)
    with pytest.raises(NotFound):
        start_saving(stranger, shop.customer, shop.account, BACK)
    page = stripe.rows["checkout.session"][page_of(shop)]
    stripe.save(page["id"])
    page["metadata"] = {"billhead_reference": "save999-000000000000"}
    assert shop.hear(said(stripe, "checkout.session", page["id"])) == "rejected"
    assert "nobody began" in shop.why()
    page["client_reference_id"] = "save999-000000000000"
    assert resolve_saving(SYSTEM, begun.saving_id) == "requires_action"
    assert shop.rows(PaymentMethod) == []


def test_who_tries_out_cards_is_stopped(shop):
    for _ in range(MOST_A_DAY):
        begin(shop)
    with pytest.raises(Conflict, match="too often"):
        begin(shop)


def test_an_account_that_is_off_is_no_option(shop):
    with pytest.raises(NotFound):
        start_saving(SYSTEM, shop.customer, shop.account + 1, BACK)
