"""The file of a copy, part by part as it is kept: so that a large one takes no memory."""

from collections.abc import Iterator

from billhead.db import reading
from billhead.models.privacy import DataExportPart
from billhead.plugin_host import vault

__all__ = ["parts_of"]


def parts_of(export_id: int) -> Iterator[bytes]:
    position = 0
    while True:
        with reading() as session:
            part = session.get(DataExportPart, (export_id, position))
        if part is None:
            return
        yield vault().open(part.sealed)
        position += 1
