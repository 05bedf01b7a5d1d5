"""A file of events as staff have sent it: kept under the vault's key, and read line by line."""

import io
from collections.abc import Iterator

from billhead.actions.usage._files import Read, events_in
from billhead.domain.errors import InvalidInput
from billhead.models.usage import UsageImport
from billhead.plugin_host import vault

__all__ = ["events_of", "file_of"]


def file_of(row: UsageImport) -> bytes:
    """Raises InvalidInput where the file is not kept any more."""
    if row.sealed is None:
        raise InvalidInput("file", "it is not kept any more", hint="send it again")
    return vault().open(row.sealed)


def events_of(name: str, data: bytes) -> Iterator[Read]:
    """As `events_in`."""
    return events_in(name, io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""))
