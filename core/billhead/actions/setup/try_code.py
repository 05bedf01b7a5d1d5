"""Count a code before it is looked at: ten wrong ones are enough for a network, and the code stays good for others."""

from dataclasses import dataclass
from datetime import timedelta

from billhead.actions import tries
from billhead.actions.setup._code import MOST_TRIES, TRIED, is_right
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.address import network_of
from billhead.models.setup import SetupCode

__all__ = ["CodeTried", "try_code"]

_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class CodeTried:
    """`refusal` and `hint`: why it isn't right, and what to do about it."""

    refusal: str = ""
    hint: str = ""


@verb("setup.try_code", permission="sellers.write")
def try_code(tx: Tx, typed: str, *, ip: str) -> CodeTried:
    """In a transaction of its own, so that a wrong one is counted whatever follows."""
    row = tx.session.get(SetupCode, 1)
    if row is None or not row.digest:
        return CodeTried("no code is good now", "print a new one: billhead setup --browser")
    key = f"{TRIED}{network_of(ip) or ip}"
    if tries.count(tx, key, MOST_TRIES, _WINDOW) is None:
        again = "wait a quarter of an hour, or print a new one: billhead setup --browser"
        return CodeTried("too many wrong codes came from your network", again)
    if is_right(row, typed):
        tries.forget(tx, key)
        return CodeTried()
    return CodeTried("this is not the code that was printed last", "billhead setup --browser prints a new one")
