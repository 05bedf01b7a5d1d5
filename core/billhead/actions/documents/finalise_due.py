"""The drafts whose days of grace are over become final; one that can't is held, and says why."""

from dataclasses import dataclass

from billhead.actions.billing._finalising import finalise, rate_drafts
from billhead.actions.documents._due import due_drafts
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["FinalisedDue", "finalise_due"]


@dataclass(frozen=True, slots=True)
class FinalisedDue:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    finalised: int
    held: int
    next_after: int


@verb("documents.finalise_due", permission="documents.write")
def finalise_due(tx: Tx, after_id: int = 0, limit: int = 500) -> FinalisedDue:
    """One batch, by document id. The date is that of each seller's zone."""
    due = due_drafts(tx, after_id, limit)
    ready, refused = rate_drafts(tx.session, due) if due else ([], [])
    because = dict(refused)
    for document in due:
        if document.id in because:
            document.finalise_on, document.held_because = None, str(because[document.id])
    if ready:
        tx.session.flush()
        finalise(tx, ready)
    return FinalisedDue(len(ready), len(refused), next_after=due[-1].id if len(due) == limit else 0)
