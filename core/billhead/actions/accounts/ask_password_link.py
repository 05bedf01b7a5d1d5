"""Somebody says that they forgot their password. Whether there is such an account is looked up by a worker, so that the
answer takes as long for a stranger."""

from billhead.actions.accounts._tokens import hash_of
from billhead.actions.accounts._tries import count_try
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["ask_password_link"]

_PER_ADDRESS = 20


@verb("accounts.ask_password_link")
def ask_password_link(tx: Tx, seller_id: int, email: str, ip: str, kind: str = "password_link") -> None:
    """`kind` of notice: `known_address` says that somebody wanted to sign up with it.

    Raises NotAllowed (`locked_out`) after too many from one address of the network."""
    count_try(tx, f"links:{ip}", _PER_ADDRESS)
    wanted = email.strip().lower()
    key = f"password_link:{hash_of(f'{seller_id}:{wanted}')[:24]}"
    enqueue(tx, "accounts.password_link", {"seller_id": seller_id, "email": wanted, "kind": kind}, key=key)
