"""The switch for automatic renewal: what happens when and for how much, turned off and on, and who may."""

import pytest
from web_shop import Browser, Shop

from billhead.models.operations import AuditEntry
from billhead.models.payments import PaymentMethod
from billhead.models.subscriptions import Subscription

PAGE = "/account/subscriptions/1/renewal"


def bought(shop: Shop, *, kept: bool) -> Browser:
    ada = shop.customer()
    shop.order(ada, **({"save": "1"} if kept else {}))
    shop.pay(save=kept)
    shop.work()
    return ada


def turn(browser: Browser, way: str):
    return browser.post(f"{PAGE}/{way}", page=PAGE)


def test_off_ends_it_with_the_paid_time_and_on_takes_that_back(any_shop: Shop):
    shop = any_shop
    ada = bought(shop, kept=True)
    assert 'href="/account/subscriptions/1/renewal"' in ada.get("/account/subscriptions/1").text
    (before,) = shop.rows(Subscription)
    page = ada.get(PAGE).text
    assert "€9.99 are charged to Visa •••• 4242" in page
    assert "Turn it off" in page
    assert "nothing is charged any more" in page, "what would be, were it off"
    assert shop.rows(Subscription)[0].service_ends_on is None, "looked at, not turned"
    assert turn(ada, "off").location == PAGE
    (off,) = shop.rows(Subscription)
    assert (off.service_ends_on, off.state) == (before.paid_through, "active")
    page = ada.get(PAGE).text
    assert "Turn it on" in page
    assert "€9.99 are charged to Visa" in page, "what would be, were it on again"
    assert turn(ada, "off").location == PAGE, "twice is once"
    assert turn(ada, "on").location == PAGE
    (on,) = shop.rows(Subscription)
    assert (on.service_ends_on, on.billing_ends_on, on.payment_method_id) == (None, None, before.payment_method_id)
    assert on.next_bill_on == before.next_bill_on
    turned = shop.rows(AuditEntry, AuditEntry.action == "subscriptions.set_auto_renew")
    assert [(one.subject, one.details["on"]) for one in turned] == [
        ("subscription:1", way) for way in (False, False, True)
    ]


def test_what_is_renewed_by_hand_is_charged_to_the_saved_card_from_now_on(shop: Shop):
    ada = bought(shop, kept=False)
    page = ada.get(PAGE).text
    assert "we mail you an offer for €9.99" in page
    assert "Unpaid, it is over on" in page
    assert "No payment method is saved" in page.replace("no payment", "No payment")
    assert "Turn it on" not in page
    assert "keep the card as you pay" in page
    assert 'action="/account/subscriptions/1/renew"' in page, "the button that offers the next term"
    assert turn(ada, "on").status_code == 409
    shop.order(ada, save="1")  # another one, paid by a card that is kept
    shop.pay(event="evt_2", save=True)
    shop.work()
    page = ada.get(PAGE).text
    assert "If you turn it on" in page
    assert "charged to Visa •••• 4242" in page
    assert turn(ada, "on").location == PAGE
    (one, other) = shop.rows(Subscription)
    assert (one.collection, one.payment_method_id) == ("auto", other.payment_method_id)
    assert one.next_bill_on == other.next_bill_on, "not days before, as by hand"


def test_what_can_t_be_turned_says_why(shop: Shop):
    ada = shop.customer()
    shop.order(ada)
    page = ada.get(PAGE).text.replace("&#39;", "'")
    assert "can't be turned now" in page
    assert "keep the card as you pay" not in page, "its first term is to be paid"
    assert turn(ada, "on").status_code == 409
    assert turn(ada, "sideways").location == PAGE
    shop.pay(save=True)
    shop.work()
    shop.change(PaymentMethod, 1, usable=False)
    shop.change(Subscription, 1, payment_method_id=None, collection="manual")
    assert turn(ada, "on").status_code == 409, "the card was declined for good"
    assert shop.rows(Subscription)[0].collection == "manual"


def test_whose_it_is_not_finds_nothing(shop: Shop):
    bought(shop, kept=True)
    eve = shop.customer("eve@example.com", name="Eve Online")
    assert eve.get(PAGE).status_code == 404
    for way in ("on", "off"):
        assert eve.post(f"{PAGE}/{way}", page="/account/").status_code == 404
    assert shop.rows(Subscription)[0].service_ends_on is None
    assert shop.visitor().get(PAGE).location.startswith("/sign-in")


