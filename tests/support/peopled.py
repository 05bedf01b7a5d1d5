"""A small world with something of every kind that an address can name, of people who must not see each other's.

Ada and Eve buy at the operator's own shop, Sue and Tom at Aurora's and Gulf's; Bob is of Ada's family and may do all
that a family can. Aurora stands above Baltic and Coast, Gulf beside them. `till` is a program with Baltic's key.
"""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from reseller_area import open_area
from sqlalchemy import Select, select
from web_shop import BOX, PASSWORD, Browser, Shop, open_shop
from werkzeug.routing import Rule
from werkzeug.test import TestResponse
from white_label import SHOPS, WhiteLabel, open_shops

from apps import close_app
from billhead.models.people import User
from billhead.models.sellers import Seller
from billhead.web.access import stated

__all__ = ["KINDS", "Person", "World", "arguments", "filled", "open_world"]

ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")

NAMES = {
    "code": "basic", "slug": "no-sound", "token": "a-token-of-nobody", "language": "en", "channel": "email",
    "gateway": "cards", "switch": "off", "key": "1", "_rest": "x", "name": "panels", "filename": "billhead.css",
    "kind": "invited", "remote": "7", "module": "memory", "format": "ubl", "decision": "approve", "step": "warn",
}  # fmt: skip
"""Arguments of addresses that are nobody's: public names, or secrets that only who was given them knows."""


@dataclass(frozen=True)
class Person:
    """Somebody with a browser, or a program with a key. What is theirs hangs on these five; `shop_id`: a reseller's."""

    client: FlaskClient
    before: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    customer_id: int = 0
    user_id: int = 0
    seller_id: int = 0
    reseller_id: int = 0
    shop_id: int = 0
    role: str = "customer"

    def open(self, method: str, path: str, **more: Any) -> TestResponse:
        once = {"Idempotency-Key": uuid4().hex} if self.headers else {}
        told = {"headers": self.headers | once, "buffered": True, **more}
        return self.client.open(self.before + path, method=method, **told)


