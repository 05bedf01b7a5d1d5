"""A file of events as staff have sent it: kept under the vault's key, and read line by line."""

import io
from collections.abc import Iterator

from billhead.actions.long_work import GOES_ON
from billhead.actions.usage._files import Read, events_in
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.usage import UsageImport
from billhead.plugin_host import vault

__all__ = ["events_of", "file_of", "open_import"]


def file_of(row: UsageImport) -> bytes:
    """Raises InvalidInput where the file is not kept any more."""
    if row.sealed is None:
        raise InvalidInput("file", "it is not kept any more", hint="send it again")
    return vault().open(row.sealed)


def events_of(name: str, data: bytes) -> Iterator[Read]:
    """As `events_in`."""
    return events_in(name, io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""))


def open_import(tx: Tx, import_id: int) -> UsageImport:
    """Locked. Raises NotFound, or Conflict for one that goes on."""
    row = tx.session.get(UsageImport, import_id, with_for_update=True)
    if row is None:
        raise NotFound("import", import_id)
    if row.state in GOES_ON:
        raise Conflict(f"import {import_id} goes on", hint="wait for it, or call it off")
    return row