def test_staff_turn_it_with_a_reason_and_the_customer_is_told_who_did(shop: Shop):
    ada = bought(shop, kept=True)
    sam = shop.person("staff", "sam@example.com", "subscriptions.write")
    path = "/admin/subscriptions/1/renewal"
    assert 'href="/admin/subscriptions/1/renewal"' in sam.get("/admin/subscriptions/1").text
    page = sam.get(path).text
    assert "€9.99 are charged to Visa •••• 4242" in page
    assert "nothing is charged any more" in page
    assert sam.post(path, {}).status_code == 422, "without a reason"
    assert sam.post(path, {"reason": "asked by phone"}).status_code == 303
    assert shop.rows(Subscription)[0].service_ends_on is not None
    assert "only staff can take that back" in ada.get(PAGE).text
    assert turn(ada, "on").status_code == 403
    assert sam.post(path, {"reason": "changed her mind"}).status_code == 303
    assert shop.rows(Subscription)[0].service_ends_on is None
    assert sam.post(path, {"reason": "from a page of before", "wanted": "on"}).status_code == 303
    assert shop.rows(Subscription)[0].service_ends_on is None, "as the page of before asked for"
    (line, *_again) = shop.rows(AuditEntry, AuditEntry.action == "subscriptions.set_auto_renew")
    assert (line.actor, line.reason) == ("staff:2", "asked by phone")
    assert sam.get("/admin/subscriptions/7/renewal").status_code == 404
    assert shop.person("staff", "reader@example.com").get(path).status_code == 403


@pytest.mark.parametrize("path", [PAGE])
def test_a_look_asks_a_bounded_number_of_queries(shop: Shop, path):
    ada = bought(shop, kept=True)
    with shop.asking() as seen:
        assert ada.get(path).status_code == 200
    assert len(seen) < 90, "the switch is thrown, with all that it locks, and rolled back"


def test_what_is_told_is_what_the_run_will_do(shop: Shop):
    ada = bought(shop, kept=True)
    shop.change(Subscription, 1, payment_method_id=None)  # as after it was handed over, or an import
    assert "charged to Visa •••• 4242" in ada.get(PAGE).text, "the first that can be charged"
    shop.change(Subscription, 1, payment_method_id=1)
    shop.change(PaymentMethod, 1, usable=False)  # declined for good
    page = ada.get(PAGE).text
    assert "we send you an invoice for €9.99" in page
    assert "charged to Visa" not in page
    shop.change(Subscription, 1, collection="manual")
    assert "we mail you an offer for €9.99" in ada.get(PAGE).text
    assert turn(ada, "on").status_code == 409, "nothing can be charged"


def test_on_says_what_came_of_it(shop: Shop):
    ada = bought(shop, kept=False)
    turn(ada, "off")
    turn(ada, "on")
    page = ada.get(PAGE).text
    assert "It goes on. We mail you an offer in time." in page
    assert "Automatic renewal is on." not in page
    (one,) = shop.rows(Subscription)
    shop.change(Subscription, 1, service_ends_on=one.paid_through)
    assert "This subscription is about to end. Order it anew." in ada.get(PAGE).text, "by its plan"
    assert turn(ada, "on").status_code == 409


def test_staff_say_when_it_is_billed(shop: Shop):
    ada = bought(shop, kept=True)
    sam = shop.person("staff", "sam@example.com", "subscriptions.write")
    path = "/admin/subscriptions/1/timing"
    assert f'href="{path}"' in sam.get("/admin/subscriptions/1").text
    page = sam.get(path).text
    assert "It is billed in arrears from" in page
    assert "Its lines run on, an open offer to renew is void" in page
    assert "over €9.99" in page
    assert sam.post(path, {}).status_code == 422, "without a reason"
    assert sam.post(path, {"reason": "a hotel"}).status_code == 303
    assert shop.rows(Subscription)[0].timing == "arrears"
    assert "in arrears" in sam.get("/admin/subscriptions/1").text
    assert "Bill it in advance" in sam.get(path).text
    assert sam.post(path, {"reason": "not any more"}).status_code == 303
    assert "it is billed in advance" in sam.get("/admin/subscriptions/1").text
    assert "Billed as each period begins" in ada.get("/account/subscriptions/1").text
    assert "Bill it in arrears" in sam.get(path).text, "to take that back"
    assert ada.get(path).status_code in (403, 404)
    end, fields = "/admin/subscriptions/1/cancel", {"policy": "immediate", "money": "", "reason": "x"}
    sam.yes(end, sam.post(end, fields), **fields)
    assert "It can&#39;t be changed" in sam.get(path).text
