"""What a reseller's users read about how to reach it."""

from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput

__all__ = ["LONGEST", "set_contact"]

LONGEST = 300


@verb("resellers.set_contact")
def set_contact(tx: Tx, reseller_id: int, contact: str) -> None:
    """In its own words, "" for none. Raises NotFound, NotAllowed (suspended) or InvalidInput (too long)."""
    told = "\n".join(" ".join(line.split()) for line in contact.strip().splitlines())
    if len(told) > LONGEST:
        raise InvalidInput("contact", f"is longer than {LONGEST} letters")
    (reseller,) = lock_resellers(tx, reseller_id)
    reseller.contact = told
    note(tx, f"reseller:{reseller_id}", contact=told)
