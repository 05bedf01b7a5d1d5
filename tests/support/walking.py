"""The shop served over a socket, and Debian's Chromium to walk through it. No Chromium: these tests are skipped."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, sync_playwright
from web_shop import PASSWORD, Shop
from werkzeug.serving import make_server

DESKTOP, PHONE = (1280, 800), (390, 844)
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
          "--disable-sync", "--no-first-run"]  # fmt: skip
_SETTLED = "Promise.all(document.getAnimations().map(one => one.finished.catch(() => {})))"
_AXE = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]},
    "resultTypes": ["violations"],  # of what holds only the first place is told: a third of the time went into the rest
}


@dataclass
class Walker:
    """A visitor with a window. `look()` holds the page before it to what every page must be."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self._fault(f"script: {error}"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._fault(f"console: {message.text} {message.location.get('url', '')}")

    def _fault(self, text: str) -> None:
        self.faults.append(f"{self.page.url}: {text}")

    def go(self, path: str) -> None:
        """Open a page, and look at it."""
        answer = self.page.goto(self.address + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        self.look()

    def press(self, name: str) -> None:
        """Press the button or follow the link of that name, and look at what comes."""
        self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).first.click()
        self.look()

    @property
    def place(self) -> Locator:
        """The question that is open over the page, else what the page is about."""
        return self.page.locator("main, dialog[open]").last

    def ask(self, name: str) -> None:
        """Press what opens a question over the page, and look at it."""
        self.place.get_by_role("link", name=name, exact=True).first.click()
        self.page.locator("dialog[open]").wait_for()
        self.look()

    def fill(self, **values: str) -> None:
        """Fields by their names; one that is chosen from gets the value of what is chosen."""
        for name, value in values.items():
            field = self.place.locator(f"[name='{name}']:not([type=hidden])").first
            if field.evaluate("one => one.tagName") == "SELECT":
                field.select_option(value)
            elif field.get_attribute("type") == "radio":
                self.place.locator(f"[name='{name}'][value='{value}']").check()
            else:
                field.fill(value)

    def send(self, name: str) -> None:
        """Press the button of what was filled in, and look at what comes."""
        self.place.get_by_role("button", name=name, exact=True).first.click()
        self.look()

    def read(self) -> str:
        return self.place.inner_text()

    def sign_in(self, email: str, path: str = "/sign-in") -> None:
        """By the form, in whatever language; at the page that is open where no path is given."""
        if path:
            self.go(path)
        self.page.locator("main input[type=email]").fill(email)
        self.page.locator("main input[type=password]").fill(PASSWORD)
        self.page.locator("main form:has(input[type=password]) button.btn-primary").click()
        self.page.wait_for_url(lambda there: "/sign-in" not in there)
        self.look()

    def wears(self, size: tuple[int, int], look: str) -> None:
        """The window is of that size, on a device that is set to "light" or "dark"."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme=look)  # type: ignore[arg-type]

    def look(self) -> None:
        """Nothing wider than the window, and no violation of the rules of accessibility, once colours have settled: a
        button that has just become dark passes through every shade between."""
        self.page.wait_for_load_state()
        self.page.evaluate(_SETTLED)
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self._fault(f"{wide} px wider than the window")
        for broken in Axe().run(self.page, options=_AXE).response["violations"]:
            places = ", ".join(str(node["target"][0]) for node in broken["nodes"][:3])
            self._fault(f"{broken['id']} ({broken['help']}) at {places}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def open_port(app: Flask, port: int = 0) -> Iterator[str]:
    """The application at a port, one of its own unless it is named."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def address(shop: Shop) -> Iterator[str]:
    with open_port(shop.app) as found:
        yield found


@pytest.fixture
def walker(chromium: Browser, address: str) -> Iterator[Callable[..., Walker]]:
    """A new visitor; whatever was wrong on a page fails the test at its end."""
    opened: list[tuple[Any, Walker]] = []

    def walk(size: tuple[int, int] = DESKTOP, **window: Any) -> Walker:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB", **window)
        context.set_default_timeout(20_000)
        opened.append((context, Walker(context.new_page(), address)))
        return opened[-1][1]

    yield walk
    faults = [fault for _, one in opened for fault in one.faults]
    for context, _ in opened:
        context.close()
    assert not faults, "\n".join(faults)
