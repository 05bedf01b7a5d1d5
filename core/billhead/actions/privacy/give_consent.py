"""A customer agrees to something: kept with its version, the moment and the address of the network."""

from billhead.actions.privacy._consents import keep_consent
from billhead.actions.privacy._own import check_own
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.consent import Agreed

__all__ = ["give_consent"]


@verb("privacy.give_consent")
def give_consent(tx: Tx, customer_id: int, what: str, version: str = "", address: str = "") -> None:
    """Customers for themselves; staff, who were told on the phone, need customers.write. Twice is as once."""
    check_own(tx, customer_id)
    keep_consent(tx, customer_id, Agreed(what), version, address)
    note(tx, f"customer:{customer_id}", what=what, version=version)
