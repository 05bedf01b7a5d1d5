"""Pictures of the main pages for docs/screens, made anew: `make screens`. A filled shop, Debian's Chromium, no network.

python tests/browser/take_screens.py [FOLDER]
"""

import logging
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from billhead.demo.northcable import DEMO_PASSWORD
from billhead.testing.dressed_shop import PEOPLE, open_dressed_shop
from billhead.wording import wording

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from walking import open_port

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
DESKTOP, TALL, PHONE = (1280, 800), (1280, 1060), (390, 780)
THEMES = ("lounge", "midnight", "console")
CUSTOMER, RESELLER, STAFF = PEOPLE
CART = ("basic-stream", "family-stream")
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
_HEAD = """# Screens

The example operator in the bundled themes, wide and on a phone, light and dark, and right to left. The reseller's and
the admin area always have Console. `make screens` takes these pictures anew.
"""


class Shot(NamedTuple):
    """A page in one look, after the plans of `cart` were put there."""

    title: str
    theme: str
    who: str
    path: str
    size: tuple[int, int] = DESKTOP
    look: str = "light"
    language: str = "en"
    cart: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        width = "phone" if self.size == PHONE else "desktop"
        return f"{self.title}-{self.theme}-{width}-{self.look}-{self.language}.jpg".lower().replace(" ", "-")


SHOTS = (
    *(Shot("Shop", theme, "", "/") for theme in THEMES),
    *(Shot("Account", theme, CUSTOMER, "/account/", PHONE, "dark") for theme in THEMES),
    Shot("Subscription", "lounge", CUSTOMER, "/account/subscriptions/1"),
    Shot("Plan", "midnight", "", "/plans/basic-stream", PHONE),
    Shot("Shop", "lounge", "", "/", PHONE, "light", "ar"),
    Shot("Compare", "lounge", "", "/compare"),
    Shot("Help", "midnight", "", "/help", DESKTOP, "light", "tr"),
    Shot("Cart", "lounge", "", "/cart", cart=CART),
    Shot("Cart", "midnight", "", "/cart", PHONE, "dark", "ar", CART),
    Shot("Checkout", "console", CUSTOMER, "/checkout", cart=CART),
    Shot("Checkout", "lounge", CUSTOMER, "/checkout", PHONE, "dark", "de", CART),
    Shot("Credit", "midnight", CUSTOMER, "/account/credit", DESKTOP, "dark"),
    Shot("Security", "lounge", CUSTOMER, "/security/", DESKTOP, "light", "es"),
    Shot("Sign in", "midnight", "", "/sign-in", PHONE, "dark", "fr"),
    Shot("Account", "midnight", CUSTOMER, "/account/", DESKTOP, "dark", "ar"),
    Shot("Change plan", "lounge", CUSTOMER, "/account/subscriptions/1/change"),
    Shot("Automatic renewal", "midnight", CUSTOMER, "/account/subscriptions/1/renewal", PHONE, "light", "fr"),
    Shot("Reseller", "console", RESELLER, "/reseller/", TALL),
    Shot("Reseller", "console", RESELLER, "/reseller/", DESKTOP, "dark", "ar"),
    Shot("Users", "console", RESELLER, "/reseller/users", DESKTOP, "light", "de"),
    Shot("User", "console", RESELLER, "/reseller/users/2", PHONE),
    Shot("User", "console", RESELLER, "/reseller/users/2", PHONE, "dark", "ar"),
    Shot("Add a user", "console", RESELLER, "/reseller/users/new"),
    Shot("Credits", "console", RESELLER, "/reseller/credits", PHONE, "light", "tr"),
    Shot("Resellers", "console", RESELLER, "/reseller/resellers", DESKTOP, "dark", "es"),
    Shot("Admin", "console", STAFF, "/admin/"),
    Shot("Reports", "console", STAFF, "/admin/reports"),
    Shot("Panel", "console", STAFF, "/admin/panels/1"),
    Shot("Customer", "console", STAFF, "/admin/customers/4", DESKTOP, "dark"),
    Shot("Customers", "console", STAFF, "/admin/customers", PHONE),
    Shot("Add a customer", "console", STAFF, "/admin/customers/new", PHONE, "dark"),
    Shot("Order for a customer", "console", STAFF, "/admin/customers/4/order/basic-stream?term=1+month", TALL),
)


def take(browser: Browser, address: str, shot: Shot, cookies: dict[str, list[object]], folder: Path) -> None:
    context = browser.new_context(
        viewport={"width": shot.size[0], "height": shot.size[1]}, color_scheme=shot.look, locale="en-GB",
        device_scale_factor=1,
    )  # fmt: skip
    page = context.new_page()
    if shot.who and shot.who not in cookies:
        page.goto(f"{address}/sign-in")
        page.locator("input[type=email]").fill(shot.who)
        page.locator("input[type=password]").fill(DEMO_PASSWORD)
        page.locator("main form button.btn-primary").first.click()
        page.wait_for_url(lambda there: "/sign-in" not in there)
        cookies[shot.who] = context.cookies()
    context.add_cookies([*cookies.get(shot.who, []), {"name": "language", "value": shot.language, "url": address}])
    for plan in shot.cart:
        page.goto(f"{address}/plans/{plan}")
        page.locator("main form button.btn-primary").first.click()
    page.goto(address + shot.path)
    page.evaluate("scrollTo(0, 0)")  # to the top, also where a field further down has the cursor
    page.screenshot(path=folder / shot.file, type="jpeg", quality=60)
    context.close()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for theme in THEMES:
            with (
                TemporaryDirectory() as home,
                open_dressed_shop(Path(home), theme) as shop,
                open_port(shop.app) as address,
            ):
                cookies: dict[str, list[object]] = {}
                for shot in (one for one in SHOTS if one.theme == theme):
                    take(browser, address, shot, cookies, folder)
        browser.close()
    (folder / "README.md").write_text(_told(), "utf-8")


def _told() -> str:
    lines = [_HEAD]
    for shot in SHOTS:
        width = "phone" if shot.size == PHONE else "desktop"
        spoken = "" if shot.language == "en" else f", {wording(shot.language).own_name}"
        lines += [
            f"### {shot.title}: {shot.theme.title()}, {width}, {shot.look}{spoken}",
            "",
            f"![{shot.title}]({shot.file})",
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
