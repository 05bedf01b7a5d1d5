"""Who was locked out by too many tries may try again at once."""

from billhead.actions import tries
from billhead.actions.accounts._customers_login import customers_login, lock_keys
from billhead.actions.verb import note, verb
from billhead.db import Tx

__all__ = ["unlock_login"]


@verb("accounts.unlock_login", permission="customers.write")
def unlock_login(tx: Tx, user_id: int) -> None:
    """The address that the tries came from stays counted. Raises NotFound."""
    user = customers_login(tx, user_id)
    for key in lock_keys(tx.session, user):
        tries.forget(tx, key)
    note(tx, f"user:{user.id}", email=user.email)
