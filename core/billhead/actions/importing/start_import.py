"""Import a file that was sent, or see what would come of it."""

from dataclasses import dataclass

from sqlalchemy import delete

from billhead.actions.importing._open_import import open_import
from billhead.actions.importing._sent_file import data_of
from billhead.actions.importing.subscriber_rows import Heading
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotAllowed
from billhead.models.imports import ImportRefusal, SubscriberImport

__all__ = ["ImportStarted", "start_import"]

_NEEDS = "customers.write"
_OF_BALANCES = "credits.write"


@dataclass(frozen=True, slots=True)
class ImportStarted:
    subscriber_import_id: int


@verb("importing.start", permission="subscriptions.write")
def start_import(tx: Tx, import_id: int, *, dry_run: bool) -> ImportStarted:
    """A job goes through the file from its beginning; rows that are in already are left as they are.

    Customers are added, and with a column `balance` they are given credit: who asks must be allowed that as well.
    Raises NotAllowed, NotFound, InvalidInput once the file is not kept any more, or Conflict while it goes on.
    """
    row = open_import(tx, SubscriberImport, import_id)
    heading = Heading.of_file(data_of(row))
    needed = [_NEEDS, *([_OF_BALANCES] if "balance" in heading.called(row.columns) else [])]
    for permission in needed:
        if not tx.ctx.may(permission):
            raise NotAllowed(f"{tx.ctx.actor} may not import this: it needs {permission}")
    tx.session.execute(delete(ImportRefusal).where(ImportRefusal.import_id == import_id))
    row.state, row.dry_run, row.error, row.finished_at = "queued", dry_run, "", None
    row.through = row.added = row.known = row.refused = 0
    enqueue(tx, "importing.run", {"import_id": import_id}, key=f"import:{import_id}", lane=f"import:{row.seller_id}")
    note(tx, f"subscriber_import:{import_id}", dry_run=dry_run)
    return ImportStarted(import_id)
