"""Take a file of events; nothing of it is counted yet."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.importing._sent_file import as_utf8
from billhead.actions.usage._sent_file import events_of
from billhead.actions.usage._source import check_source
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.models.usage import UsageImport
from billhead.plugin_host import vault

__all__ = ["EventsFileSent", "send_events_file"]


@dataclass(frozen=True, slots=True)
class EventsFileSent:
    usage_import_id: int


@verb("usage.send_file", permission="usage.write")
def send_events_file(tx: Tx, source: str, name: str, data: bytes) -> EventsFileSent:
    """Raises InvalidInput for a source without a name, and for a file that is none of events (see `events_in`)."""
    check_source(source)
    text, _ = as_utf8(data, "utf-8")
    name = name[-200:]
    try:
        next(events_of(name, text), None)
    except InvalidInput as wrong:
        raise InvalidInput("file", wrong.message, hint=wrong.hint) from wrong
    row = UsageImport(
        source=source,
        name=name,
        sealed=vault().seal(text),
        lines=max(text.count(b"\n") + (not text.endswith(b"\n")), text.count(b"\r")),
        asked_by=tx.ctx.actor,
        created_at=clock.now(),
    )
    tx.session.add(row)
    tx.session.flush()
    return EventsFileSent(row.id)
