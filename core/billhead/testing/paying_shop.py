"""A shop for the tests of gateways: one seller, one customer, one invoice (12.55 EUR), and a gateway account.

It has the whole application beneath it, on a SQLite file of its own: nothing that a gateway meets is pretended.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from shutil import copy
from tempfile import mkdtemp
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, func, select
from sqlalchemy.pool import NullPool

from billhead import clock
from billhead.actions.documents.add_line import FreeLine, add_line
from billhead.actions.documents.draft_invoice import draft_invoice
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._attempts import attempt_view
from billhead.actions.payments.apply_callback import apply_callback
from billhead.actions.payments.decide_attempt import decide_attempt
from billhead.actions.payments.resolve import resolve
from billhead.actions.payments.start_checkout import Checkout, start_checkout
from billhead.actions.payments.store_callback import store_callback
from billhead.app import create_app
from billhead.config import Config
from billhead.db import db, prepare_engine, reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.migrations.ladder import upgrade_core
from billhead.models.ledger import LedgerAccount, LedgerPosting
from billhead.models.payments import Callback, GatewayAccount, PaymentAttempt, PaymentMethod
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import AttemptView, RawCallback, SavedMethod
from billhead.plugin_host import plugins, store_settings, vault

__all__ = ["OWED", "PayingShop", "open_paying_shop"]

SYSTEM = Context.system("gateway-faults")
OWED = 1255
"""Minor units of the invoice, in EUR; for a gateway of another currency it is another."""

_TOKEN = "token-of-the-account"  # noqa: S105
_CHILD = """\
import sys
from pathlib import Path
from billhead.testing.paying_shop import die_while_paying
die_while_paying(Path(sys.argv[1]), *(int(one) for one in sys.argv[2:5]), sys.argv[5])
"""


@dataclass
class PayingShop:
    """Ids of what stands in the shop, and short ways to do what happens there."""

    app: Flask
    home: Path
    seller: int = 0
    customer: int = 0
    account: int = 0
    invoice: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)  # what the payer types at checkout

    def rows(self, model: Any, *where: Any) -> list[Any]:
        with reading() as session:
            return list(session.scalars(select(model).where(*where).order_by(model.id)))

    def row(self, model: Any, key: int) -> Any:
        with reading() as session:
            return session.get_one(model, key)

    def act(self, verb: Any, *args: Any, **more: Any) -> Any:
        """One action in a transaction of its own, as the system."""
        with writing(SYSTEM) as tx:
            return verb(tx, *args, **more)

    def balances(self) -> dict[str, int]:
        """What each account of the ledger holds in minor units: debits above zero. The sum is always zero."""
        sums: dict[str, int] = defaultdict(int)
        query = select(LedgerAccount.code, LedgerPosting.side, func.sum(LedgerPosting.amount_minor)).join(
            LedgerAccount, LedgerAccount.id == LedgerPosting.account_id
        )
        with reading() as session:
            assert verify_ledger(session).faults == []
            for code, side, total in session.execute(query.group_by(LedgerAccount.code, LedgerPosting.side)):
                sums[code] += int(total) if side == "D" else -int(total)
        assert sum(sums.values()) == 0, sums
        return {code: minor for code, minor in sorted(sums.items()) if minor}

    def checkout(self) -> Checkout:
        return start_checkout(SYSTEM, self.invoice, self.account, "https://shop.example/back", fields=self.fields)

    def attempt(self) -> AttemptView:
        """The newest attempt, as its gateway sees it."""
        with writing(SYSTEM) as tx:
            newest = select(PaymentAttempt).order_by(PaymentAttempt.id.desc()).limit(1)
            return attempt_view(tx, tx.session.scalars(newest).one())

    def state(self) -> str:
        return str(self.rows(PaymentAttempt)[-1].state)

    def look(self) -> str:
        """Look the newest attempt up, as the hourly job does."""
        return resolve(SYSTEM, self.rows(PaymentAttempt)[-1].id)

    def give_up(self) -> None:
        """Four minutes later staff say that nothing came of the newest attempt."""
        newest = self.rows(PaymentAttempt)[-1].id
        with writing(SYSTEM) as tx:
            tx.session.get_one(PaymentAttempt, newest).created_at -= timedelta(minutes=4)
        self.act(decide_attempt, newest, "not_paid")

    def keep(self, raw: RawCallback) -> int:
        """A callback arrives; its id."""
        return int(self.act(store_callback, _TOKEN, raw.path, raw.query, raw.headers, raw.body, raw.remote_address))

    def hear(self, raw: RawCallback) -> str:
        """A callback arrives and is read; what became of it."""
        return apply_callback(SYSTEM, self.keep(raw))

    def why(self) -> str:
        return str(self.rows(Callback)[-1].error)

    def save(self, method: SavedMethod) -> None:
        """The customer's default method."""
        with writing(SYSTEM) as tx:
            row = PaymentMethod(
                customer_id=self.customer, account_id=self.account, token=vault().encrypt(method.token),
                label=method.label, expires=method.expires, is_default=True, created_at=clock.now(),
            )  # fmt: skip
            tx.session.add(row)

    def killed_after_the_gateway_has_acted(self, *, saved: bool) -> int:
        """Another process charges the saved method, or opens a checkout, and gets SIGKILL before that is written down.

        Returns how it ended: -9. It is waited for until then, however busy the machine is: what it asks for has a limit
        of its own at each call, and none of them is the test's.
        """
        given = [str(self.home), str(self.invoice), str(self.account), str(int(saved)), json.dumps(dict(self.fields))]
        return subprocess.run([sys.executable, "-c", _CHILD, *given], check=False).returncode


