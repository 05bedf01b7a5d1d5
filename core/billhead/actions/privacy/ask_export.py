"""Somebody wants a copy of all that is held about them: a job makes it, and a mail says when it is there."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.privacy._own import DECIDES, person_to_decide
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.privacy import DataExport

__all__ = ["ExportAsked", "ask_export"]

_ONE_IN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ExportAsked:
    export_id: int


@verb("privacy.ask_export")
def ask_export(tx: Tx, customer_id: int) -> ExportAsked:
    """Once a day for the customer; staff as often as they are asked. Raises NotAllowed, NotFound, Conflict."""
    person_to_decide(tx, customer_id)
    mine = select(DataExport).where(DataExport.customer_id == customer_id).order_by(DataExport.id.desc())
    newest = tx.session.scalars(mine.limit(1)).first()
    if newest is not None and newest.state in ("queued", "running"):
        raise Conflict("a copy is being made already")
    recent = newest is not None and newest.state != "failed" and newest.asked_at > clock.now() - _ONE_IN
    if recent and not tx.ctx.may(DECIDES):
        raise Conflict("a copy was made less than a day ago", hint="one a day is made")
    row = DataExport(customer_id=customer_id, asked_by=tx.ctx.actor, asked_at=clock.now())
    tx.session.add(row)
    tx.session.flush()
    enqueue(tx, "privacy.export", {"export_id": row.id}, key=f"export:{row.id}", lane="exports")
    note(tx, f"customer:{customer_id}", export_id=row.id)
    return ExportAsked(row.id)
