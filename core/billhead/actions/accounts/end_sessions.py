"""Somebody who is no staff is signed out everywhere."""

from billhead.actions.accounts._customers_login import customers_login
from billhead.actions.accounts._ways_in import end_ways_in
from billhead.actions.verb import note, verb
from billhead.db import Tx

__all__ = ["end_sessions"]


@verb("accounts.end_sessions", permission="customers.write")
def end_sessions(tx: Tx, user_id: int) -> int:
    """How many sessions ended; mailed links end with them. Raises NotFound."""
    user = customers_login(tx, user_id)
    ended = end_ways_in(tx, user)
    note(tx, f"user:{user.id}", email=user.email, sessions=ended)
    return ended