@dataclass
class World:
    label: WhiteLabel
    people: dict[str, Person] = field(default_factory=dict)
    forms: dict[str, list[Any]] = field(default_factory=dict)  # of page_forms
    _ids: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    @property
    def shop(self) -> Shop:
        return self.label.shop

    def ids(self, who: str, kind: str) -> list[int]:
        """What of this kind was theirs in the beginning, the newest first."""
        from billhead.db import reading

        if (who, kind) not in self._ids:
            with self.shop.app.app_context(), reading() as session:
                self._ids[who, kind] = sorted(session.scalars(KINDS[kind](self.people[who])), reverse=True)
        return self._ids[who, kind]

    def routes(self, who: str, method: str = "GET") -> Iterator[Rule]:
        """Those that let this person's role in, in the order of their addresses."""
        role = self.people[who].role
        for rule in sorted(self.shop.app.url_map.iter_rules(), key=lambda one: (one.rule, one.endpoint)):
            roles, _permission = stated(self.shop.app.view_functions[rule.endpoint])
            if rule.endpoint.startswith("api_staff."):
                continue  # there is no owner but the house
            is_for_programs = rule.endpoint.startswith("api_v1.")
            is_let_in = bool(roles & {role, "anyone"}) or role == "program"
            if method in rule.methods and is_let_in and is_for_programs == (role == "program"):
                yield rule

    def path(self, who: str, rule: Rule, number: int = 0) -> str:
        """Of the newest of what is theirs; for staff, of the first of all, or that of this number."""
        kinds = {} if who == "staff" else arguments(rule)
        mine = {name: (self.ids(who, kind) or [1])[0] for name, kind in kinds.items()}
        return filled(rule, mine, number or 1)

    @property
    def file(self) -> str:
        from billhead.db import db

        with self.shop.app.app_context():
            return str(db.engine.url.database)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever is done in the block has not been done after it."""
        with closing(sqlite3.connect(":memory:")) as kept:
            with closing(sqlite3.connect(self.file)) as now:
                now.backup(kept)
            yield
            with closing(sqlite3.connect(self.file)) as now:
                kept.backup(now)

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """All rows of all tables, as the database has them."""
        with closing(sqlite3.connect(self.file)) as now:
            now.row_factory = sqlite3.Row
            tables = [row[0] for row in now.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {one: [dict(row) for row in now.execute(f'SELECT * FROM "{one}"')] for one in sorted(tables)}


def arguments(rule: Rule) -> dict[str, str]:
    """Argument → kind of object, for those that are numbers; a `key` is of what stands before it in the address."""
    found = {}
    area = rule.endpoint.split(".")[0]
    for match in ARGUMENT.finditer(rule.rule):
        converter, name = match.groups()
        if converter != "int":
            continue
        kind = rule.rule[: match.start()].strip("/").split("/")[-1] if name == "key" else name
        found[name] = f"{area}.{kind}" if f"{area}.{kind}" in KINDS else kind
        told = f"{rule.rule}: whose is <{name}>? Tell it in tests/support/peopled.py (KINDS: {kind!r})"
        assert found[name] in KINDS, told
    return found


def filled(rule: Rule, values: dict[str, int], number: int = 1) -> str:
    """The address with these numbers in it, and with this one for all others."""

    def value(argument: re.Match[str]) -> str:
        converter, name = argument.groups()
        if converter == "int" or name in values:
            return str(values.get(name, number))
        assert name in NAMES, f"{rule.rule}: is <{name}> somebody's? Tell it in tests/support/peopled.py (NAMES)"
        return NAMES[name]

    return ARGUMENT.sub(value, rule.rule)


def _customers(table: str) -> Callable[[Person], Select[Any]]:
    def query(who: Person) -> Select[Any]:
        from billhead.actions.privacy._rows import table_of, theirs

        return select(table_of(table).c.id).where(theirs(table, who.customer_id))

    return query


def _by(table: str, column: str, owner: str = "") -> Callable[[Person], Select[Any]]:
    """`owner`: which of the five stands in the column, where it has another name."""

    def query(who: Person) -> Select[Any]:
        from billhead.actions.privacy._rows import table_of

        rows = table_of(table)
        return select(rows.c.id).where(rows.c[column] == getattr(who, owner or column))

    return query


def _files_of_shop(who: Person) -> Select[Any]:
    from billhead.models.support import Ticket, TicketFile, TicketMessage

    files = select(TicketFile.id).join(TicketMessage, TicketMessage.id == TicketFile.message_id)
    return files.join(Ticket, Ticket.id == TicketMessage.ticket_id).where(Ticket.seller_id == who.shop_id)


def _family(who: Person) -> Select[Any]:
    return select(User.id).where(User.customer_id == who.customer_id, User.family)


def _users(who: Person) -> Select[Any]:
    from billhead.models.people import Customer
    from billhead.models.subscriptions import Subscription

    mine = select(Customer.id).where(Customer.reseller_id == who.reseller_id)
    return select(Subscription.id).where(Subscription.customer_id.in_(mine))


def _lines_of_users(who: Person) -> Select[Any]:
    from billhead.models.subscriptions import Service

    return select(Service.id).where(Service.subscription_id.in_(_users(who)))


KINDS: dict[str, Callable[[Person], Select[Any]]] = {
    "service_id": _customers("service"),
    "subscription_id": _customers("subscription"),
    "document_id": _customers("document"),
    "attempt_id": _customers("payment_attempt"),
    "payment_id": _customers("payment"),
    "proof_id": _customers("transfer_proof"),
    "refund_id": _customers("refund"),
    "method_id": _customers("payment_method"),
    "saving_id": _customers("method_saving"),
    "ticket_id": _customers("ticket"),
    "file_id": _customers("ticket_file"),
    "dispute_id": _customers("bill_dispute"),
    "export_id": _customers("data_export"),
    "user_id": _family,
    "account_id": _by("gateway_account", "seller_id"),
    "session_id": _by("user_session", "user_id"),
    "link_id": _by("linked_identity", "user_id"),
    "passkey_id": _by("passkey", "user_id"),
    "users": _users,
    "line": _lines_of_users,
    "reseller.service_id": _lines_of_users,
    "resellers": _by("reseller", "parent_id", "reseller_id"),
    "many": _by("user_bulk", "reseller_id"),
    "messages": _by("reseller_message", "reseller_id"),
    "keys": _by("reseller_key", "reseller_id"),
    "supply_id": _by("shop_supply", "reseller_id"),
    "host_id": _by("shop_host", "seller_id", "shop_id"),
    "department_id": _by("support_department", "seller_id", "shop_id"),
    "article_id": _by("help_article", "seller_id", "shop_id"),
    "guide_id": _by("setup_guide", "seller_id", "shop_id"),
    "reseller.ticket_id": _by("ticket", "seller_id", "shop_id"),
    "reseller.file_id": _files_of_shop,
    "page_id": _by("content_page", "seller_id", "shop_id"),
}
"""What a number in an address names → whose it is."""


def open_world(sqlite_url: str, home: Path) -> World:
    label = open_shops(open_area(open_shop(sqlite_url, home)))
    world = World(label)
    browsers = _customers_of(label)
    for who in ("aurora", "baltic", "coast", "gulf"):
        label.area.add(who, f"{who} user", email=f"user.of.{who}@example.com")
        browsers[who] = label.area.browsers[who]
        browsers[who].post("/reseller/credits/buy", {"package": "hundred"})
    browsers["staff"] = label.shop.person("staff", "boss@example.com", "*")
    label.shop.work()
    for who, browser in browsers.items():
        world.people[who] = _known(label, who, browser)
    _written_down(world)
    world.people["till"] = _program(world)
    world.people["nobody"] = Person(label.shop.app.test_client(), role="visitor")
    return world


def _customers_of(label: WhiteLabel) -> dict[str, Browser]:
    shop = label.shop
    browsers: dict[str, Browser] = {}
    shop.change(Seller, shop.seller_id, top_ups={"EUR": {"least": 500, "most": 50000, "offered": [2500]}})
    for number, who in enumerate(("ada", "eve")):
        browsers[who] = one = shop.customer(f"{who}@example.com")
        shop.order(one, "basic", save="1")
        shop.pay(event=f"first {who}", save=True)
        shop.work()
        shop.order(one, "box", mac=f"{BOX[:-1]}{number + 1}")
        shop.pay(event=f"second {who}")
        shop.work()
        shop.order(one, "basic", account=str(shop.accounts["transfer"]))
        assert one.post("/account/credit/buy", {"choice": "25.00"}, page="/account/credit").status_code == 303
    browsers["bob"] = _joined(shop, browsers["ada"], "bob@example.com")
    _joined(shop, browsers["eve"], "kid@example.com")
    for who, host in (("sue", "aurora"), ("tom", "gulf")):
        browsers[who] = one = label.customer(host, f"{who}@example.com")
        label.order(one, host)
        label.pay(host)
    return browsers


def _joined(shop: Shop, owner: Browser, email: str) -> Browser:
    from billhead.db import reading
    from billhead.domain.rights import FAMILY_RIGHTS
    from billhead.models.operations import Notice
    from billhead.plugin_host import vault

    assert owner.post("/account/family/new", {"email": email, "rights": list(FAMILY_RIGHTS)}).status_code == 303
    with shop.app.app_context(), reading() as session:
        sent = session.scalars(select(Notice).where(Notice.recipient == email, Notice.kind == "invited")).one()
        token = vault().decrypt(sent.data["sealed_token"])
    browser = shop.visitor()
    browser.post(f"/set-password/{token}", {"password": PASSWORD})
    assert browser.sign_in(email).location == "/account/"
    return browser


def _known(label: WhiteLabel, who: str, browser: Browser) -> Person:
    email = {"staff": "boss"}.get(who, who) + "@example.com"
    user = label.shop.rows(User, User.email == email)[0]
    shops = {"sue": "aurora", "tom": "gulf"}
    before = f"/shop/{SHOPS[shops[who]]}" if who in shops else ""
    return Person(
        browser.client, before, {}, user.customer_id or 0, user.id, user.seller_id, user.reseller_id or 0,
        label.sellers.get(who, 0), str(user.role),
    )  # fmt: skip


def _program(world: World) -> Person:
    from dataclasses import replace

    from billhead.actions.resellers.create_key import create_key

    baltic = world.people["baltic"]
    key = world.label.act(create_key, baltic.reseller_id, "till", who="baltic").key
    client = world.shop.app.test_client(use_cookies=False)
    return replace(baltic, client=client, headers={"Authorization": f"Bearer {key}"}, role="program")


def _written_down(world: World) -> None:
    """Rows that take long stories to come about."""
    from billhead import clock
    from billhead.actions.privacy._rows import theirs
    from billhead.db import writing
    from billhead.domain.context import Context
    from billhead.models.access import SetupGuide
    from billhead.models.content import ContentPage, ContentText, ContentVersion
    from billhead.models.documents import Document, DocumentLine
    from billhead.models.helping import HelpArticle
    from billhead.models.resellers import ResellerKey, UserBulk
    from billhead.models.shops import ShopHost
    from billhead.models.support import Department

    now = clock.now()
    with world.shop.app.app_context(), writing(Context.system("test")) as tx:
        add = tx.session.add
        resellers = {seller_id: world.people[who].reseller_id for who, seller_id in world.label.sellers.items()}
        for seller_id in {one.seller_id for one in world.people.values()} | set(resellers):
            add(Department(seller_id=seller_id, reseller_id=resellers.get(seller_id), name="Support", position=1))
            article = {"title": "No sound", "category": "Sound", "body": "Louder!", "changed_at": now}
            add(HelpArticle(seller_id=seller_id, slug="no-sound", title_words="no sound", words="louder", **article))
            page = ContentPage(seller_id=seller_id, slug="no-sound", place="menu")
            add(page)
            tx.session.flush()
            add(ContentText(page_id=page.id, language="en", newest=1, shown=1))
            words = {"title": "No sound", "body": "Louder!", "at": now, "author": "x", "published_at": now}
            add(ContentVersion(page_id=page.id, language="en", number=1, **words))
        for who, seller_id in world.label.sellers.items():
            add(ShopHost(seller_id=seller_id, host=f"tv.{who}.example", created_at=now))
            add(SetupGuide(seller_id=seller_id, code="own", title="Our box", kinds=["stream"], steps="Louder!"))
        tx.session.flush()
        for who, one in world.people.items():
            if one.reseller_id:
                told = {"actor": f"user:{one.user_id}", "role": one.role, "scope_reseller_id": one.reseller_id}
                add(UserBulk(reseller_id=one.reseller_id, total=1, created_at=now, **told))
                made = {"hint": "bh_", "key_hash": f"hash of {who}", "created_by": "x", "created_at": now}
                add(ResellerKey(reseller_id=one.reseller_id, name="old", **made))
            _of_a_login(tx.session, who, one)
            if one.customer_id and who != "bob":
                lines = select(DocumentLine).join(Document, Document.id == DocumentLine.document_id)
                line = tx.session.scalars(lines.where(theirs("document", one.customer_id))).first()
                _of_a_customer(tx.session, one, line)


def _of_a_login(session: Any, who: str, one: Person) -> None:
    from billhead import clock
    from billhead.models.people import UserSession
    from billhead.models.sign_in import LinkedIdentity, Passkey

    now = clock.now()
    known = {"seller_id": one.seller_id, "user_id": one.user_id, "issuer": "https://id.example", "linked_at": now}
    session.add(LinkedIdentity(subject=who, **known))
    session.add(Passkey(user_id=one.user_id, credential_id=who, public_key=b"x", name="Key", created_at=now))
    times = {"created_at": now, "last_seen_at": now, "confirmed_at": now, "expires_at": now.replace(year=2100)}
    session.add(UserSession(user_id=one.user_id, token_hash=f"another of {who}", **times))


def _of_a_customer(session: Any, one: Person, line: Any) -> None:
    from billhead import clock
    from billhead.models.banking import TransferProof
    from billhead.models.payments import MethodSaving, PaymentAttempt
    from billhead.models.privacy import DataExport
    from billhead.models.support import BillDispute, Department, Ticket, TicketFile, TicketMessage

    now, mine = clock.now(), {"customer_id": one.customer_id}
    department = select(Department.id).where(Department.seller_id == one.seller_id)
    key = f"of {one.customer_id}"
    account_id = session.scalars(select(PaymentAttempt.account_id).limit(1)).first()
    session.add(MethodSaving(account_id=account_id, key=key, state="requires_action", created_at=now, **mine))
    session.add(DataExport(state="done", asked_by="x", asked_at=now, ends_at=now.replace(year=2100), **mine))
    ticket = Ticket(
        seller_id=one.seller_id, department_id=session.scalar(department), token=key, subject="No sound",
        opened_by_id=one.user_id, opened_at=now, **mine,
    )  # fmt: skip
    session.add(ticket)
    session.flush()
    message = TicketMessage(ticket_id=ticket.id, kind="customer", author="x", body="None at all.", at=now)
    session.add(message)
    session.flush()
    ticket.last_message_id = message.id
    file = {"file_name": "box.png", "media_type": "image/png", "size": 1, "data": b"x"}
    session.add(TicketFile(message_id=message.id, **file))
    attempt_id = session.scalars(
        select(PaymentAttempt.id)
        .where(PaymentAttempt.customer_id == one.customer_id)
        .order_by(PaymentAttempt.id.desc())
    ).first()
    if attempt_id:
        session.add(TransferProof(attempt_id=attempt_id, sent_at=now, **file, **mine))
    if line is not None:
        about = {"document_id": line.document_id, "line_id": line.id, "reason": "twice", "currency": "EUR"}
        session.add(BillDispute(ticket_id=ticket.id, disputed_minor=1, opened_on=now.date(), **about, **mine))


@pytest.fixture(scope="session")
def lasting_world(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    file = shutil.copy(migrated_sqlite, folder / "billhead.sqlite3")
    made = open_world(f"sqlite:///{file}", folder / "home")
    yield made
    close_app(made.shop.app)


@pytest.fixture
def world(lasting_world: World) -> Iterator[World]:
    """Peopled once a process; what a test does to it is undone."""
    with lasting_world.undone():
        yield lasting_world
    lasting_world.shop.app.config["WTF_CSRF_ENABLED"] = True
