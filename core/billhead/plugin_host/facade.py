"""What a plugin gets back from core: the Host behind `current_host`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from datetime import datetime
from typing import Any

from flask import Flask, has_app_context
from sqlalchemy import Connection, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billhead import clock
from billhead.db import Model, in_session, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, NotFound
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import PluginStorage
from billhead.models.payments import GatewayAccount
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin.host import OpenLine, provide_host
from billhead.plugin.usage import UsageReading
from billhead.plugin_host.connections import plugin_settings
from billhead.plugin_host.current import plugins
from billhead.plugin_host.discovery import code_of

__all__ = ["Facade", "Notify", "provide_facade"]

Notify = Callable[[int, str, str, Mapping[str, Any]], None]
"""(customer id, kind, key, data): queues a notice in a transaction of its own."""

Record = Callable[[str, Sequence[UsageReading]], Mapping[str, int]]
"""(source, events): records them in a transaction of its own."""

Audit = Callable[[str, str, str, str, Mapping[str, Any]], None]
"""(plugin, action, subject, reason, details): writes in a transaction of its own."""

Lend = Callable[[str, int | None, str, str], OpenLine]
"""(plugin, service id, login, reference): reads and audits in a transaction of its own."""


class Facade:
    """The Host of one plugin. Reads open a session of their own; writes a transaction of their own."""

    def __init__(
        self,
        app: Flask,
        plugin: str,
        notify: Notify | None,
        record: Record | None = None,
        lend: Lend | None = None,
        audit: Audit | None = None,
    ) -> None:
        self._app = app
        self._notify = notify
        self._record = record
        self._lend = lend
        self._audit = audit
        self.plugin = plugin

    def settings(self) -> Any:
        with self._in_app():
            return plugin_settings(self.plugin)

    def now(self) -> datetime:
        return clock.business_now()

    def get(self, key: str, default: Any = None) -> Any:
        with self._in_app(), reading() as session:
            row = session.get(PluginStorage, (self.plugin, key))
            return default if row is None else row.value

    def put(self, key: str, value: Any) -> None:
        with self._in_app():
            self._needs_no_transaction("put")
            with writing(Context.system(f"plugin:{self.plugin}")) as tx:
                tx.session.merge(PluginStorage(plugin=self.plugin, key=key, value=value))

    def change(self, key: str, change: Callable[[Any], Any], default: Any = None) -> None:
        with self._in_app():
            self._needs_no_transaction("change")
            with writing(Context.system(f"plugin:{self.plugin}")) as tx:
                insert = sqlite.insert if tx.session.get_bind().dialect.name == "sqlite" else postgresql.insert
                new = insert(PluginStorage).values(plugin=self.plugin, key=key, value=default)
                tx.session.execute(new.on_conflict_do_nothing())
                row = tx.session.get_one(PluginStorage, (self.plugin, key), with_for_update=True)
                row.value = change(deepcopy(row.value))

    @contextmanager
    def tables(self, *, write: bool = False) -> Iterator[Connection]:
        with self._in_app():
            if not write:
                with reading() as session:
                    yield session.connection()
                return
            self._needs_no_transaction("tables")
            with writing(Context.system(f"plugin:{self.plugin}")) as tx:
                yield tx.session.connection()

    def customer(self, customer_id: int) -> Mapping[str, Any]:
        with self._in_app(), reading() as session:
            return _plain(_row(session, Customer, customer_id, "customer"))

    def subscription(self, subscription_id: int) -> Mapping[str, Any]:
        with self._in_app(), reading() as session:
            row = _row(session, Subscription, subscription_id, "subscription")
            return {**_plain(row), "plan": _row(session, Plan, row.plan_id, "plan").code}

    def document(self, document_id: int) -> Mapping[str, Any]:
        with self._in_app(), reading() as session:
            row = _row(session, Document, document_id, "document")
            lines = session.scalars(select(DocumentLine).where(DocumentLine.document_id == document_id))
            return {**_plain(row), "lines": [_plain(line) for line in lines]}

    def gateway_accounts(self) -> Mapping[str, str]:
        with self._in_app(), reading() as session:
            codes = [code_of(one) for one in plugins().get(self.plugin).offers.get("payment_gateways", ())]
            rows = session.execute(
                select(GatewayAccount.code, GatewayAccount.name)
                .where(GatewayAccount.gateway.in_(codes))
                .order_by(GatewayAccount.position, GatewayAccount.id)
            )
            return dict(rows.all())

    def audit(self, action: str, subject: str, *, reason: str = "", details: Mapping[str, Any] | None = None) -> None:
        if self._audit is None:
            raise Conflict("this application keeps no audit trail", hint="give provide_facade(audit=…) a function")
        with self._in_app():
            self._needs_no_transaction("audit")
            self._audit(self.plugin, action, subject, reason, details or {})

    def notify(self, customer_id: int, kind: str, key: str, data: Mapping[str, Any]) -> None:
        if self._notify is None:
            raise Conflict("this application sends no notices", hint="give provide_facade(notify=…) a function")
        with self._in_app():
            self._needs_no_transaction("notify")
            self._notify(customer_id, kind, f"plugin:{self.plugin}:{key}", data)

    def line(self, *, service_id: int | None = None, login: str = "", ref: str = "") -> OpenLine:
        if self._lend is None:
            raise Conflict("this application lends no lines", hint="give provide_facade(lend=…) a function")
        with self._in_app():
            self._needs_no_transaction("line")
            return self._lend(self.plugin, service_id, login, ref)

    def record_usage(self, readings: Sequence[UsageReading]) -> Mapping[str, int]:
        if self._record is None:
            raise Conflict("this application records no usage", hint="give provide_facade(record=…) a function")
        with self._in_app():
            self._needs_no_transaction("record_usage")
            return self._record(f"plugin:{self.plugin}", readings)

    def _needs_no_transaction(self, what: str) -> None:
        if in_session() == "writing":
            why = f"the plugin {self.plugin} called {what}() inside a guard, whose transaction is open"
            raise Conflict(why, hint="guards only read; observe the event with on_event and write there")

    def _in_app(self) -> AbstractContextManager[Any]:
        return nullcontext() if has_app_context() else self._app.app_context()


def provide_facade(
    app: Flask,
    notify: Notify | None = None,
    record: Record | None = None,
    lend: Lend | None = None,
    audit: Audit | None = None,
) -> None:
    """Let the plugins' `current_host(name)` answer with this application."""

    def facade(plugin: str) -> Facade:
        with nullcontext() if has_app_context() else app.app_context():
            plugins().get(plugin)
        return Facade(app, plugin, notify, record, lend, audit)

    provide_host(facade)


def _row(session: Session, model: type[Any], key: int, what: str) -> Any:
    row = session.get(model, key)
    if row is None:
        raise NotFound(what, key)
    return row


def _plain(row: Model) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(row).mapper.column_attrs}
