"""A shop with one customer in Honolulu and all that a notice may be about; mail goes into a folder."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pretend_plugins import installed_points
from sqlalchemy import select

from billhead.actions.notifications._queueing import queued_once
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.notifications.send_notice import send_notice
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Notice, PluginState
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin_host import plugins, store_settings, vault

SYSTEM = Context.system("test")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)  # 23:00 on the day before in Honolulu

BOXES = """
from dataclasses import dataclass

@dataclass(frozen=True)
class BoxSettings:
    portal: str = option("Portal")

class Boxes(ProvisioningModule):
    code, label, settings_type = "boxes", "Boxes", BoxSettings
    def capabilities(self, panel): return Capabilities(Expiry.SETTABLE, frozenset(LineKind))
    def look_up(self, panel, desired): raise AssertionError("a notice never asks the panel")
    def apply(self, panel, step): raise AssertionError("a notice never writes to the panel")
    def remove(self, panel, desired): raise AssertionError("a notice removes nothing")
    def check(self, panel): return "fine"
    def access(self, panel, desired):
        if desired.kind is LineKind.MAG:
            return Access(portal_url=panel.settings.portal, mac=desired.mac)
        playlist = f"{panel.settings.portal}/get.php?u={desired.login}&p={desired.password}"
        return Access(login=desired.login, password=desired.password, m3u_url=playlist)

@hookimpl
def provisioning_modules(): return [Boxes()]
"""


@dataclass
class Shop:
    """Ids of its rows, and the folder of its mail."""

    outbox: Path
    customer: int = 0
    stranger: int = 0
    subscription: int = 0
    invoice: int = 0
    payment: int = 0
    line: int = 0
    box: int = 0

    def change(self, model, key, **values):
        with writing(SYSTEM) as tx:
            row = tx.session.get_one(model, key)
            for name, value in values.items():
                setattr(row, name, value)

    def queue(self, kind, data, *, customer=None, channel="email", key=None):
        with writing(SYSTEM) as tx:
            key, customer = key or f"{kind}:1", customer or self.customer
            if channel == "email":
                return queue_notice(tx, customer, kind, key, data)
            to = {"customer_id": customer, "channel": channel, "recipient": "ada@example.org"}
            return queued_once(tx, kind, key, data, **to)

    def notice(self, notice_id):
        with reading() as session:
            return session.get(Notice, notice_id)

    def mails(self):
        files = sorted(self.outbox.glob("*.eml"))
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]

    def sent(self, kind, data, **more):
        """Queue and send; returns (subject, text, html) of the one mail that came of it."""
        assert send_notice(SYSTEM, self.queue(kind, data, **more)) == "sent"
        (mail,) = self.mails()
        return mail["Subject"], mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()


@contextmanager
def open_shop(host_app, url: str, outbox: Path, *points) -> Iterator[Shop]:
    """`points` are the plugins beside email."""
    mail = [point for point in installed_points() if point.name == "email"]
    app = host_app(url, [*mail, *points])
    with app.app_context():
        shop = Shop(outbox)
        with writing(SYSTEM) as tx:
            _open(tx.session, shop)
        yield shop


def _add(session, row):
    session.add(row)
    session.flush()
    return row.id


def _open(session, shop: Shop) -> None:
    row = PluginState(name="email", settings={}, secrets="", changed_at=NOW)
    store_settings(plugins().get("email").settings_type, row, {"spool": str(shop.outbox)})
    session.add(row)
    seller = _add(
        session,
        Seller(
            code="north", name='North "Cable" TV', legal_name="NorthCable Oy", country="FI", currency="EUR",
            mail_from="billing@northcable.example",
        ),
    )  # fmt: skip
    person = {"seller_id": seller, "country": "US", "currency": "EUR", "zone": "Pacific/Honolulu", "created_at": NOW}
    shop.customer = _add(session, Customer(name="Ada <b>Kalani</b>", email="ada@example.org", **person))
    shop.stranger = _add(session, Customer(name="Eve", email="eve@example.org", **person))
    plan = _add(session, Plan(seller_id=seller, code="full", name="Full & Sports", kind="paired"))
    shop.subscription = _add(
        session,
        Subscription(
            seller_id=seller, customer_id=shop.customer, plan_id=plan, currency="EUR", state="active", term="1m",
            anchor=date(2026, 11, 21), started_on=date(2026, 11, 21), phase_ends_on=date(2026, 11, 28),
            paid_through=date(2026, 12, 21), zone="Pacific/Honolulu", created_at=NOW,
        ),
    )  # fmt: skip
    _bill(session, shop, seller, plan)
    _lines(session, shop, seller)


def _bill(session, shop: Shop, seller: int, plan: int) -> None:
    # 9.99 + 2 × 1.25 = 12.49; 25.5 % is 2.54745 → 2.55 and 0.6375 → 0.64, so 3.19; 12.49 + 3.19 = 15.68
    shop.invoice = _add(
        session,
        Document(
            seller_id=seller, customer_id=shop.customer, subscription_id=shop.subscription, kind="invoice",
            state="final", fiscal_year=2026, number=12, number_text="2026-000012", issued_on=date(2026, 11, 22),
            due_on=date(2026, 12, 6), currency="EUR", net_minor=1249, tax_minor=319, total_minor=1568, created_at=NOW,
        ),
    )  # fmt: skip
    items = [("Full & Sports", "recurring", 1, 999), ("Extra connection", "one_off", 2, 250)]
    for position, (description, kind, quantity, net) in enumerate(items, start=1):
        recurring = kind == "recurring"
        line = DocumentLine(
            document_id=shop.invoice, position=position, subscription_id=shop.subscription, plan_id=plan, kind=kind,
            description=description,
            quantity=quantity, unit_minor=net // quantity, net_minor=net,
            period_start=date(2026, 11, 21) if recurring else None,
            period_end=date(2026, 12, 21) if recurring else None,
        )  # fmt: skip
        session.add(line)
    account = _add(
        session, GatewayAccount(seller_id=seller, code="bank", name="Bank", gateway="bank_transfer", callback_token="t")
    )
    shop.payment = _add(
        session,
        Payment(
            customer_id=shop.customer, account_id=account, provider_ref="p1", amount_minor=1000, currency="EUR",
            received_at=NOW,
        ),
    )  # fmt: skip


def _lines(session, shop: Shop, seller: int) -> None:
    settings = {"portal": "https://tv.example"}
    panel = _add(
        session, Panel(seller_id=seller, code="one", name="Panel one", module="boxes", settings=settings, secrets="")
    )
    shared = {
        "subscription_id": shop.subscription,
        "panel_id": panel,
        "login": "ada",
        "password": vault().encrypt("s3cret&<"),
        "desired_expires_at": datetime(2026, 12, 24, 10, 0, tzinfo=UTC),  # three days of grace
    }
    shop.line = _add(session, Service(kind="stream", handle="A2", desired_connections=3, **shared))
    shop.box = _add(session, Service(kind="mag", handle="A3", mac="00:1A:79:AA:BB:CC", **shared))


def states() -> list[str]:
    with reading() as session:
        return list(session.scalars(select(Notice.state).order_by(Notice.id)))
