"""A shop that sells television by card: the whole application, its web server, and a card processor that calls it back.

Prices are net of 25.5 % Finnish VAT: a month of 10.00 EUR is 12.55 EUR to pay. The customer and the seller live in
Helsinki. What time it is, a test says with `shop.at(...)`; the processor has the time of the machine.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from flask import Flask
from sqlalchemy import func, select
from werkzeug.serving import make_server

from apps import with_web
from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.actions.dunning.save_policy import PolicyEntry, save_policy
from billhead.actions.payments.apply_callback import apply_callback
from billhead.actions.payments.start_checkout import Checkout, start_checkout
from billhead.actions.payments.store_callback import store_callback
from billhead.actions.subscriptions.start import Order, Started, start_subscription
from billhead.db import Model, reading, writing
from billhead.domain.context import Context
from billhead.domain.dunning import RetrySchedule, Stage, StageAction
from billhead.jobs.kinds import KINDS
from billhead.jobs.queue import finish, take
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.documents import Document
from billhead.models.ledger import LedgerAccount, LedgerPosting
from billhead.models.operations import Job, Notice
from billhead.models.panels import Panel
from billhead.models.payments import Callback, GatewayAccount, PaymentAttempt, PaymentMethod
from billhead.models.people import Customer
from billhead.models.sellers import Seller, TaxRegistration
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin_host import plugins, store_settings, vault
from billhead_sandbox.panel.server import Running, start

SYSTEM = Context.system("test")
HELSINKI = ZoneInfo("Europe/Helsinki")
OK = "4242424242424242"


@dataclass
class CardShop:
    """Ids of what stands in the shop, and short ways to do what people do."""

    app: Flask
    processor: Running
    seller: int = 0
    customer: int = 0
    cards: int = 0
    bank: int = 0
    web: str = ""

    # -- time, rows, figures

    @contextmanager
    def at(self, day: str, hour: int = 12) -> Iterator[None]:
        """It is this day in Helsinki."""
        noon = datetime.fromisoformat(day).replace(hour=hour, tzinfo=HELSINKI)
        with clock.business_time(noon.astimezone(UTC)):
            yield

    def row(self, model: type, key: int) -> Any:
        with reading() as session:
            return session.get_one(model, key)

    def rows(self, model: type, *where: Any) -> list[Any]:
        with reading() as session:
            return list(session.scalars(select(model).where(*where).order_by(model.id)))

    def change(self, model: type, key: int, **values: Any) -> None:
        with writing(SYSTEM) as tx:
            row = tx.session.get_one(model, key)
            for name, value in values.items():
                setattr(row, name, value)

    def act(self, verb: Any, *args: Any, **more: Any) -> Any:
        """One action in a transaction of its own, as the system."""
        with writing(SYSTEM) as tx:
            return verb(tx, *args, **more)

    def stages(self, stages: list[Any], *, retry_days: tuple[int, ...] = (1, 3, 5, 7), **policy: Any) -> int:
        """The seller's own table: [days, action] pairs, or whole stages."""
        made = [stage if isinstance(stage, Stage) else Stage(stage[0], StageAction(stage[1])) for stage in stages]
        entry = PolicyEntry(self.seller, stages=made, retries=RetrySchedule(retry_days), **policy)
        with writing(SYSTEM) as tx:
            return save_policy(tx, entry)

    def balances(self) -> dict[str, int]:
        """What each account of the ledger holds in cents: debits above zero. The sum is always zero."""
        sums: dict[str, int] = defaultdict(int)
        query = select(LedgerAccount.code, LedgerPosting.side, func.sum(LedgerPosting.amount_minor)).join(
            LedgerAccount, LedgerAccount.id == LedgerPosting.account_id
        )
        with reading() as session:
            for code, side, total in session.execute(query.group_by(LedgerAccount.code, LedgerPosting.side)):
                sums[code] += int(total) if side == "D" else -int(total)
        assert sum(sums.values()) == 0, sums
        return {code: cents for code, cents in sorted(sums.items()) if cents}

    def jobs(self, kind: str) -> list[Job]:
        return self.rows(Job, Job.kind == kind, Job.state == "queued")

    def notices(self, kind: str = "") -> list[str]:
        """The kinds of the notices so far (only this one, if named), in their order."""
        return [notice.kind for notice in self.rows(Notice) if kind in ("", notice.kind)]

    # -- people and the processor

    def order(self, **wish: Any) -> Started:
        return self.act(start_subscription, Order(self.customer, wish.pop("plan", "tv"), "1 month", **wish))

    def checkout(self, document: int, *, save: bool = False) -> Checkout:
        return start_checkout(SYSTEM, document, self.cards, f"{self.web}/back", save_method=save)

    def pay(self, checkout: Checkout, card: str = OK, *, save: bool = False) -> httpx.Response:
        """What the payer does on the processor's page."""
        form = {"number": card, "expiry": "12/30", "cvc": "123", **({"save": "1"} if save else {})}
        return httpx.post(checkout.action["url"], data=form, trust_env=False, timeout=5)

    def bought(self, *, card: str = OK, save: bool = False, **wish: Any) -> Subscription:
        """A subscription that is ordered and paid on the hosted page."""
        started = self.order(**wish)
        self.pay(self.checkout(started.document_id, save=save), card, save=save)
        self.hear("charge.succeeded")
        return self.row(Subscription, started.subscription_id)

    def control(self, path: str, **content: Any) -> None:
        """Switch the processor: `cards` or `faults`."""
        reply = httpx.post(f"{self.processor.url}/_sandbox/{path}", json=content, trust_env=False)
        assert reply.status_code == 200, reply.text

    def charges(self, status: str = "succeeded") -> int:
        """How many charges the processor has in this state."""
        rows = self.processor.state.store.rows("SELECT id FROM card_charges WHERE status = ?", (status,))
        return len(rows)

    def renewal(self, day: str, *, card: str = OK, token: str = "") -> tuple[Subscription, Document]:
        """A subscription with a saved card (or token) from 22 November, and its invoice of 22 December or later."""
        with self.at("2026-11-22"):
            subscription = self.bought(card=card, save=True)
        if token:
            self.change(PaymentMethod, subscription.payment_method_id, token=vault().encrypt(token))
        with self.at(day, hour=1):
            run_billing(clock.business_now())
        return self.row(Subscription, subscription.id), self.invoices()[-1]

    def collect_due(self) -> list[str]:
        """Do the collections whose hour has come, as a worker does; the state of the newest attempt after each."""
        states = []
        for job in self.jobs("payments.collect"):
            if job.due_at <= clock.business_now():
                leased = take(job.id)
                assert leased is not None
                KINDS[leased.kind].run(SYSTEM, leased.args)
                finish(leased, None)
                states.append(self.attempts()[-1])
        return states

    # -- callbacks

    def stored(self, kind: str, count: int = 1) -> list[int]:
        """The callbacks of this type that wait to be read; waits until there are so many."""
        until = time.monotonic() + 8
        while time.monotonic() < until:
            waiting = [c.id for c in self.rows(Callback, Callback.state == "received") if kind.encode() in c.body]
            if len(waiting) >= count:
                return waiting
            time.sleep(0.02)
        came = [callback.body for callback in self.rows(Callback)]
        raise AssertionError(f"not {count} callbacks of type {kind} came, but: {came}")

    def hear(self, kind: str, count: int = 1) -> list[str]:
        """Read the callbacks of this type as the job does; what became of each."""
        return [apply_callback(SYSTEM, callback_id) for callback_id in self.stored(kind, count)]

    def stored_again(self, callback: Callback) -> int:
        token = callback.path.rsplit("/", 1)[-1]
        with writing(SYSTEM) as tx:
            return store_callback(tx, token, callback.path, callback.query, callback.headers, callback.body)

    def attempts(self) -> list[str]:
        return [attempt.state for attempt in self.rows(PaymentAttempt)]

    def invoices(self) -> list[Document]:
        return self.rows(Document, Document.kind == "invoice")

    def service(self, subscription: int) -> Service:
        (service,) = self.rows(Service, Service.subscription_id == subscription)
        return service


