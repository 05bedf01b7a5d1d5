"""A filled shop in a theme, and a walk through all of its pages: each kind of page that links lead to, as each role.

The shop is NorthCable of `examples/`, small; nothing is asked of a panel or a payment provider. Its super-reseller has
a shop of its own, with picture and colours of its own on top of the theme.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from shutil import copy
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from billhead import clock
from billhead.actions.accounts._new_login import new_login
from billhead.actions.shops._layouts import layouts_of
from billhead.actions.shops._own import shop_of
from billhead.actions.shops._prices import prices_of_shop, put_price
from billhead.actions.shops.open_shop import NewShop, open_shop
from billhead.actions.shops.save_shop_department import save_shop_department
from billhead.actions.shops.set_shop_logo import set_shop_logo
from billhead.actions.shops.set_shop_looks import ShopLooks, set_shop_looks
from billhead.actions.support.save_department import DepartmentEntry
from billhead.app import create_app
from billhead.cli._running import migrate_all
from billhead.config import Config
from billhead.db import Tx, db, writing
from billhead.demo.calendar import FIRST_DAY
from billhead.demo.northcable import DEMO_PASSWORD, load
from billhead.demo.panels import SandboxPanels
from billhead.domain.context import Context, Role
from billhead.domain.money import Money
from billhead.models.people import Customer, Reseller, User
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription
from billhead.plugin_host import PluginHost
from billhead.testing.page_faults import page_faults
from billhead.web import theming

__all__ = ["PEOPLE", "DressedShop", "open_dressed_shop"]

_STAFF = "staff@northcable.example"
PEOPLE = ("viewer@northcable.example", "reseller@northcable.example", _STAFF)
_STARTS = ("/", "/no-such-page", "/account/", "/security/")
_AREAS = ("/reseller/", "/admin/")
_PICTURE = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
_OWN = "/shop/aurora-tv"
_OWN_CUSTOMER = "viewer@aurora.example"
_OWN_COLOUR = "#7a1f5c"
_NOWHERE = SandboxPanels("http://127.0.0.1:9", "http://127.0.0.1:9")
_NO_PAGE = re.compile(r"\.(?:pdf|xml)$|/sign-out|/openapi|/live$")
_PAGES_AT_MOST = 600
_SUBSCRIBERS = 40
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass
class DressedShop:
    app: Flask
    theme: str
    assets: dict[str, int] = field(default_factory=dict)

    def visitor(self, email: str = "", language: str = "en", at: str = "") -> FlaskClient:
        """A browser, signed in where an address is given; `at` the path of a shop."""
        client = self.app.test_client()
        client.set_cookie("language", language)
        if email:
            token = _TOKEN.search(client.get(f"{at}/sign-in").text)
            assert token is not None, "the sign-in page has no form with csrf_token"
            told = {"csrf_token": token[1], "email": email, "password": DEMO_PASSWORD}
            answer = client.post(f"{at}/sign-in", data=told)
            assert answer.status_code == 303, f"signing in as {email}: {answer.status_code}"
        return client

    def faults(self, language: str) -> tuple[list[str], int]:
        """Of all pages in that language, and how many were looked at."""
        return self._walk(("", *PEOPLE), language)

    def faults_of_shop(self, language: str) -> tuple[list[str], int]:
        """The same of the reseller's shop, as visitor and customer: in its own picture and colours as well."""
        found, count = self._walk(("", _OWN_CUSTOMER), language, _OWN)
        sheet = self.visitor(at=_OWN).get(f"{_OWN}/look.css").text
        if _OWN_COLOUR not in sheet:
            found.append("the shop's colour is not in its sheet")
        return found, count

    def faults_of_plans(self, language: str) -> list[str]:
        """Of the first page, in each way in which the theme can show plans."""
        found = list[str]()
        with self.app.app_context():
            ways = layouts_of(self.theme)
        for way in ways:
            self._show_plans_as(way)
            client = self.visitor(language=language)
            answer = client.get("/")
            faults = [*self.faults_of(answer, language, client)]
            faults += [] if "/plans/" in answer.text else ["no plan can be chosen"]
            found += [f"plans as {way}: {fault}" for fault in faults]
        self._show_plans_as("cards")
        return found

    def _show_plans_as(self, way: str) -> None:
        with self.app.app_context(), writing(Context.system("test")) as tx:
            tx.session.execute(update(Seller).values(plans_shown_as=way))

    def _walk(self, people: Sequence[str], language: str, at: str = "") -> tuple[list[str], int]:
        found: list[str] = []
        count = 0
        for email in people:
            client = self.visitor(email, language, at)
            for path, answer in self._pages(client, at):
                count += 1
                faults = [*self.faults_of(answer, language, client)]
                own = ("/look.css", "/logo") if at else ()
                faults += [f"{one} is missing" for one in own if f'"{at}{one}' not in answer.text]
                found += [f"{path} ({email or 'visitor'}): {fault}" for fault in faults]
        return found, count

    def faults_of(self, answer: TestResponse, language: str, client: FlaskClient) -> Iterator[str]:
        """`client`: whose page it is, and who may have its files."""
        if answer.status_code not in (200, 403, 404, 409):  # what is not possible has a page, too
            yield f"status {answer.status_code}"
        faults, reader = page_faults(answer.text, language)
        yield from faults
        if f"/theme/{self.theme}.css" not in answer.text:
            yield f"not in the theme {self.theme}"
        for asset in reader.assets:
            address = urlsplit(asset)
            if address.scheme == "data":
                continue
            if address.netloc:
                yield f"{asset} is elsewhere"
            elif asset not in self.assets:
                with client.get(asset) as answered:
                    self.assets[asset] = answered.status_code
            if self.assets.get(asset, 200) != 200:
                yield f"{asset}: {self.assets[asset]}"

    def _pages(self, client: FlaskClient, at: str = "") -> Iterator[tuple[str, TestResponse]]:
        """One of each kind (endpoint), as links lead to it; of a shop at a path, what is below that."""
        router = self.app.url_map.bind("localhost")
        starts = _STARTS if at else (*_STARTS, *_AREAS)
        waiting, seen = [at + start for start in starts], set[str]()
        while waiting and len(seen) < _PAGES_AT_MOST:
            path = waiting.pop(0)
            if not path.startswith(f"{at}/"):
                raise AssertionError(f"a page of {at} leads to {path}")
            kind = _kind(router, path.removeprefix(at))
            if kind in seen or _NO_PAGE.search(urlsplit(path).path):
                continue
            seen.add(kind)
            answer = client.get(path)
            if answer.status_code in (301, 302, 303, 308):
                waiting.append(urljoin(path, answer.location))
            elif answer.mimetype != "text/html":
                answer.close()
            else:
                yield path, answer
                waiting += [urljoin(path, link) for link in re.findall(r'<a [^>]*href="(/[^"#]*)"', answer.text)]


