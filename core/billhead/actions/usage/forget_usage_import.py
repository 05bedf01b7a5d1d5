"""Remove a file of events, with what was said about its lines. What was counted of it stays counted."""

from dataclasses import dataclass

from sqlalchemy import delete

from billhead.actions.importing._open_import import open_import
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.usage import UsageImport, UsageImportRefusal

__all__ = ["UsageImportForgotten", "forget_usage_import"]


@dataclass(frozen=True, slots=True)
class UsageImportForgotten:
    usage_import_id: int


@verb("usage.forget_import", permission="usage.write")
def forget_usage_import(tx: Tx, import_id: int) -> UsageImportForgotten:
    """Raises NotFound, or Conflict for one that goes on."""
    row = open_import(tx, UsageImport, import_id)
    tx.session.execute(delete(UsageImportRefusal).where(UsageImportRefusal.import_id == import_id))
    tx.session.delete(row)
    return UsageImportForgotten(import_id)
