"""A customer takes back what they agreed to."""

from billhead.actions.privacy._consents import end_consent
from billhead.actions.privacy._own import check_own
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.consent import Agreed
from billhead.domain.errors import InvalidInput

__all__ = ["withdraw_consent"]


@verb("privacy.withdraw_consent")
def withdraw_consent(tx: Tx, customer_id: int, what: str) -> None:
    """Twice is as once. Raises InvalidInput for what can't be taken back while there is an account."""
    check_own(tx, customer_id)
    if not Agreed(what).withdrawable:
        raise InvalidInput("what", "holds as long as there is an account", hint="ask for erasure of your data")
    end_consent(tx, customer_id, Agreed(what))
    note(tx, f"customer:{customer_id}", what=what)
