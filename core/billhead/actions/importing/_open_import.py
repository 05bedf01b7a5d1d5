"""An import from a file that staff have sent, that may be changed: it is there, and does not go on."""

from typing import Any, TypeVar

from billhead.actions.long_work import GOES_ON
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound

__all__ = ["open_import"]

R = TypeVar("R", bound=Any)


def open_import(tx: Tx, kind: type[R], import_id: int) -> R:
    """Locked. Raises NotFound, or Conflict for one that goes on."""
    row = tx.session.get(kind, import_id, with_for_update=True)
    if row is None:
        raise NotFound("import", import_id)
    if row.state in GOES_ON:
        raise Conflict(f"import {import_id} goes on", hint="wait for it, or call it off")
    return row
