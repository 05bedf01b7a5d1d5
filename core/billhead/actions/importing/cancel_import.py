"""Call an import off. What it has brought in by then stays."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.importing._open_import import GOES_ON
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.imports import SubscriberImport

__all__ = ["ImportCanceled", "cancel_import"]


@dataclass(frozen=True, slots=True)
class ImportCanceled:
    subscriber_import_id: int


@verb("importing.cancel", permission="subscriptions.write")
def cancel_import(tx: Tx, import_id: int) -> ImportCanceled:
    """Its job looks before each batch and stops. Raises NotFound, or Conflict for one that does not go on."""
    row = tx.session.get(SubscriberImport, import_id, with_for_update=True)
    if row is None:
        raise NotFound("import", import_id)
    if row.state not in GOES_ON:
        raise Conflict(f"import {import_id} does not go on")
    row.state, row.finished_at = "canceled", clock.now()
    return ImportCanceled(import_id)
