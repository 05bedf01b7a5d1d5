"""Count the events of a file that was sent, or see what would come of it."""

from dataclasses import dataclass

from sqlalchemy import delete

from billhead.actions.importing._open_import import open_import
from billhead.actions.scheduling import enqueue
from billhead.actions.usage._sent_file import file_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.usage import UsageImport, UsageImportRefusal

__all__ = ["UsageImportStarted", "start_usage_import"]


@dataclass(frozen=True, slots=True)
class UsageImportStarted:
    usage_import_id: int


@verb("usage.start_import", permission="usage.write")
def start_usage_import(tx: Tx, import_id: int, *, dry_run: bool) -> UsageImportStarted:
    """A job goes through the file from its beginning; events that are known already change nothing.

    Raises NotFound, InvalidInput once the file is not kept any more, or Conflict while it goes on.
    """
    row = open_import(tx, UsageImport, import_id)
    file_of(row)
    tx.session.execute(delete(UsageImportRefusal).where(UsageImportRefusal.import_id == import_id))
    row.state, row.dry_run, row.error, row.finished_at = "queued", dry_run, "", None
    row.through = row.accepted = row.duplicates = row.refused = row.late = 0
    enqueue(tx, "usage.import", {"import_id": import_id}, key=f"usage-import:{import_id}", lane="usage-import")
    note(tx, f"usage_import:{import_id}", dry_run=dry_run)
    return UsageImportStarted(import_id)
