"""From an empty database to a paid invoice and a line on a real panel, with a mouse: every page is looked at."""

import re
import socket

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select
from walking import DESKTOP, PHONE, open_port
from web_shop import PASSWORD

from apps import build_app, close_app
from billhead import clock
from billhead.actions.setup.make_code import make_code
from billhead.db import reading, writing
from billhead.demo.panels import sandbox_panels
from billhead.domain.context import Context
from billhead.jobs.embedded import EmbeddedWorkers
from billhead.models.documents import Document
from billhead.models.panels import PanelBouquet
from billhead.models.subscriptions import Service
from processes import until

pytestmark = pytest.mark.xdist_group("browser")
KEY = "0123456789abcdef0123456789abcdef"
TEN_MINUTES = 600


class Mailbox:
    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append(envelope)
        return "250 2.0.0 queued as 7F3A"


@pytest.fixture
def house(sqlite_url, tmp_path):
    """An empty installation, as `billhead serve` runs it: web, worker and scheduler."""
    app = build_app(sqlite_url, tmp_path / "home")
    with app.app_context(), EmbeddedWorkers(app.extensions["billhead"].celery, threads=2):
        yield app
    close_app(app)


@pytest.fixture
def address(house):
    with open_port(house) as found:
        yield found


@pytest.fixture
def mailbox():
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


class Operator:
    """Who sets up, and how many clicks that takes."""

    def __init__(self, visitor):
        self.visitor, self.page, self.clicks = visitor, visitor.page, 0

    def fill(self, **values):
        for name, value in values.items():
            field = self.page.locator(f"main [name='{name}']").first
            if field.evaluate("one => one.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def click(self, name):
        self.clicks += 1
        self.visitor.press(name)

    def waits(self):
        """For what a worker does: looks every two seconds, five times at most."""
        again = self.page.get_by_role("link", name="Look again")
        for _ in range(5):
            if not again.count():
                return
            self.page.wait_for_timeout(2000)
            self.click("Look again")
        assert not again.count(), self.told()

    def is_at(self, step):
        assert f"/admin/setup/{step}" in self.page.url, self.told()

    def told(self):
        return self.page.inner_text("main")


def open_house(operator, code):
    operator.visitor.go("/setup")
    operator.fill(
        code=code, company="North TV", country="FI", currency="EUR", zone="Europe/Helsinki",
        email="owner@example.com", password=PASSWORD,
    )  # fmt: skip
    operator.click("Open")
    operator.clicks += 1
    operator.visitor.sign_in("owner@example.com", path="")
    operator.click("Set up, step by step")
    operator.click("Begin")


def fill_in_the_steps(operator, mailbox, panels):
    page = operator.page
    operator.fill(legal_name="North TV Oy", street="Kauppakatu 1", postcode="00100", city="Helsinki")
    operator.click("Save and go on")
    operator.is_at("mail")

    operator.fill(**{"of-module-host": "127.0.0.1", "of-module-port": str(mailbox.port)})
    operator.fill(**{"of-module-security": "none"})
    operator.click("Save")
    operator.click("Send it")
    assert "250 2.0.0 queued as 7F3A" in page.inner_text("body")
    operator.is_at("panel")
    assert len(mailbox.mails) == 1

    operator.clicks += 1
    page.get_by_role("link", name=re.compile("xtream", re.I)).first.click()
    operator.visitor.look()
    operator.fill(**{"of-module-url": f"{panels.xtream}/sandbox/", "of-module-api_key": "wrong" * 5})
    operator.click("Save and try it")
    assert "does not answer as it should" in page.inner_text("body")
    operator.fill(**{"of-module-api_key": KEY})
    operator.click("Save and try it")
    operator.is_at("plan")
    assert "Bouquets added:" in page.inner_text("body")

    operator.fill(name="Basic", price_1="9.99", price_12="99.90", trial_days="1")
    operator.click("Save and go on")
    operator.is_at("gateway")
    operator.click("Bank transfer")
    operator.fill(**{"of-module-holder": "North TV Oy", "of-module-iban": "FI21 1234 5600 0007 85"})
    operator.click("Save and try it")
    operator.is_at("tax")
    operator.click("Later")
    assert "alive" in operator.told()
    operator.click("Go on")
    operator.click("Save and go on")
    operator.is_at("order")


def lifecycle(service_id):
    with reading() as session:
        return session.get(Service, service_id).lifecycle


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_from_nothing_to_a_paid_invoice_and_a_line(walker, house, mailbox, tmp_path, size):
    with writing(Context.system("test")) as tx:
        code = make_code(tx).code
    began = clock.monotonic()
    with sandbox_panels(tmp_path / "panels") as panels:
        operator = Operator(walker(size))
        page = operator.page
        open_house(operator, code)
        fill_in_the_steps(operator, mailbox, panels)
        operator.click("Order it")
        operator.waits()
        with reading() as session:
            (invoice,) = session.scalars(select(Document).where(Document.kind == "invoice")).all()
            (line,) = session.scalars(select(Service)).all()
            assert session.scalars(select(PanelBouquet)).first() is not None
        assert (invoice.state, invoice.total_minor, line.sync) == ("paid", 0, "ok")
        assert panels.http.get(f"{panels.xtream}/_sandbox/lines").json()["lines"]

        operator.click("Take the test order away")
        page.get_by_role("button", name="Order it").wait_for()
        until(lambda: lifecycle(line.id) == "gone", "the line is taken away")
        assert not panels.http.get(f"{panels.xtream}/_sandbox/lines").json()["lines"]
        operator.click("All steps")
        assert "7 of 7 that are needed are done" in operator.told()
    seconds = clock.monotonic() - began
    print(f"{operator.clicks} clicks, {seconds:.0f} seconds")
    assert operator.clicks <= 25
    assert seconds < TEN_MINUTES  # a person also has to type
