"""Call an adoption off. What it has adopted by then stays adopted."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.adoptions import Adoption

__all__ = ["AdoptionCanceled", "cancel_adoption"]


@dataclass(frozen=True, slots=True)
class AdoptionCanceled:
    adoption_id: int


@verb("panels.adopt_cancel", permission="panels.write")
def cancel_adoption(tx: Tx, adoption_id: int) -> AdoptionCanceled:
    """Its job looks before each batch and stops. Raises NotFound, or Conflict for one that has ended."""
    row = tx.session.get(Adoption, adoption_id, with_for_update=True)
    if row is None:
        raise NotFound("adoption", adoption_id)
    if row.state not in ("queued", "running"):
        raise Conflict(f"adoption {adoption_id} is {row.state}")
    row.state, row.finished_at = "canceled", clock.now()
    return AdoptionCanceled(adoption_id)
