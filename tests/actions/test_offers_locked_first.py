"""Whoever ends, changes or keeps a subscription locks its offers first, as whoever is paid does."""

import pytest
from billing_shop import open_shop
from sqlalchemy import event

from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.set_auto_renew import set_auto_renew
from billhead.actions.subscriptions.transfer import transfer
from billhead.db import Tx, db, reading
from billhead.domain.context import Context
from billhead.domain.errors import NotFound

VERBS = {
    "cancel": lambda tx: cancel(tx, 7, "immediate"),
    "change": lambda tx: change(tx, ChangeWish(7)),
    "hold": lambda tx: hold(tx, 7),
    "keep": lambda tx: keep(tx, 7),
    "resume": lambda tx: resume(tx, 7),
    "transfer": lambda tx: transfer(tx, 7, 8),
    "auto-renew": lambda tx: set_auto_renew(tx, 7, False),
}


@pytest.mark.parametrize("verb", VERBS)
def test_the_offers_come_first(sqlite_url, tmp_path, verb):
    with open_shop(sqlite_url, tmp_path):
        assert asked_by(VERBS[verb])[:2] == ["document", "subscription"]


def asked_by(verb) -> list[str]:
    asked: list[str] = []

    def seen(_connection, _cursor, statement, *_more):
        asked.extend(table for table in ("document", "subscription") if f"FROM {table} " in " ".join(statement.split()))

    event.listen(db.engine, "before_cursor_execute", seen)
    try:
        with reading() as session, pytest.raises(NotFound):
            verb(Tx(Context.system("test"), session))
    finally:
        event.remove(db.engine, "before_cursor_execute", seen)
    return asked
