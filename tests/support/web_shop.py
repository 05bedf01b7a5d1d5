"""A shop in a browser without a window: plans in two currencies, a panel and a card gateway in memory, and people.

`shop.visitor()` is a browser; `browser.post(path, …)` fills in the CSRF token of the page that holds the form.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from first_rows import first_rows
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from pretend_plugins import installed_points, plugin_point
from sqlalchemy import event
from werkzeug.test import TestResponse

from apps import build_app, close_app

PASSWORD = "a sentence to sign in with"
BOX = "00:1A:79:AA:BB:01"

PANEL = """
from dataclasses import dataclass

LINES = {}
SESSIONS = {}  # by our reference; an exception is raised instead
CUT = []
ALL_ON = []  # who watches, as the panel lists it; empty: it tells line by line alone
VIEWINGS = []  # an exception among them breaks off there
ASKED = []
TOLD = []  # what boxes were told
PROOFS = []  # the next answer to a device's question; empty: it can't be asked as one
COMMANDS = set()
KINDS = set(ViewingKind)  # of what was watched that it tells
CANNOT = set()  # of kick, connections

@dataclass(frozen=True)
class Settings:
    url: str = option("Address")

class Memory(ProvisioningModule):
    code, label, settings_type = "memory", "Panel in memory", Settings
    def capabilities(self, panel):
        lacks = ("Without its feed: no viewing history.",)
        return Capabilities(Expiry.SETTABLE, frozenset(LineKind), bouquets=True, owners=True,
                            connections="connections" not in CANNOT, kick="kick" not in CANNOT,
                            owner_credits=True, listing=True, live=True, live_listing=bool(ALL_ON),
                            viewings=frozenset(KINDS), commands=frozenset(COMMANDS), proof=bool(PROOFS), lacks=lacks)
    def live_sessions(self, panel, desired):
        found = SESSIONS.get(desired.handle.ref, ())
        if isinstance(found, Exception):
            raise found
        return list(found)
    def live_everywhere(self, panel):
        return list(ALL_ON)
    def kick(self, panel, desired, session_id):
        CUT.append((desired.handle.ref, session_id))
        SESSIONS[desired.handle.ref] = [one for one in SESSIONS[desired.handle.ref] if one.id != session_id]
    def command(self, panel, desired, command, channel=None):
        TOLD.append((desired.handle.ref, str(command)))
    def prove(self, panel, desired, *, disturb=False):
        return PROOFS[disturb]
    def viewings(self, panel, since, until):
        ASKED.append((since, until))
        for one in VIEWINGS:
            if isinstance(one, Exception):
                raise one
            if since <= one.ended_at < until:
                yield one
    def look_up(self, panel, desired):
        found = LINES.get(desired.handle.ref)
        return Found(found) if found else Absent()
    def apply(self, panel, step):
        d = step.desired
        LINES[d.handle.ref] = Observed({}, d.login, d.password, d.mac, d.plan, d.bouquets, d.connections, d.expires_at,
                                       d.blocked, d.owner)
        return LINES[d.handle.ref]
    def remove(self, panel, desired):
        LINES.pop(desired.handle.ref, None)
        return Gone()
    def check(self, panel):
        return f"{len(LINES)} lines"
    def list_lines(self, panel):
        for ref, seen in list(LINES.items()):
            yield ListedLine(ref, ref, LineKind.MAG if seen.mac else LineKind.STREAM, seen)
    def owners(self, panel):
        if panel.settings.url == "down":
            raise PanelUnreachable("nobody answers at the panel")
        return [Owner("1", "The house"), Owner("7", "North TV", 12345)]
    def change_credits(self, panel, owner, amount_minor, reason):
        if owner.credits_minor != 12345:
            raise PanelRejected("it has another credit by now")
        return Owner(owner.remote_id, "North TV", owner.credits_minor + amount_minor)
    def access(self, panel, desired):
        if desired.kind is LineKind.MAG:
            return Access(portal_url=f"{panel.settings.url}/c/", mac=desired.mac)
        playlist = f"{panel.settings.url}/get.php?username={desired.login}&password={desired.password}&type=m3u_plus"
        return Access(desired.login, desired.password, m3u_url=playlist, epg_url=f"{panel.settings.url}/xmltv.php",
                      server_url=panel.settings.url)

@hookimpl
def provisioning_modules():
    return [Memory()]
"""

CARDS = """
import json
from datetime import date
from dataclasses import dataclass

@dataclass(frozen=True)
class Settings:
    page: str = option("Payment page", default="https://pay.example/")
    key: str = secret("Signing key", default="k")

