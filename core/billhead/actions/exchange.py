"""Intend, call, record: the only way to the outside world.

`intend` commits what is about to happen (with its idempotency key) and returns what the call needs, or None when there
is nothing to do; `call` runs with no session open; `record` writes down the answer. If the process dies in between, the
intent stands and is resolved by looking, never by repeating blindly.
"""

from collections.abc import Callable
from typing import TypeVar

from billhead.crash import crash_point
from billhead.db import Tx, in_session, writing
from billhead.domain.context import Context

__all__ = ["exchange"]

I = TypeVar("I")  # noqa: E741 intent
A = TypeVar("A")
R = TypeVar("R")


def exchange(
    ctx: Context,
    *,
    intend: Callable[[Tx], I | None],
    call: Callable[[I], A],
    record: Callable[[Tx, I, A], R],
) -> R | None:
    """Run the three steps. `call` turns every expected error of the far side into a value that `record` understands;
    an exception that escapes it leaves the intent as it is, to be resolved later."""
    if in_session():
        raise RuntimeError("an exchange was begun inside a session: network calls never happen inside a transaction")
    with writing(ctx) as tx:
        intent = intend(tx)
    if intent is None:
        return None
    crash_point("exchange.intended")
    answer = call(intent)
    crash_point("exchange.called")
    with writing(ctx) as tx:
        result = record(tx, intent, answer)
    crash_point("exchange.recorded")
    return result
