"""Several open proformas, or several drafts, of one customer become one, to be paid at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead.actions.documents._changeable import changeable, is_change, lines_of, recompute
from billhead.actions.documents._charging import charge_then, to_be_charged
from billhead.actions.documents._moving import another_like, move_lines, moved, name_subscription
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.document import Event, ProformaEvent
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.documents import Document

__all__ = ["Merged", "merge_documents"]


@dataclass(frozen=True, slots=True)
class Merged:
    """The new document."""

    document_id: int


@verb("documents.merge_documents", permission="documents.write")
def merge_documents(tx: Tx, document_ids: Sequence[int]) -> Merged:
    """The lines move to a new document, taxed anew; the old ones say where they went. `undo_merge` takes it back.

    Where one of the proformas was to be charged to a saved method, the new one is.

    Raises InvalidInput (less than two), NotFound, or Conflict: final, being paid, or of another customer, kind,
    currency or way to state prices.
    """
    ids = sorted(set(document_ids))
    if len(ids) < 2:
        raise InvalidInput("documents", "choose at least two to merge")
    found = [changeable(tx, document_id) for document_id in ids]
    _refuse_unlike(found)
    if any(is_change(tx, one.id) for one in found):
        raise Conflict("the proforma of a change of plan is paid by itself: its amount is that of the change")
    dues = [one.due_on for one in found if one.due_on is not None]
    grace = [one.finalise_on for one in found if one.finalise_on is not None]
    why = next((one.held_because for one in found if one.held_because not in ("", "grace")), found[0].held_because)
    new = another_like(tx, found[0], why, max(grace) if len(grace) == len(found) else None, min(dues) if dues else None)
    charged = to_be_charged(tx, found)
    for one in found:
        move_lines(tx, lines_of(tx, one.id), new)
        moved(one, Event.MERGE, ProformaEvent.MERGE)
        one.merged_into_id = new.id
    name_subscription(tx, new)
    recompute(tx, new)
    charge_then(tx, [new], charged)
    note(tx, f"document:{new.id}", **{"from": ids})
    return Merged(new.id)


def _refuse_unlike(documents: Sequence[Document]) -> None:
    for name in ("customer_id", "seller_id", "kind", "currency", "tax_inclusive"):
        if len({getattr(one, name) for one in documents}) > 1:
            what = {"tax_inclusive": "way to state prices", "customer_id": "customer", "seller_id": "seller"}
            raise Conflict(f"only documents of one {what.get(name, name)} can be merged")