class Cards(PaymentGateway):
    code, label, settings_type = "cards", "Cards in memory", Settings
    def capabilities(self):
        return GatewayCapabilities(save=True, off_session=True, refund=True, partial_refund=True)
    def refund(self, account, refund):
        return Outcome(AttemptState.SUCCEEDED, "out-" + refund.key, refund.amount)
    def start_checkout(self, account, attempt):
        if account.settings.page == "down":
            raise GatewayUnreachable("nobody answers at pay.example")
        return Redirect(f"{account.settings.page}{attempt.key}", attempt.key)
    def lookup(self, account, attempt):
        return Outcome(AttemptState.PROCESSING)
    def parse_callback(self, account, raw):
        if raw.headers.get("x-key") != account.settings.key:
            raise CallbackForged("not signed with the key of this account")
        told = json.loads(raw.body)
        state = AttemptState(told["state"])
        money = Money(told["minor"], told["currency"]) if "minor" in told else None
        outcome = Outcome(state, told["ref"], money, decline=DeclineClass.SOFT if state == "failed" else None,
                          method=SavedMethod("tok_1", "Visa •••• 4242", "2029-08") if told.get("save") else None)
        return [Verified(VerifiedKind.ATTEMPT, told["id"], told["ref"], outcome)]
    def acknowledge(self, raw):
        return b"OK"

class Transfer(PaymentGateway):
    code, label, settings_type = "transfer", "Transfer", Settings
    def capabilities(self):
        return GatewayCapabilities(confirmed_by_staff=True, statements=True)
    def read_statement(self, account, data):
        if b"<Ntry>" not in data:
            raise InvalidInput("file", "is no statement")
        return Statement((StatementEntry(StatementKind.RECEIVED, "B1", Money(999, "EUR"), date(2026, 11, 23),
                                         payer="Ada", payer_iban="DE89", note=("no reference",)),))
    def start_checkout(self, account, attempt):
        return Instructions({"IBAN": "FI21 1234 5600 0007 85", "Reference": attempt.reference})
    def lookup(self, account, attempt):
        return Outcome(AttemptState.REQUIRES_ACTION)
    def parse_callback(self, account, raw):
        raise CallbackForged("transfers send none")

def kenyan(typed):
    if not typed.startswith("07"):
        raise InvalidInput("Phone number", "must begin with 07")
    return "254" + typed[1:].replace(" ", "")

class Phone(Cards):
    code, label, settings_type = "phone", "Phone in memory", Settings
    def capabilities(self):
        return GatewayCapabilities(steps={"EUR": 100}, check=True)
    def checkout_fields(self):
        return [CheckoutField("phone", "Phone number", kenyan, "As 0712 345 678.", kind="tel", prefill="phone")]
    def start_checkout(self, account, attempt):
        if account.settings.page == "busy":
            raise GatewayRejected("another one is open", code="1001")
        return Instructions({"Phone": "+" + attempt.fields["phone"]}, "push-" + attempt.key, prompted=True)
    def explain(self, code):
        return {"1032": "You have declined it.", "1001": "Another one is open on this phone."}.get(code, "")
    def check(self, account):
        if account.settings.page == "busy":
            raise GatewayRejected("the key is wrong", hint="compare it")
        return "The key holds."

@hookimpl
def payment_gateways():
    return [Cards(), Transfer(), Phone()]
"""

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_SEEN = re.compile(r'name="seen"[^>]*value="([^"]*)"')


class Browser:
    """A client that keeps cookies and fills in CSRF tokens; `text` of a response is what a reader sees."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **more: Any) -> TestResponse:
        answer = self.client.get(path, **more)
        if answer.mimetype == "text/html":
            assert "&lt;time " not in answer.text, f"{path} shows a <time> as its text"
        return answer

    def post(self, path: str, fields: dict[str, Any] | None = None, *, page: str = "", **more: Any) -> TestResponse:
        """Send the form of `page`. Without one it is that of some page seen before: the token is the session's."""
        token = "" if page else self._token()
        if not token:
            found = _TOKEN.search(self.get(page or "/", follow_redirects=True).text)
            assert found is not None, f"{page} holds no form"
            token = found[1]
        return self.client.post(path, data={"csrf_token": token, **(fields or {})}, **more)

    def _token(self) -> str:
        """Empty where no page with a form was seen in this session."""
        with self.client.session_transaction() as session:
            drawn = session.get("csrf_token", "")
        signer = URLSafeTimedSerializer(self.client.application.secret_key, salt="wtf-csrf-token")
        return str(signer.dumps(drawn)) if drawn else ""

    def yes(self, path: str, shown: TestResponse | None = None, **fields: Any) -> TestResponse:
        """Say yes to the figures that the page shows, or that `shown` did."""
        seen = _SEEN.search((shown or self.get(path)).text)
        return self.post(path, {"seen": seen[1] if seen else "", **fields}, page=path)

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/sign-in", {"email": email, "password": password})


