"""Pictures of the main pages for docs/screens, made anew: `make screens`. The demo as `make run` serves it, with its
month of billing and its sandbox panels, in Debian's Chromium.

python tests/browser/take_screens.py [FOLDER]
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from billhead.demo.northcable import DEMO_PASSWORD
from billhead.testing.dressed_shop import PEOPLE
from billhead.wording import wording

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
DESKTOP, TALL, PHONE = (1280, 800), (1280, 1060), (390, 780)
THEMES = ("lounge", "midnight", "console")
CUSTOMER, RESELLER, STAFF = PEOPLE
CART = ("basic-stream", "family-stream")
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
_SERVED = "Billhead serves on "
_HEAD = """# Screens

The demo of `make run` in the bundled themes, wide and on a phone, light and dark, and right to left. The reseller's and
the admin area always have Console. `make screens` takes these pictures anew.
"""


class Shot(NamedTuple):
    """A page in one look, after the plans of `cart` were put there; `follow`: the links (CSS) that lead from it to the
    page that is meant."""

    title: str
    theme: str
    who: str
    path: str
    size: tuple[int, int] = DESKTOP
    look: str = "light"
    language: str = "en"
    cart: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        width = "phone" if self.size == PHONE else "desktop"
        return f"{self.title}-{self.theme}-{width}-{self.look}-{self.language}.jpg".lower().replace(" ", "-")


_LINE = "main a[href*='/account/subscriptions/']"
_USER = "main tbody a[href*='/reseller/users/']"
_CUSTOMER = "main table a[href*='/admin/customers/']"
SHOTS = (
    *(Shot("Shop", theme, "", "/") for theme in THEMES),
    *(Shot("Account", theme, CUSTOMER, "/account/", PHONE, "dark") for theme in THEMES),
    Shot("Subscription", "lounge", CUSTOMER, "/account/", TALL, follow=(_LINE,)),
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
    Shot("Change plan", "lounge", CUSTOMER, "/account/", follow=(_LINE, "main a[href$='/change']")),
    Shot(
        "Automatic renewal",
        "midnight",
        CUSTOMER,
        "/account/",
        PHONE,
        "light",
        "fr",
        follow=(_LINE, "main a[href$='/renewal']"),
    ),
    Shot("Reseller", "console", RESELLER, "/reseller/", TALL),
    Shot("Reseller", "console", RESELLER, "/reseller/", DESKTOP, "dark", "ar"),
    Shot("Users", "console", RESELLER, "/reseller/users", DESKTOP, "light", "de"),
    Shot("User", "console", RESELLER, "/reseller/users", PHONE, follow=(_USER,)),
    Shot("User", "console", RESELLER, "/reseller/users", PHONE, "dark", "ar", follow=(_USER,)),
    Shot("Add a user", "console", RESELLER, "/reseller/users/new"),
    Shot("Credits", "console", RESELLER, "/reseller/credits", PHONE, "light", "tr"),
    Shot("Margin", "console", RESELLER, "/reseller/margin"),
    Shot("Resellers", "console", RESELLER, "/reseller/resellers", DESKTOP, "dark", "es"),
    Shot("Admin", "console", STAFF, "/admin/", TALL),
    Shot("Admin", "console", STAFF, "/admin/", PHONE, "dark"),
    Shot("Reports", "console", STAFF, "/admin/reports"),
    Shot("Invoices", "console", STAFF, "/admin/documents"),
    Shot("Tickets", "console", STAFF, "/admin/tickets"),
    Shot("Dunning", "console", STAFF, "/admin/dunning"),
    Shot("Panel", "console", STAFF, "/admin/panels/1"),
    Shot("Customer", "console", STAFF, "/admin/customers?q=NC-00001", DESKTOP, "dark", follow=(_CUSTOMER,)),
    Shot("Customers", "console", STAFF, "/admin/customers", PHONE),
    Shot("Add a customer", "console", STAFF, "/admin/customers/new", PHONE, "dark"),
    Shot("Order for a customer", "console", STAFF, "/admin/customers/4/order/basic-stream?term=1+month", TALL),
)


class Gallery:
    """The demo in one browser. Whoever signed in once stays so."""

    def __init__(self, browser: Browser, address: str, folder: Path) -> None:
        self._browser, self._address, self._folder = browser, address, folder
        self._cookies: dict[str, list[Any]] = {}

    def wear(self, theme: str) -> None:
        """By the page on which an operator chooses it."""
        context = self._context(DESKTOP, "light", STAFF)
        page = self._at(context, "/admin/setup/look")
        page.locator(f"input[name=theme][value={theme}]").check()
        page.locator("main form button.btn-primary").first.click()
        context.close()

    def take(self, shot: Shot) -> None:
        context = self._context(shot.size, shot.look, shot.who)
        context.add_cookies([{"name": "language", "value": shot.language, "url": self._address}])
        for plan in shot.cart:
            self._at(context, f"/plans/{plan}").locator("main form button.btn-primary").first.click()
        page = self._at(context, shot.path)
        for link in shot.follow:
            page.locator(link).first.click()
            page.wait_for_load_state()
        page.evaluate("scrollTo(0, 0)")  # to the top, also where a field further down has the cursor
        page.screenshot(path=self._folder / shot.file, type="jpeg", quality=60)
        context.close()

    def _context(self, size: tuple[int, int], look: Any, who: str) -> BrowserContext:
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=look, locale="en-GB", device_scale_factor=1
        )
        if who and who not in self._cookies:
            page = self._at(context, "/sign-in")
            page.locator("input[type=email]").fill(who)
            page.locator("input[type=password]").fill(DEMO_PASSWORD)
            page.locator("main form button.btn-primary").first.click()
            page.wait_for_url(lambda there: "/sign-in" not in there)
            self._cookies[who] = context.cookies()
        context.add_cookies(self._cookies.get(who, []))
        return context

    def _at(self, context: BrowserContext, path: str) -> Page:
        page = context.pages[0] if context.pages else context.new_page()
        answer = page.goto(self._address + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        return page


@contextmanager
def demo(home: str) -> Iterator[str]:
    """Its address, as soon as it is served. What else it prints goes to a file."""
    served = [sys.executable, "-m", "billhead", "serve", "--demo"]
    env = {**os.environ, "BILLHEAD_HOME": home, "BILLHEAD_PORT": "0", "PYTHONUNBUFFERED": "1"}
    with (
        (Path(home) / "serve.log").open("w") as log,
        subprocess.Popen(served, env=env, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith(_SERVED):
                    yield line.removeprefix(_SERVED).split()[0].rstrip("/")
                    break
        finally:
            process.terminate()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as home, demo(home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        gallery = Gallery(browser, address, folder)
        for theme in THEMES:
            gallery.wear(theme)
            for shot in (one for one in SHOTS if one.theme == theme):
                gallery.take(shot)
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
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
