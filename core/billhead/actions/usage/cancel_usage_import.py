"""Call an import of events off. What it has counted by then stays counted."""

from dataclasses import dataclass

from billhead.actions.long_work import call_off
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.usage import UsageImport

__all__ = ["UsageImportCanceled", "cancel_usage_import"]


@dataclass(frozen=True, slots=True)
class UsageImportCanceled:
    usage_import_id: int


@verb("usage.cancel_import", permission="usage.write")
def cancel_usage_import(tx: Tx, import_id: int) -> UsageImportCanceled:
    """Raises NotFound, or Conflict for one that has ended."""
    call_off(tx, UsageImport, import_id, "import")
    return UsageImportCanceled(import_id)