@contextmanager
def open_paying_shop(
    home: Path,
    gateway: str,
    settings: Mapping[str, Any],
    owed: Money | None = None,
    fields: Mapping[str, str] | None = None,
) -> Iterator[PayingShop]:
    """`settings` are what staff enter for an account of the gateway, `fields` what a payer types for it."""
    copy(_migrated(), home / "billhead.sqlite3")
    app = _app(home)
    with app.app_context():
        shop, owed = PayingShop(app, home, fields=fields or {}), owed or Money(OWED, "EUR")
        with writing(SYSTEM) as tx:
            _fill(tx.session, shop, gateway, settings, owed.currency)
        shop.invoice = shop.act(draft_invoice, shop.customer).document_id
        shop.act(add_line, shop.invoice, FreeLine("TV, one month", owed.minor))
        shop.act(finalise_draft, shop.invoice)
        yield shop
        db.engine.dispose()


def die_while_paying(home: Path, invoice: int, account: int, saved: int, fields: str) -> None:
    """What the killed process does: it dies when its gateway has answered and nothing is written yet."""
    from billhead import crash
    from billhead.actions.payments.collect import collect

    with _app(home).app_context():
        crash._wanted = "exchange.called"
        if saved:
            collect(SYSTEM, invoice)
        else:
            start_checkout(SYSTEM, invoice, account, "https://shop.example/back", fields=json.loads(fields))


def _app(home: Path) -> Flask:
    config = Config(home, f"sqlite:///{home / 'billhead.sqlite3'}", "memory://", "a secret of the tests", testing=True)
    return create_app(replace(config, public_url="https://shop.example"))


@cache
def _migrated() -> Path:
    """A migrated, empty database: one a process, copied for each shop."""
    file = Path(mkdtemp(prefix="billhead-shop-")) / "empty.sqlite3"
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    prepare_engine(engine)
    upgrade_core(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return file


def _fill(session: Any, shop: PayingShop, gateway: str, settings: Mapping[str, Any], currency: str) -> None:
    seller = Seller(code="shop", name="Shop", legal_name="Shop Ltd", country="FI", zone="UTC", currency=currency)
    session.add(seller)
    session.flush()
    customer = Customer(
        seller_id=seller.id, name="Ada Example", email="ada@example.org", country="FI", currency=currency, zone="UTC",
        created_at=clock.now(),
    )  # fmt: skip
    account = GatewayAccount(
        seller_id=seller.id, code="account", name="Account", gateway=gateway, callback_token=_TOKEN,
        proof_key=vault().encrypt("key-of-the-account"),
    )  # fmt: skip
    store_settings(plugins().gateway(gateway).settings_type, account, settings)
    session.add_all([customer, account])
    session.flush()
    shop.seller, shop.customer, shop.account = seller.id, customer.id, account.id
