"""Take back a merge or a split: the lines return to the documents that they came from."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.documents._changeable import changeable, lines_of, recompute
from billhead.actions.documents._charging import charge_then, to_be_charged
from billhead.actions.documents._moving import move_lines, moved, name_subscription
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.document import Event, ProformaEvent
from billhead.domain.errors import Conflict
from billhead.models.documents import Document

__all__ = ["Undone", "undo_merge"]


@dataclass(frozen=True, slots=True)
class Undone:
    document_id: int


@verb("documents.undo_merge", permission="documents.write")
def undo_merge(tx: Tx, document_id: int) -> Undone:
    """Every line goes back, the document is left empty and void. Raises NotFound, or Conflict: final, being paid,
    lines were added meanwhile, or where they came from can't be changed any more."""
    document = changeable(tx, document_id)
    lines = lines_of(tx, document_id)
    if not lines or any(line.moved_from_id is None for line in lines):
        raise Conflict(
            "only what was merged or split off can be undone", hint="take off first what was added meanwhile"
        )
    merged = tx.session.scalars(
        select(Document).where(Document.merged_into_id == document_id).order_by(Document.id).with_for_update()
    ).all()
    for one in merged:
        moved(one, Event.PART, ProformaEvent.PART)
        one.merged_into_id = None
    tx.session.flush()
    origins = sorted({line.moved_from_id for line in lines if line.moved_from_id is not None})
    charged, back = to_be_charged(tx, [document]), []
    for origin_id in origins:
        origin = changeable(tx, origin_id)
        back.append(origin)
        move_lines(tx, [line for line in lines if line.moved_from_id == origin_id], origin, back=True)
        name_subscription(tx, origin)
        recompute(tx, origin)
    recompute(tx, document)
    document.subscription_id = None
    moved(document, Event.VOID, ProformaEvent.VOID)
    charge_then(tx, back, charged)
    note(tx, f"document:{document_id}", to=origins)
    return Undone(document_id)
