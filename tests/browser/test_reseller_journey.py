"""A reseller's day, from the first user to the looks of a shop: each page is looked at. On a phone in every run."""

import pytest
from reseller_area import open_area, sell_fifty
from walking import DESKTOP, PHONE
from web_shop import PASSWORD
from white_label import open_shops

from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize(
    "size", [pytest.param(DESKTOP, id="desktop", marks=pytest.mark.full), pytest.param(PHONE, id="phone")]
)
def test_users_credits_and_those_below(walker, shop, size):
    area = open_area(shop)
    open_shops(area)
    area.add("aurora", "Bob")
    shop.work()
    visitor = walker(size, permissions=["clipboard-read", "clipboard-write"])
    visitor.sign_in("aurora@example.com")
    add_a_user(visitor, shop)
    renew_both(visitor, shop)

    search = visitor.page.get_by_role("searchbox").first
    search.fill("anna")
    search.press("Enter")
    visitor.page.wait_for_url("**/users?q=anna")
    visitor.look()
    assert "Bob" not in visitor.read()

    pass_credits_on(visitor)
    add_a_reseller(visitor)
    dress_the_shop(visitor)
    visitor.go("/reseller/margin")
    visitor.go("/reseller/")
    assert "Credits by week" in visitor.read()


def add_a_user(visitor, shop):
    visitor.press("New user")
    visitor.fill(offer="basic|1 month", name="Anna")
    visitor.send("Add user")
    assert "It is being made" in visitor.read()
    shop.work()
    visitor.page.wait_for_url("**/access**")
    visitor.look()
    assert "Anna can watch" in visitor.read()
    visitor.page.keyboard.press("Enter")  # the button has the focus: it is what one came for
    visitor.page.get_by_role("button", name="Copied").wait_for()
    visitor.page.get_by_role("button", name="Copy the text").wait_for()
    visitor.page.get_by_role("heading", level=1).click()
    visitor.page.keyboard.press("c")
    visitor.page.get_by_role("button", name="Copied").wait_for()
    text = visitor.page.evaluate("navigator.clipboard.readText()")
    assert "User name: " in text
    assert "Password: " in text


def renew_both(visitor, shop):
    visitor.go("/reseller/users")
    for name in ("Anna", "Bob"):
        visitor.page.get_by_label(f"Pick {name}").check()
    visitor.send("Renew the picked ones")
    assert "60.00" in visitor.read()  # 100.00 − 2 × 10.00 spent already − 2 × 10.00 now
    visitor.send("Renew 2 now for 20.00 credits")
    shop.work()
    visitor.page.get_by_role("heading", name="Renewed: 2 of 2").wait_for()
    visitor.look()


def pass_credits_on(visitor):
    visitor.go("/reseller/credits")
    visitor.press("Pass on")
    visitor.place.get_by_label("To").select_option(label="Baltic")
    visitor.fill(amount="12.50")
    visitor.send("Show both balances")
    assert "60.00 → 47.50" in visitor.read()
    visitor.send("Pass on")
    assert "12.50 credits are passed on to Baltic." in visitor.read()


def add_a_reseller(visitor):
    visitor.go("/reseller/resellers")
    visitor.press("Add a reseller")
    visitor.fill(plan="partner", name="Dune", email="dune@example.com")
    visitor.send("Show what they get")
    assert "17.50" in visitor.read()  # 47.50 − 30.00
    visitor.send("Add")
    assert "Dune" in visitor.read()


def dress_the_shop(visitor):
    visitor.go("/reseller/shop")
    visitor.go("/reseller/shop/looks")
    visitor.fill(theme="lounge")
    visitor.fill(**{"light-accent": "#7a1f5c"})
    visitor.send("Look at it")
    visitor.send("Save")
    visitor.go("/shop/aurora-tv/")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_one_of_fifty_prices_is_chosen_without_a_mouse(walker, shop, scripts):
    """The counts of test_reseller_keyboard.py lean on what a browser's own list does with these keys."""
    area = open_area(shop)
    fifty = sell_fifty(area)
    visitor = walker(java_script_enabled=scripts)
    page = visitor.page
    if scripts:
        visitor.sign_in("aurora@example.com")
        visitor.go("/reseller/users/new")
    else:  # a page that runs no scripts can't be looked at by one
        page.goto(f"{visitor.address}/sign-in")
        page.locator("main input[type=email]").fill("aurora@example.com")
        page.locator("main input[type=password]").fill(PASSWORD)
        page.locator("main form:has(input[type=password]) button.btn-primary").click()
        page.goto(f"{visitor.address}/reseller/users/new")
    find, pages = (
        ["Shift+Tab", "Shift+Tab", *"fa b 6", "Tab", "Tab"],
        ["Shift+Tab", "Home", *["PageDown"] * 3, "ArrowDown", "Tab"],
    )
    keys = find if scripts else pages  # a box of Sport and family, 6 months: the 23rd
    assert len(keys) + 2 <= 12  # Tab to the MAC, and Enter
    for key in keys:
        page.keyboard.press(key)
    if scripts:
        visitor.look()
    page.keyboard.type("Anna")
    page.keyboard.press("Tab")
    page.keyboard.type("00:1A:79:AA:BB:01")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ready")
    plans = {plan.id: plan.code for plan in shop.rows(Plan)}
    (sold,) = shop.rows(Subscription, Subscription.settlement == "credits")
    assert f"{plans[sold.plan_id]}|{sold.term}" == fifty[22]


def test_a_search_that_is_cleared_keeps_what_it_has_chosen(walker, shop):
    """Film for 24 months was sold last, so it is chosen first; what is left of that must not come back by itself."""
    area = open_area(shop)
    fifty = sell_fifty(area)
    film, family = fifty[7 * 5 + 4], fifty[3 * 5 + 2]
    area.add("aurora", "Before", offer=film)
    visitor = walker()
    page = visitor.page
    visitor.sign_in("aurora@example.com")
    visitor.go("/reseller/users/new")
    plans, find = page.locator("#offer"), page.get_by_label("Find a plan")
    said = page.locator(".offer-list [role=status]")
    assert plans.input_value() == film
    find.fill("fa 6")
    assert plans.input_value() == family
    assert "Sport and family" in said.inner_text()
    find.fill("zzz")
    assert said.inner_text() == "Nothing fits"
    find.fill("fa 6")
    find.press("Escape")
    assert find.input_value() == ""
    assert plans.locator("option").count() == 50
    assert plans.input_value() == family
    visitor.look()
    visitor.fill(name="Anna")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ready")
    codes = {plan.id: plan.code for plan in shop.rows(Plan)}
    sold = shop.rows(Subscription, Subscription.settlement == "credits")[-1]
    assert f"{codes[sold.plan_id]}|{sold.term}" == family