@contextmanager
def open_card_shop(app: Flask) -> Iterator[CardShop]:
    with start() as processor, app.app_context():
        server = make_server("127.0.0.1", 0, with_web(app), threaded=True)
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        shop = CardShop(app, processor, web=f"http://127.0.0.1:{server.server_port}")
        installed = app.extensions["billhead"]
        installed.config = replace(installed.config, public_url=shop.web)
        with writing(SYSTEM) as tx:
            _fill(tx.session, shop)
        yield shop
        server.shutdown()
        thread.join()
        server.server_close()


def _add(session: Any, row: Model) -> int:
    session.add(row)
    session.flush()
    return row.id  # type: ignore[attr-defined]


def _fill(session: Any, shop: CardShop) -> None:
    at = clock.now()
    shop.seller = _add(
        session,
        Seller(code="nc", name="NorthCable", legal_name="NorthCable Oy", country="FI", zone="Europe/Helsinki",
               currency="EUR", tax_engine="eu_vat"),
    )  # fmt: skip
    session.add(TaxRegistration(seller_id=shop.seller, jurisdiction="FI", scheme="domestic", number="FI12345671"))
    shop.customer = _add(
        session,
        Customer(seller_id=shop.seller, name="Aino", email="aino@example.com", country="FI", currency="EUR",
                 zone="Europe/Helsinki", created_at=at),
    )  # fmt: skip
    session.add(Panel(seller_id=shop.seller, code="p1", name="Panel", module="xtream"))
    book = _add(session, PriceBook(seller_id=shop.seller, code="eur", currency="EUR"))
    for code, price in (("tv", {}), ("trial", {"trial_term": "7 days", "trial_minor": 100})):
        template = {"kind": "stream", "panel": "p1", "panel_plan": "BASIC"}
        plan = _add(
            session,
            Plan(seller_id=shop.seller, code=code, name=f"{code.title()} plan", kind="stream",
                 details={"services": [template]}),
        )  # fmt: skip
        session.add(Price(book_id=book, plan_id=plan, term="1 month", amount_minor=1000, **price))
    shop.cards = _account(session, shop, "cards", "sandbox_cards", {
        "url": shop.processor.url, "api_key": "sk_sandbox_demo", "callback_secret": "whsec_sandbox_demo",
        "timeout_seconds": 2,
    })  # fmt: skip
    shop.bank = _account(session, shop, "bank", "bank_transfer", {
        "holder": "NorthCable Oy", "iban": "FI2112345600000785", "bic": "NDEAFIHH", "bank": "Example Bank",
    })  # fmt: skip


def _account(session: Any, shop: CardShop, code: str, gateway: str, settings: dict[str, Any]) -> int:
    account = GatewayAccount(
        seller_id=shop.seller, code=code, name=code.title(), gateway=gateway, callback_token=f"token-of-{code}"
    )
    store_settings(plugins().gateway(gateway).settings_type, account, settings)
    return _add(session, account)
