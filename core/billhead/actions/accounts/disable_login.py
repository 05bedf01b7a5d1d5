"""A customer's or reseller's login opens nothing any more, as when somebody else has it; the person is told why."""

from billhead.actions.accounts._customers_login import customers_login
from billhead.actions.accounts._ways_in import end_ways_in
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput

__all__ = ["disable_login"]

_LONGEST = 500


@verb("accounts.disable_login", permission="customers.write")
def disable_login(tx: Tx, user_id: int) -> int:
    """Sessions and mailed links end at once; how many sessions there were. The reason is told to who signs in with the
    right password. Raises NotFound, InvalidInput (`reason`: none) or Conflict (it is disabled)."""
    reason = tx.ctx.reason.strip()
    if not reason:
        raise InvalidInput("reason", "say why: who signs in reads it")
    user = customers_login(tx, user_id)
    if user.disabled:
        raise Conflict(f"{user.email} is disabled already")
    user.disabled, user.disabled_because = True, reason[:_LONGEST]
    ended = end_ways_in(tx, user)
    note(tx, f"user:{user.id}", email=user.email, sessions=ended)
    return ended
