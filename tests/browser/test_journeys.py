"""The ways that people take, with a mouse and on a phone: every page on the way is looked at."""

import pytest
from walking import DESKTOP, PHONE
from web_shop import BOX, PASSWORD

from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.support import Department

pytestmark = pytest.mark.xdist_group("browser")
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@SIZES
def test_from_the_shop_window_to_an_order(walker, size):
    visitor = walker(size)
    page = visitor.page
    visitor.go("/")
    visitor.go("/sign-up")
    page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Country").select_option("FI")
    visitor.press("Create account")
    visitor.go("/plans/basic")
    page.locator("main form button.btn-primary").first.click()
    visitor.look()
    visitor.press("Check out")
    kept = page.get_by_label("Keep this card")
    assert kept.is_visible()
    page.get_by_label("Bank transfer").check()
    assert not kept.is_visible()
    page.locator("main form button.btn-primary").first.click()
    visitor.look()
    assert "FI21 1234 5600 0007 85" in page.inner_text("main")
    visitor.go("/account/")


@SIZES
def test_a_customer_looks_after_their_line(walker, shop, size):
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    shop.work()
    visitor = walker(size)
    visitor.sign_in("ada@example.com")
    visitor.go("/account/")
    links = visitor.page.eval_on_selector_all(
        "main a[href^='/account'], aside a, nav a", "found => found.map(a => a.pathname)"
    )
    for path in sorted(set(links)):
        visitor.go(path)


@SIZES
def test_a_customer_changes_their_plan_writes_and_has_another_box(walker, shop, size):
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(Department(seller_id=shop.seller_id, name="Help", position=1))
    ada = shop.customer()
    shop.order(ada, save="yes")
    shop.pay(save=True)
    shop.order(ada, "box", mac=BOX)
    shop.pay(event="evt_2")
    shop.work()
    visitor = walker(size)
    visitor.sign_in("ada@example.com")

    visitor.go("/account/subscriptions/1")
    visitor.press("Change plan or add-ons")
    visitor.fill(**{"addon-screen": "1"})
    visitor.send("Show what it costs")
    assert "€3.00" in visitor.read()  # a second screen, from the first day of the month that is paid
    visitor.send("Change it")
    assert "2 streams at a time" in visitor.read()

    visitor.go("/account/tickets")
    visitor.press("Write to us")
    visitor.fill(subject="No sound", text="Since noon.")
    visitor.send("Send")
    assert "Since noon." in visitor.read()

    visitor.go("/account/subscriptions/2")
    visitor.press("Another box")
    visitor.fill(mac="00:1A:79:00:00:0B")
    visitor.send("Watch on this box")
    assert "00:1A:79:00:00:0B is your box now" in visitor.read()


MAIN = (
    "/admin/find?q=ada", "/admin/customers", "/admin/subscriptions/1", "/admin/documents", "/admin/panels",
    "/admin/tickets", "/admin/reports",
)  # fmt: skip


@pytest.mark.parametrize("pages", [pytest.param(MAIN, id="main"), pytest.param((), marks=pytest.mark.full, id="all")])
def test_staff_go_through_their_menu(walker, shop, pages):
    shop.person("staff", "sam@example.com", "*")
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    shop.work()
    visitor = walker()
    visitor.sign_in("sam@example.com")
    visitor.go("/admin/")
    links = visitor.page.eval_on_selector_all("nav a", "found => found.map(a => a.pathname)")
    menu = sorted({path for path in links if path.startswith("/admin/")})
    assert len(menu) > 20
    for path in pages or menu:
        visitor.go(path)
