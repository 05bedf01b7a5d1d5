"""Call an adoption off. What it has adopted by then stays adopted."""

from dataclasses import dataclass

from billhead.actions.long_work import call_off
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.adoptions import Adoption

__all__ = ["AdoptionCanceled", "cancel_adoption"]


@dataclass(frozen=True, slots=True)
class AdoptionCanceled:
    adoption_id: int


@verb("panels.adopt_cancel", permission="panels.write")
def cancel_adoption(tx: Tx, adoption_id: int) -> AdoptionCanceled:
    """Raises NotFound, or Conflict for one that has ended."""
    call_off(tx, Adoption, adoption_id, "adoption")
    return AdoptionCanceled(adoption_id)
