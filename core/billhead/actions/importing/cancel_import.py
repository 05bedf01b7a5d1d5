"""Call an import off. What it has brought in by then stays."""

from dataclasses import dataclass

from billhead.actions.long_work import call_off
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.imports import SubscriberImport

__all__ = ["ImportCanceled", "cancel_import"]


@dataclass(frozen=True, slots=True)
class ImportCanceled:
    subscriber_import_id: int


@verb("importing.cancel", permission="subscriptions.write")
def cancel_import(tx: Tx, import_id: int) -> ImportCanceled:
    """Raises NotFound, or Conflict for one that has ended."""
    call_off(tx, SubscriberImport, import_id, "import")
    return ImportCanceled(import_id)
