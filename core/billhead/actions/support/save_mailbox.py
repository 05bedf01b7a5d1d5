"""The mailbox of a department is set."""

from collections.abc import Mapping
from typing import Any

from billhead.actions.support._mailbox import MailboxSettings
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.support import Department
from billhead.plugin_host import store_settings

__all__ = ["save_mailbox"]


@verb("support.save_mailbox", permission="sellers.write")
def save_mailbox(tx: Tx, department_id: int, values: Mapping[str, Any]) -> None:
    """Another server or folder is read from where it stands now. Raises NotFound, or InvalidInput naming the field."""
    row = tx.session.get(Department, department_id, with_for_update=True)
    if row is None:
        raise NotFound("department", department_id)
    before = {name: row.settings.get(name) for name in ("host", "login", "folder")}
    store_settings(MailboxSettings, row, values)
    if before != {name: row.settings.get(name) for name in before}:
        row.mail_cursor = {}
    note(tx, f"department:{row.id}", host=row.settings.get("host", ""))
