"""Some lines of a draft or proforma go to a document of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead.actions.documents._changeable import changeable, is_change, lines_of, recompute
from billhead.actions.documents._charging import charge_then, to_be_charged
from billhead.actions.documents._moving import same_term, set_apart
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput

__all__ = ["Split", "split_document"]


@dataclass(frozen=True, slots=True)
class Split:
    """The new document, with the lines that were split off."""

    document_id: int
    from_document_id: int


@verb("documents.split_document", permission="documents.write")
def split_document(tx: Tx, document_id: int, line_ids: Sequence[int]) -> Split:
    """Both are taxed anew; `undo_merge` of the new one puts the lines back.

    Raises InvalidInput (none or all of the lines), NotFound, or Conflict: final, being paid, or it would tear one
    subscription's period in two.
    """
    document = changeable(tx, document_id)
    if is_change(tx, document_id):
        raise Conflict("the proforma of a change of plan is paid as a whole: its amount is that of the change")
    wanted = set(line_ids)
    lines = lines_of(tx, document_id)
    if unknown := wanted - {line.id for line in lines}:
        raise InvalidInput("lines", f"line {min(unknown)} is not on this document")
    off, stay = [one for one in lines if one.id in wanted], [one for one in lines if one.id not in wanted]
    if not off or not stay:
        raise InvalidInput("lines", "choose some of the lines, not all")
    same_term(off, stay)
    new = set_apart(tx, off, document, document.held_because, document.finalise_on)
    for one in (document, new):
        recompute(tx, one)
    charge_then(tx, [new], to_be_charged(tx, [document]))
    audit(tx, "documents.split", f"document:{document.id}", {"to": new.id, "lines": sorted(wanted)})
    return Split(new.id, document.id)
