"""What only a narrow screen has: menus that are folded, and a bar of what to do with many that stays in sight."""

import pytest
from reseller_area import open_area
from walking import PHONE
from web_shop import PASSWORD

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_menu_is_opened_and_closed_again(walker, shop, scripts):
    open_area(shop)
    visitor = walker(PHONE, java_script_enabled=scripts)
    page = visitor.page
    page.goto(f"{visitor.address}/sign-in")
    page.locator("main input[type=email]").fill("aurora@example.com")
    page.locator("main input[type=password]").fill(PASSWORD)
    page.locator("main form:has(input[type=password]) button.btn-primary").click()
    page.goto(f"{visitor.address}/reseller/users")
    menu, users = page.get_by_role("navigation", name="Reseller"), page.locator(".side [aria-current=page]")
    assert not menu.is_visible()
    button = page.get_by_role("button", name="Menu")
    button.press("Enter")
    assert users.is_visible()
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    button.click()
    page.get_by_role("button", name="Close").click()
    assert not menu.is_visible()
    button.click()
    menu.get_by_role("link", name="Margin").click()
    page.wait_for_url("**/reseller/margin")


def test_how_many_are_picked_stays_in_sight(walker, shop):
    area = open_area(shop)
    for name in ("Anna", "Bo", "Cleo"):
        area.add("baltic", name)
    visitor = walker(PHONE)
    visitor.sign_in("baltic@example.com")
    visitor.go("/reseller/users")
    page = visitor.page
    page.get_by_label("Pick Cleo").check()
    assert page.locator("[data-picked]").inner_text() == "1 picked"
    page.evaluate("scrollTo(0, 200)")
    bar = page.get_by_role("button", name="Renew the picked ones").bounding_box()
    assert 0 < bar["y"] < PHONE[1]
    page.get_by_label("All on this page").check()
    assert page.locator("[data-picked]").inner_text() == "3 picked"
    visitor.look()
