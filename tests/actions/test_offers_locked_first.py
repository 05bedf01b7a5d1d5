"""Whoever ends, changes or keeps a subscription locks its offers first, as whoever is paid does; and nothing before it
is known that they may see it."""

from contextlib import suppress
from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import event

from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.set_auto_renew import set_auto_renew
from billhead.actions.subscriptions.transfer import transfer
from billhead.db import db, writing
from billhead.domain.errors import BillheadError

VERBS = {
    "cancel": lambda tx: cancel(tx, 1, "immediate"),
    "change": lambda tx: change(tx, ChangeWish(1)),
    "hold": lambda tx: hold(tx, 1),
    "keep": lambda tx: keep(tx, 1),
    "resume": lambda tx: resume(tx, 1),
    "transfer": lambda tx: transfer(tx, 1, 2),
    "auto-renew": lambda tx: set_auto_renew(tx, 1, False),
}


@pytest.mark.parametrize("verb", VERBS)
def test_the_offers_come_first(sqlite_url, tmp_path, verb):
    with open_shop(sqlite_url, tmp_path) as shop:
        assert shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=date(2026, 4, 1)) == 1
        looked, *asked = asked_by(VERBS[verb])
        assert (looked, asked[0]) == ("subscription", "document")
        assert "subscription" in asked


def asked_by(verb) -> list[str]:
    asked: list[str] = []

    def seen(_connection, _cursor, statement, *_more):
        asked.extend(table for table in ("document", "subscription") if f"FROM {table} " in " ".join(statement.split()))

    event.listen(db.engine, "before_cursor_execute", seen)
    try:
        with suppress(BillheadError), writing(SYSTEM) as tx:
            verb(tx)
    finally:
        event.remove(db.engine, "before_cursor_execute", seen)
    return asked
