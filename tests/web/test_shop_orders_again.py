"""Orders of a reseller's shop that stood in the way of later ones: refused, over, or not paid any more.

A month of Basic costs 25.00 EUR in the shop of Aurora and takes 10.00 of its credits, of which it has 100.00.
"""

from datetime import timedelta

import pytest
from white_label import WhiteLabel

from billhead import clock
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._time_bought import pull_back_time
from billhead.actions.shops.try_again import try_again
from billhead.db import reading
from billhead.domain.errors import Conflict, NotFound
from billhead.domain.periods import start_of_day
from billhead.models.credits import CreditHold
from billhead.models.documents import Document
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Impossible
from billhead.plugin_host import plugins


def orders(white: WhiteLabel) -> list[str]:
    return [row.state for row in white.shop.rows(ShopSupply)]


def holds(white: WhiteLabel) -> list[tuple[str, int]]:
    with white.shop.app.app_context(), reading() as session:
        assert verify_ledger(session, b"key of the tests").faults == []
    return [(row.state, row.amount_minor) for row in white.shop.rows(CreditHold)]


@pytest.fixture
def refused(white_label: WhiteLabel, monkeypatch: pytest.MonkeyPatch) -> WhiteLabel:
    """The panel of Ada's first month lacked a package; it has it now."""
    with white_label.shop.app.app_context():
        module = plugins().module("memory")
    with monkeypatch.context() as lacking:
        lacking.setattr(type(module), "plan", lambda *_asked: [Impossible("plan", "no such package")])
        white_label.sell()
        white_label.shop.work()
    assert (orders(white_label), white_label.area.credits("aurora")) == (["refused"], 10000)
    return white_label


def test_the_reseller_tries_again_what_its_panel_refused(refused: WhiteLabel):
    (row,) = refused.shop.rows(ShopSupply)
    refused.renew()
    refused.shop.work()
    assert orders(refused) == ["refused", "waiting"]  # the second month is not given in place of the first
    browser, to = refused.area.browsers["aurora"], f"/reseller/shop/orders/{row.id}/try-again"
    assert to in browser.get("/reseller/shop/orders").text
    assert browser.post(to, page="/reseller/shop/orders").status_code == 303
    refused.shop.work()
    assert orders(refused) == ["supplied", "supplied"]
    assert holds(refused) == [("released", 1000), ("captured", 1000), ("captured", 1000)]
    assert refused.area.credits("aurora") == 8000  # 100.00 - 2 × 10.00
    (line,), (subscription,) = refused.shop.rows(Service), refused.shop.rows(Subscription)
    last = line.desired_expires_at.date()
    assert (line.sync, subscription.paid_through - last <= timedelta(days=1)) == ("ok", True)
    again = browser.post(to, page="/reseller/shop/orders", follow_redirects=True)
    assert "order is supplied: only what" in again.text
    assert to not in again.text


def test_why_an_order_stands_still_is_said_in_the_resellers_language(refused: WhiteLabel):
    refused.renew()
    refused.shop.work()
    browser = refused.area.browsers["aurora"]
    assert browser.post("/language", {"language": "de", "back": "/"}).status_code == 303
    why = "eine frühere Bestellung dieses Abonnements kommt zuerst"
    assert why in browser.get("/reseller/shop/orders").text
    assert why in browser.get("/reseller/shop/orders?format=csv").text


def test_staff_try_again_and_nobody_else_for_it(refused: WhiteLabel):
    (row,) = refused.shop.rows(ShopSupply)
    with pytest.raises(NotFound):
        refused.act(try_again, refused.area.ids["aurora"], row.id, who="gulf")
    with pytest.raises(NotFound):
        refused.act(try_again, refused.area.ids["gulf"], row.id, who="gulf")
    assert orders(refused) == ["refused"]
    boss, trainee = (
        refused.shop.person("staff", f"{who}@example.com", *may) for who, may in (("boss", "*"), ("new", ""))
    )
    page = f"/admin/shop-orders/{row.id}/try-again"
    assert trainee.get(page).status_code == 403
    assert page not in trainee.get("/admin/shop-orders").text
    assert page in boss.get("/admin/shop-orders").text
    assert "no such package" in boss.get(page).text
    assert boss.post(page, {"reason": "the package is there now"}, page=page).location == "/admin/shop-orders"
    assert boss.get("/admin/shop-orders/999/try-again").status_code == 404
    with pytest.raises(Conflict, match="this order is waiting"):
        refused.act(try_again, refused.area.ids["aurora"], row.id)
    refused.shop.work()
    assert (orders(refused), holds(refused)[-1]) == (["supplied"], ("captured", 1000))


