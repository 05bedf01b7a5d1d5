"""Keep a draft from becoming final by itself, until somebody has looked at it."""

from dataclasses import dataclass

from billhead.actions.documents._changeable import locked_draft
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput

__all__ = ["Held", "hold_draft"]


@dataclass(frozen=True, slots=True)
class Held:
    document_id: int


@verb("documents.hold_draft", permission="documents.write")
def hold_draft(tx: Tx, document_id: int, because: str) -> Held:
    """`because` is shown to staff beside the draft. Raises NotFound, Conflict or InvalidInput."""
    if not because.strip():
        raise InvalidInput("because", "say what it waits for")
    draft = locked_draft(tx, document_id)
    draft.finalise_on, draft.held_because = None, because.strip()[:500]
    return Held(document_id)
