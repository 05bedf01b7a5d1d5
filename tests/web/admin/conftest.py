"""A shop with one paid line, and people behind the counter."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from sqlalchemy import select
from web_shop import Browser, Shop

from billhead import clock
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

    def answer(self, path: str, reason: str = "asked by phone") -> Any:
        """The same as the form of the page sends it: to where that says."""
        form = html.fromstring(self.get(path).text).xpath("//*[@data-question]//form")[0]
        answer = self.post(form.get("action"), reason=reason)
        assert answer.status_code == 303, answer.text
        return self.get(answer.location)

    def yes(self, path: str, reason: str = "asked by phone", **fields: Any) -> tuple[str, str]:
        """Look at the figures, then say yes; the page that shows them, and the one after it."""
        shown = self.post(path, reason=reason, **fields)
        assert "This will happen:" in shown.text, shown.text
        answer = self.staff.yes(path, shown, reason=reason, **fields)
        assert answer.status_code == 303, answer.text
        return shown.text, self.get(answer.location).text

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
        with self.shop.asking() as seen:
            with self.shop.app.app_context():
                plugins().activation.forget()
            yield seen


class Sold:
    """The shop in which Ada has bought a line and paid for it, and it is on its panel: made once a process on SQLite.

    Where a test has moved the clock, and on PostgreSQL, it is made anew.
    """

    def __init__(self, folder: Path) -> None:
        self.file, self.on_panel = folder / "sold.sqlite3", dict[str, Any]()

    def put_into(self, shop: Shop) -> None:
        moved = abs(clock.business_now() - clock.now()) > timedelta(seconds=5)
        with shop.app.app_context():
            url = db.engine.url
            lines = type(plugins().module("memory")).apply.__globals__["LINES"]
            db.engine.dispose()
        if moved or url.get_backend_name() != "sqlite":
            self._sell(shop)
        elif not self.file.exists():
            self._sell(shop)
            self.on_panel = dict(lines)
            self._copy(url.database, self.file)
        else:
            self._copy(self.file, url.database)
            lines.update(self.on_panel)

    def _sell(self, shop: Shop) -> None:
        ada = shop.customer()
        shop.order(ada)
        shop.pay()
        shop.work()

    def _copy(self, source: Any, to: Any) -> None:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(to)) as other:
            one.backup(other)


@pytest.fixture(scope="session")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Sold:
    return Sold(tmp_path_factory.mktemp("sold"))


@pytest.fixture
def counter(shop: Shop, sold: Sold) -> Counter:
    return _counter(shop, sold)


@pytest.fixture
def any_counter(any_shop: Shop, sold: Sold) -> Counter:
    return _counter(any_shop, sold)


def _counter(shop: Shop, sold: Sold) -> Counter:
    sold.put_into(shop)
    return Counter(shop, shop.person("staff", "sam@example.com", "*"))
