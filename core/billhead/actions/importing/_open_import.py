"""An import that may be changed: it is there, and does not go on."""

from billhead.actions.long_work import GOES_ON
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.imports import SubscriberImport

__all__ = ["open_import"]


def open_import(tx: Tx, import_id: int) -> SubscriberImport:
    """Locked. Raises NotFound, or Conflict for one that goes on."""
    row = tx.session.get(SubscriberImport, import_id, with_for_update=True)
    if row is None:
        raise NotFound("import", import_id)
    if row.state in GOES_ON:
        raise Conflict(f"import {import_id} goes on", hint="wait for it, or call it off")
    return row
