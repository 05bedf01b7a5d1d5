"""Remove a file that was sent, with what was said about its rows. Whom it has brought in stays."""

from dataclasses import dataclass

from sqlalchemy import delete

from billhead.actions.importing._open_import import open_import
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.imports import ImportRefusal, SubscriberImport

__all__ = ["ImportForgotten", "forget_import"]


@dataclass(frozen=True, slots=True)
class ImportForgotten:
    subscriber_import_id: int


@verb("importing.forget", permission="subscriptions.write")
def forget_import(tx: Tx, import_id: int) -> ImportForgotten:
    """Raises NotFound, or Conflict for one that goes on."""
    row = open_import(tx, SubscriberImport, import_id)
    tx.session.execute(delete(ImportRefusal).where(ImportRefusal.import_id == import_id))
    tx.session.delete(row)
    return ImportForgotten(import_id)