def test_what_waited_is_supplied_in_its_turn_each_for_its_whole_term(white_label: WhiteLabel):
    white_label.leave(0)
    white_label.sell()
    white_label.shop.work()
    white_label.renew()
    white_label.shop.work()
    assert orders(white_label) == ["waiting", "waiting"]
    lengths = [row.until - row.starts_on for row in white_label.shop.rows(ShopSupply)]
    with clock.business_time(clock.business_now() + timedelta(days=70)):  # both would be over
        white_label.grant(5000)
        white_label.shop.work()
        today = clock.today_in(white_label.shop.rows(Subscription)[0].zone)
    first, second = white_label.shop.rows(ShopSupply)
    assert (first.state, first.starts_on, first.until) == ("supplied", today, today + lengths[0])
    assert (second.state, second.starts_on, second.until) == ("supplied", first.until, first.until + lengths[1])
    assert white_label.shop.rows(Subscription)[0].paid_through == second.until
    assert (holds(white_label), white_label.area.credits("aurora")) == ([("captured", 1000)] * 2, 3000)


def test_no_credits_are_taken_for_time_that_ran_by_a_later_order(white_label: WhiteLabel):
    """The money of the first month went, the second was supplied, and the first is paid again when it is long over."""
    white_label.leave(0)
    white_label.sell()
    white_label.shop.work()
    white_label.renew()
    white_label.shop.work()
    first = white_label.shop.rows(ShopSupply)[0]
    white_label.shop.change(Document, first.document_id, state="final", settled_minor=0)
    white_label.grant(5000)
    white_label.shop.work()
    white_label.shop.change(Document, first.document_id, state="paid", settled_minor=2500)
    with clock.business_time(clock.business_now() + timedelta(days=45)):
        white_label.grant(1)
        white_label.shop.work()
    assert orders(white_label) == ["waiting", "supplied"]
    assert "its time is over" in white_label.shop.rows(ShopSupply)[0].why
    assert (holds(white_label), white_label.area.credits("aurora")) == ([("captured", 1000)], 4001)


def test_an_order_that_is_supplied_late_never_shortens_its_line(white_label: WhiteLabel):
    """Its money went, the month after it was supplied, and its money came again."""
    white_label.leave(0)
    white_label.sell()
    white_label.shop.work()
    white_label.renew()
    white_label.shop.work()
    first = white_label.shop.rows(ShopSupply)[0]
    white_label.shop.change(Document, first.document_id, state="final", settled_minor=0)
    white_label.grant(5000)
    white_label.shop.work()
    assert orders(white_label) == ["waiting", "supplied"]
    before = white_label.shop.rows(Service)[0].desired_expires_at
    white_label.shop.change(Document, first.document_id, state="paid", settled_minor=2500)
    white_label.grant(1)
    white_label.shop.work()
    assert orders(white_label) == ["supplied", "supplied"]
    assert white_label.shop.rows(Service)[0].desired_expires_at == before
    assert holds(white_label) == [("captured", 1000), ("captured", 1000)]
    assert white_label.area.credits("aurora") == 3001  # 50.01 - 2 × 10.00


def test_a_chargeback_of_what_runs_shortens_it_without_grace(white_label: WhiteLabel):
    white_label.sell()
    white_label.shop.work()
    (row,), (line,) = white_label.shop.rows(ShopSupply), white_label.shop.rows(Service)
    white_label.act(pull_back_time, [row.document_id], "chargeback")
    (pulled,) = white_label.shop.rows(Service)
    assert line.desired_expires_at - pulled.desired_expires_at == timedelta(days=(row.until - row.starts_on).days)


def test_a_chargeback_of_the_second_that_waited_leaves_the_first_its_whole_term(white_label: WhiteLabel):
    white_label.leave(0)
    white_label.sell()
    white_label.shop.work()
    white_label.renew()
    white_label.shop.work()
    with clock.business_time(clock.business_now() + timedelta(days=10)):
        white_label.grant(5000)
        white_label.shop.work()
        first, second = white_label.shop.rows(ShopSupply)
        white_label.act(pull_back_time, [second.document_id], "chargeback")
    (subscription,), (line,) = white_label.shop.rows(Subscription), white_label.shop.rows(Service)
    assert (first.until, subscription.paid_through) == (second.starts_on, first.until)
    assert line.desired_expires_at == start_of_day(first.until, subscription.zone)
