"""What is taken away says in figures what it touches, before it is."""

from web_shop import Shop

from billhead.models.payments import PaymentMethod
from billhead.models.subscriptions import Subscription
from billhead.web import affected


def test_staff_read_figures_before_they_stop_something(shop: Shop):
    ada = shop.customer()
    shop.order(ada, save="1")
    shop.pay(save=True)
    shop.work()
    shop.order(ada)  # waits to be paid
    sam = shop.person("staff", "sam@example.com", "*")
    retire = sam.get("/admin/catalogue/1/retire").text
    assert "renew as before: 1. Orders of it that wait to be paid: 1." in retire
    assert "renew as before: 0." in sam.get("/admin/catalogue/3/retire").text, "another plan has none"
    rest = sam.get("/admin/panels/1/maintenance").text
    assert "Lines on it: 2. Changes that wait in its queue: 0." in rest
    off = sam.get("/admin/plugins/panel/disable").text
    assert "Panels of it: 1, lines on them: 2." in off
    assert "Gateway accounts of it" not in off
    off = sam.get("/admin/plugins/cards/disable").text
    assert "Gateway accounts of it: 2. Subscriptions that are charged there by themselves: 1." in off
    gone = sam.get("/admin/payment-methods/1/remove").text
    assert "offered by mail then: 1 (Basic: €9.99 next, paid until" in gone


def test_a_customer_reads_what_a_card_renews_before_it_is_removed(shop: Shop, monkeypatch):
    ada = shop.customer()
    shop.order(ada, save="1")
    shop.pay(save=True)
    shop.work()
    assert 'href="/account/payment-methods/1/remove"' in ada.get("/account/payment-methods").text
    page = ada.get("/account/payment-methods/1/remove").text
    assert "It renews 1 subscription." in page
    assert "€9.99" in page
    assert shop.rows(PaymentMethod)[0].token, "looked at"
    monkeypatch.setattr(affected, "_MOST", 1)
    shop.order(ada)
    shop.change(Subscription, 2, payment_method_id=1, state="active")
    assert "It renews 2 subscriptions." in ada.get("/account/payment-methods/1/remove").text, "not only what is listed"
    shop.change(Subscription, 1, payment_method_id=None)
    shop.change(Subscription, 2, payment_method_id=None)
    assert "It renews nothing now" in ada.get("/account/payment-methods/1/remove").text
    eve = shop.customer("eve@example.com", name="Eve Online")
    assert eve.get("/account/payment-methods/1/remove").status_code == 404
    assert ada.post("/account/payment-methods/1/remove").status_code == 303
    assert shop.rows(PaymentMethod)[0].token == ""
    assert ada.get("/account/payment-methods/1/remove").status_code == 404