@dataclass
class Shop:
    app: Flask
    seller_id: int = 0
    panel_id: int = 0
    accounts: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def visitor(self) -> Browser:
        return Browser(self.app.test_client())

    def customer(self, email: str = "ada@example.com", **fields: Any) -> Browser:
        """A browser of somebody who has just signed up."""
        browser = self.visitor()
        told = {"name": "Ada Lovelace", "email": email, "password": PASSWORD, "country": "FI", **fields}
        answer = browser.post("/sign-up", told)
        assert answer.status_code == 303, answer.text
        return browser

    def person(self, role: str, email: str, *permissions: str, **more: Any) -> Browser:
        """A browser signed in under a role that nobody can sign up for."""
        from billhead.actions.accounts.create_login import create_login
        from billhead.actions.accounts.hash_password import hash_password
        from billhead.db import writing
        from billhead.domain.context import Context

        with self.app.app_context():
            hashed = hash_password(PASSWORD, email)
            with writing(Context.system("test")) as tx:
                create_login(tx, self.seller_id, email, role, password_hash=hashed, permissions=permissions, **more)
        browser = self.visitor()
        assert browser.sign_in(email).status_code == 303
        return browser

    def call_back(self, told: dict[str, Any], *, key: str = "k", account: str = "cards") -> TestResponse:
        """The card gateway sends a message."""
        return self.app.test_client().post(
            f"/callbacks/{self.tokens[account]}", data=json.dumps(told), headers={"X-Key": key}
        )

    def pay(self, state: str = "succeeded", *, event: str = "evt_1", **more: Any) -> TestResponse:
        """The card gateway says what became of the newest attempt."""
        told = {"id": event, "ref": self.attempt().key, "state": state, **more}
        if state == "succeeded":
            told |= {"minor": self.attempt().amount_minor, "currency": self.attempt().currency}
        return self.call_back(told)

    def attempt(self) -> Any:
        """The newest attempt to pay."""
        from sqlalchemy import select

        from billhead.db import reading
        from billhead.models.payments import PaymentAttempt

        with self.app.app_context(), reading() as session:
            return session.scalars(select(PaymentAttempt).order_by(PaymentAttempt.id.desc()).limit(1)).one()

    def work(self) -> None:
        """The workers run until nothing is due."""
        from billhead.jobs.work import drain

        with self.app.app_context():
            drain()

    @contextmanager
    def asking(self, *seldom: str) -> Iterator[list[str]]:
        """The SELECTs of a block, without those of tables that are asked now and then and remembered."""
        from billhead.db import db

        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            if statement.lstrip().upper().startswith("SELECT") and not any(table in statement for table in seldom):
                seen.append(statement)

        with self.app.app_context():
            engine = db.engine
        with self.remembering():
            event.listen(engine, "before_cursor_execute", note)
            try:
                yield seen
            finally:
                event.remove(engine, "before_cursor_execute", note)

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Which plugins are on is known during a block, and not asked again every two seconds: what a page asks for is
        then no matter of how fast the machine is."""
        from billhead.plugin_host import plugins

        with patch("billhead.plugin_host.activation._FRESH_SECONDS", 3600):
            with self.app.app_context():
                plugins().activation.forget()
                plugins().activation.off()
            yield

    def rows(self, table: Any, *where: Any) -> list[Any]:
        """What stands in a table, in the order of its key."""
        from sqlalchemy import select

        from billhead.db import reading

        with self.app.app_context(), reading() as session:
            wanted = select(table).where(*where).order_by(*table.__mapper__.primary_key)
            return list(session.scalars(wanted))

    def change(self, table: Any, row_id: int, **columns: Any) -> None:
        from billhead.db import writing
        from billhead.domain.context import Context

        with self.app.app_context(), writing(Context.system("test")) as tx:
            row = tx.session.get_one(table, row_id)
            for name, value in columns.items():
                setattr(row, name, value)

    def order(self, browser: Browser, plan: str = "basic", term: str = "1 month", **fields: Any) -> TestResponse:
        """Put a plan into the cart and place the order, paying by card unless `account` says otherwise."""
        account = fields.pop("account", str(self.accounts["cards"]))
        more = {name: fields.pop(name) for name in ("save",) if name in fields}
        assert browser.post(f"/plans/{plan}", {"term": term, **fields}).status_code == 303
        return browser.post("/checkout", {"account": account, **more})


def open_shop(database_url: str, home: Path, **settings: Any) -> Shop:
    from billhead.db import db
    from billhead.plugin_host import PluginHost

    app = build_app(database_url, home, **settings)
    points = [point for point in installed_points() if point.name.startswith("theme_")]
    pretended = [plugin_point("panel", PANEL), plugin_point("cards", CARDS)]
    app.extensions["billhead"].plugins = PluginHost.load([*points, *pretended])
    with app.app_context():
        seller_id, panel_id, accounts, tokens = first_rows(db.engine, "web shop", _stock)
    return Shop(app, seller_id, panel_id, dict(accounts), dict(tokens))


def _stock() -> tuple[int, int, dict[str, int], dict[str, str]]:
    """The numbers of the seller, the panel and the accounts of gateways, and the tokens of these."""
    from billhead.db import writing
    from billhead.domain.context import Context
    from billhead.models.panels import Panel
    from billhead.models.payments import GatewayAccount
    from billhead.models.sellers import Seller

    accounts, tokens = dict[str, int](), dict[str, str]()
    with writing(Context.system("test")) as tx:
        seller = Seller(
            code="northcable", name="NorthCable", legal_name="NorthCable Oy", country="FI", zone="Europe/Helsinki",
            currency="EUR", address={"street": "Satamakatu 4", "postcode": "00160", "city": "Helsinki"},
            mail_from="billing@northcable.example",
        )  # fmt: skip
        tx.session.add(seller)
        tx.session.flush()
        panel = Panel(
            seller_id=seller.id, code="one", name="One", module="memory", settings={"url": "http://tv.example:8080"}
        )
        tx.session.add(panel)
        for position, code in enumerate(("cards", "transfer")):
            account = GatewayAccount(
                seller_id=seller.id, code=code, name={"cards": "Card", "transfer": "Bank transfer"}[code],
                gateway=code, callback_token=f"token-of-{code}", position=position,
            )  # fmt: skip
            tx.session.add(account)
            tx.session.flush()
            accounts[code], tokens[code] = account.id, account.callback_token
        _plans(tx.session, seller.id)
        return seller.id, panel.id, accounts, tokens


def _plans(session: Any, seller_id: int) -> None:
    from billhead.models.catalogue import Plan, Price, PriceBook

    books = {
        currency: PriceBook(seller_id=seller_id, code=currency.lower(), currency=currency, tax_inclusive=True)
        for currency in ("EUR", "JPY")
    }
    line = {"kind": "stream", "panel": "one", "panel_plan": "", "bouquets": []}
    box = {**line, "kind": "mag"}
    plans = {
        "basic": Plan(name="Basic", kind="stream", details={"services": [line], "once_per_customer": False}),
        "box": Plan(name="Basic for boxes", kind="mag", details={"services": [box]}),
        "gift": Plan(name="Gift", kind="stream", details={"services": [line]}),
        "hidden": Plan(name="Hidden", kind="stream", listed=False, details={"services": [line]}),
        "old": Plan(name="Old", kind="stream", retired=True, details={"services": [line]}),
        "screen": Plan(
            name="Second screen", kind="connection", listed=False, details={"plans": ["basic"], "max_units": 2}
        ),
    }
    for code, plan in plans.items():
        plan.code, plan.seller_id = code, seller_id
    session.add_all([*books.values(), *plans.values()])
    session.flush()
    rows = [
        ("EUR", "basic", "1 month", 999), ("EUR", "basic", "12 months", 10000), ("JPY", "basic", "1 month", 1600),
        ("EUR", "box", "1 month", 999), ("EUR", "gift", "1 month", 0), ("EUR", "hidden", "1 month", 500),
        ("EUR", "old", "1 month", 500), ("EUR", "screen", "1 month", 300),
    ]  # fmt: skip
    for currency, code, term, minor in rows:
        session.add(Price(book_id=books[currency].id, plan_id=plans[code].id, term=term, amount_minor=minor))


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    """The shop on SQLite."""
    shop = open_shop(sqlite_url, tmp_path / "home")
    yield shop
    close_app(shop.app)


@pytest.fixture
def any_shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """The shop on each engine in turn."""
    shop = open_shop(database_url, tmp_path / "home")
    yield shop
    close_app(shop.app)
