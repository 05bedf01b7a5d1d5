"""What the calendar does to documents that are not final: due drafts become final, unpaid proformas expire."""

from sqlalchemy.exc import DBAPIError

from billhead.actions.documents._due import due_drafts
from billhead.actions.documents.expire_proformas import expire_proformas
from billhead.actions.documents.finalise_due import finalise_due
from billhead.actions.documents.hold_draft import hold_draft
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError

__all__ = ["look_after"]

_BATCH = 500


def look_after(ctx: Context) -> tuple[int, int]:
    """Batch by batch, each in a transaction of its own; returns how many became final, and how many expired.

    A batch that the database refuses is done one by one, and the draft that can't be is held with the reason.
    """
    finalised, after, limit = 0, 0, _BATCH
    while True:
        try:
            with writing(ctx) as tx:
                done = finalise_due(tx, after, limit)
        except (DBAPIError, BillheadError, ValueError, ArithmeticError, LookupError) as error:
            if limit > 1:
                limit = 1
                continue
            after = _hold_next(ctx, after, error)
            continue
        finalised, after = finalised + done.finalised, done.next_after
        if not after:
            break
    expired, after = 0, 0
    while True:
        with writing(ctx) as tx:
            gone = expire_proformas(tx, after)
        expired, after = expired + gone.expired, gone.next_after
        if not after:
            return finalised, expired


def _hold_next(ctx: Context, after: int, error: Exception) -> int:
    with writing(ctx) as tx:
        due = due_drafts(tx, after, 1)
        if not due:
            raise error
        document_id = due[0].id
        hold_draft(tx, document_id, f"{type(error).__name__}: {error}")
    return document_id
