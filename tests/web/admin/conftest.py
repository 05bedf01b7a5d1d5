"""A shop with one paid line, and people behind the counter."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event, select
from web_shop import Browser, Shop

from billhead.db import db, reading
from billhead.models.operations import AuditEntry
from billhead.plugin_host import plugins


@dataclass
class Counter:
    """The shop seen from behind the counter."""

    shop: Shop
    staff: Browser
    statements: list[str] = field(default_factory=list)

    def get(self, path: str, **more: Any) -> Any:
        return self.staff.get(path, **more)

    def post(self, path: str, **fields: Any) -> Any:
        return self.staff.post(path, fields, page="/admin/switches")

    def confirm(self, path: str, reason: str = "asked by phone", **fields: Any) -> Any:
        """Answer a question with yes and a reason."""
        answer = self.post(path, reason=reason, **fields)
        assert answer.status_code == 303, answer.text
        return self.get(answer.location)

    def row(self, table: Any, row_id: Any) -> Any:
        with self.shop.app.app_context(), reading() as session:
            return session.get(table, row_id)

    def trail(self, action: str) -> list[tuple[str, str, str]]:
        """(who, to what, why) of an action."""
        with self.shop.app.app_context(), reading() as session:
            rows = session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
            return [(row.actor, row.subject, row.reason) for row in rows]

    def add(self, *rows: Any) -> list[int]:
        from billhead.db import writing
        from billhead.domain.context import Context

        with self.shop.app.app_context(), writing(Context.system("test")) as tx:
            tx.session.add_all(rows)
            tx.session.flush()
            return [row.id for row in rows]

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The SELECTs of a block, with the one for the plugins that are on, which is else remembered for a while."""
        seen: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.lstrip().upper().startswith("SELECT"):
                seen.append(statement)

        with self.shop.app.app_context():
            engine = db.engine
            plugins().activation.forget()
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def open_counter() -> Callable[[Shop], Counter]:
    """Make a counter of a shop: Ada has bought a line, paid for it, and it is on its panel."""

    def build(shop: Shop) -> Counter:
        ada = shop.customer()
        shop.order(ada)
        shop.pay()
        shop.work()
        return Counter(shop, shop.person("staff", "sam@example.com", "*"))

    return build


@pytest.fixture
def counter(shop: Shop, open_counter: Callable[[Shop], Counter]) -> Counter:
    return open_counter(shop)


@pytest.fixture
def any_counter(any_shop: Shop, open_counter: Callable[[Shop], Counter]) -> Counter:
    return open_counter(any_shop)
