"""Read a department's mailbox: what came since the last time is kept as it is, and read by jobs of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.support._mailbox import Fetched, Mailbox, MailboxSettings
from billhead.actions.support.store_mail import store_mail
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.support import Department
from billhead.plugin_host import open_settings

__all__ = ["MailFetched", "fetch_mail"]


@dataclass(frozen=True, slots=True)
class _Intent:
    settings: MailboxSettings
    cursor: Mapping[str, Any]
    today: date


@dataclass(frozen=True, slots=True)
class MailFetched:
    """`more`: there is more to read at once."""

    department_id: int
    stored: int
    again: int
    more: bool


def fetch_mail(ctx: Context, department_id: int) -> MailFetched | None:
    """None for a department without a mailbox. Raises MailboxUnreachable: what was not read is read the next time."""

    def intend(tx: Tx) -> _Intent | None:
        row = tx.session.get(Department, department_id)
        if row is None:
            raise NotFound("department", department_id)
        settings = open_settings(MailboxSettings, row)
        return _Intent(settings, dict(row.mail_cursor), clock.now().date()) if settings.host else None

    def record(tx: Tx, intent: _Intent, fetched: Fetched) -> MailFetched:
        row = tx.session.get_one(Department, department_id, with_for_update=True)
        if row.mail_cursor != intent.cursor:  # somebody else has read meanwhile, and kept the same mails
            return MailFetched(department_id, 0, 0, True)
        stored = again = 0
        for _uid, raw in fetched.mails:
            try:
                done = store_mail(tx, department_id, raw)
            except InvalidInput:  # gone meanwhile, or nothing in it
                continue
            stored, again = stored + (not done.again), again + done.again
        row.mail_cursor = fetched.cursor
        return MailFetched(department_id, stored, again, fetched.more)

    return exchange(ctx, intend=intend, call=_read, record=record)


def _read(intent: _Intent) -> Fetched:
    with Mailbox.of(intent.settings) as mailbox:
        return mailbox.since(intent.settings.folder, dict(intent.cursor), intent.today)
