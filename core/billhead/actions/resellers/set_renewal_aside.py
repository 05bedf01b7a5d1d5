"""A renewal that broke is set aside for a while: it keeps no credits from others, and is tried again later."""

from datetime import timedelta

from billhead import clock
from billhead.actions.resellers._renewing_alone import BROKEN
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.resellers import CreditRenewal

__all__ = ["set_renewal_aside"]

_FIRST, _LONGEST = timedelta(hours=1), timedelta(hours=12)


@verb("resellers.set_renewal_aside", permission="resellers.write")
def set_renewal_aside(tx: Tx, subscription_id: int) -> None:
    """In a transaction of its own, after that of the renewal was undone. 1 h, 2 h, 4 h … up to 12 h."""
    row = tx.session.get(CreditRenewal, subscription_id, with_for_update=True)
    if row is None:
        return  # turned off meanwhile
    row.failures += 1
    row.why = BROKEN
    row.retry_at = clock.business_now() + min(_FIRST * 2 ** min(row.failures - 1, 10), _LONGEST)