def _kind(router: Any, path: str) -> str:
    try:
        return str(router.match(urlsplit(path).path, method="GET")[0])
    except HTTPException:
        return f"nothing at {path}"


@contextmanager
def open_dressed_shop(home: Path, theme: str, host: PluginHost | None = None) -> Iterator[DressedShop]:
    """All areas wear the theme, also those with a look of their own. It must be installed, or offered by `host`."""
    file = home / "billhead.sqlite3"
    copy(_filled(), file)
    app = _app(home, file)
    if host is not None:
        app.extensions["billhead"].plugins = host
    of_staff, theming.STAFF_THEME = theming.STAFF_THEME, theme
    try:
        with clock.business_time(FIRST_DAY):
            with app.app_context(), writing(Context.system("test")) as tx:
                tx.session.execute(update(Seller).values(theme=theme))
            yield DressedShop(app, theme)
    finally:
        theming.STAFF_THEME = of_staff
        with app.app_context():
            db.engine.dispose()


@cache
def _filled() -> Path:
    """A database with the example operator in it: one a process, copied for each shop."""
    home = Path(mkdtemp(prefix="billhead-dressed-"))
    file = home / "filled.sqlite3"
    app = _app(home, file)
    migrate_all(app)
    with app.app_context(), clock.business_time(FIRST_DAY):
        load(_NOWHERE, home / "mail", subscribers=_SUBSCRIBERS)
        with writing(Context.system("test")) as tx:
            _give_users(tx)
            _give_shop(tx)
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    return file


def _give_users(tx: Tx) -> None:
    """The super-reseller of the example has nobody yet: every second subscriber becomes its, paid with credits."""
    reseller = tx.session.scalars(select(Reseller.id).where(Reseller.code == "aurora")).one()
    its = select(Customer.id).where(Customer.id % 2 == 1, Customer.buys_for_reseller_id.is_(None))
    paid = {"settlement": "credits", "payer_reseller_id": reseller}
    tx.session.execute(update(Subscription).where(Subscription.customer_id.in_(its)).values(paid))
    tx.session.execute(update(Customer).where(Customer.id.in_(its)).values(reseller_id=reseller))


def _give_shop(tx: Tx) -> None:
    """Its own, which sells one of the operator's plans, with a picture and colours, and somebody who has an account."""
    reseller = tx.session.scalars(select(Reseller).where(Reseller.code == "aurora")).one()
    reseller.rights = {**reseller.rights, "own_shop": True}
    code = _OWN.rpartition("/")[2]
    seller_id = open_shop(tx, reseller.id, NewShop(code, "Aurora TV", mail_from="tv@aurora.example")).seller_id
    set_shop_looks(tx, reseller.id, ShopLooks("lounge", {"accent": _OWN_COLOUR}, {}))
    set_shop_logo(tx, reseller.id, _PICTURE)
    save_shop_department(tx, reseller.id, DepartmentEntry("Questions"))
    own = shop_of(tx.session, reseller.id)
    assert own is not None, "it was opened just now"
    for row in prices_of_shop(tx.session, own):
        put_price(tx, own, row._replace(asked=row.least or Money(2500, own.seller.currency)))
    like = tx.session.scalars(select(User).where(User.email == PEOPLE[0])).one()
    person = Customer(
        seller_id=seller_id, reseller_id=reseller.id, name="Vera", email=_OWN_CUSTOMER, country="FI",
        currency=own.seller.currency, zone="Europe/Helsinki", created_at=clock.now(),
    )  # fmt: skip
    tx.session.add(person)
    tx.session.flush()
    login = new_login(tx, seller_id, _OWN_CUSTOMER, Role.CUSTOMER.value, customer_id=person.id)
    login.password_hash = like.password_hash


def _app(home: Path, file: Path) -> Flask:
    config = Config(home, f"sqlite:///{file}", "memory://", "a secret of the tests", testing=True)
    return create_app(replace(config, public_url="http://localhost"))
