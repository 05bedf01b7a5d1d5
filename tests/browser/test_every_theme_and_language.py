"""The main pages of each area in every theme and language, bright in a window and dark on a phone: no error, nothing
refused by the page's own policy, nothing wider than the window, nothing that breaks a rule of accessibility.

One walk is for every run: the reseller's area, from right to left, which no other test
opens in a browser; the rest is for `--full`.
"""

import pytest
from walking import DESKTOP, PHONE, open_port

from billhead.testing.dressed_shop import PEOPLE, DressedShop, open_dressed_shop
from billhead.wording import PAGE_LANGUAGES, wording

pytestmark = pytest.mark.xdist_group("browser")
CUSTOMER, RESELLER, STAFF = PEOPLE
THEMES = ("console", "lounge", "midnight")
PAGES = {
    "storefront": ("", ("/", "/plans/basic-stream", "/cart", "/help", "/sign-in", "/sign-up")),
    "customer": (
        CUSTOMER,
        ("/account/", "/account/subscriptions/1", "/account/documents", "/account/orders", "/account/tickets",
         "/account/notifications",
         "/security/"),
    ),
    "reseller": (
        RESELLER,
        ("/reseller/", "/reseller/users", "/reseller/users/2", "/reseller/users/new", "/reseller/credits",
         "/reseller/resellers"),
    ),
    "admin": (
        STAFF,
        ("/admin/", "/admin/customers", "/admin/customers/4", "/admin/subscriptions/1", "/admin/documents",
         "/admin/orders", "/admin/panels", "/admin/reports"),
    ),
}  # fmt: skip
CASES = [
    pytest.param(
        theme, area, language, id=f"{theme}-{area}-{language}",
        marks=() if (theme, area, language) == ("console", "reseller", "ar") else pytest.mark.full,
    )
    for theme in THEMES
    for area in PAGES
    for language in PAGE_LANGUAGES
]  # fmt: skip


@pytest.fixture(scope="module")
def dressed(request, tmp_path_factory):
    """The example operator, all of whose areas wear the theme."""
    with open_dressed_shop(tmp_path_factory.mktemp(request.param), request.param) as shop:
        yield shop


@pytest.fixture(scope="module")
def address(dressed):
    with open_port(dressed.app) as found:
        yield found


@pytest.mark.parametrize(("dressed", "area", "language"), CASES, indirect=["dressed"])
def test_the_main_pages_hold(dressed: DressedShop, walker, area: str, language: str):
    who, paths = PAGES[area]
    visitor, cookies = walker(), {"language": language}
    if who:
        cookies["billhead_login"] = dressed.visitor(who).get_cookie("billhead_login").value
    visitor.page.context.add_cookies([
        {"name": name, "value": value, "url": visitor.address} for name, value in cookies.items()
    ])  # fmt: skip
    for path in paths:
        visitor.wears(DESKTOP, "light")
        visitor.go(path)
        html = visitor.page.locator("html")
        reads = "rtl" if wording(language).right_to_left else "ltr"
        assert (html.get_attribute("lang"), html.evaluate("one => getComputedStyle(one).direction")) == (
            language, reads), path  # fmt: skip
        assert f"/theme/{dressed.theme}.css" in visitor.page.content(), path
        visitor.wears(PHONE, "dark")
        visitor.look()
