"""Do something in a transaction that is always rolled back: what a screen shows before somebody says yes.

What is shown is what will happen, to the cent, because it is the same code that does it.
"""

from collections.abc import Callable
from typing import TypeVar

from billhead.db import Tx, writing
from billhead.domain.context import Context

__all__ = ["rehearse"]

R = TypeVar("R")


class _Enough(Exception):
    pass


def rehearse(ctx: Context, act: Callable[[Tx], R]) -> R:
    """What `act` would return. Whatever it raises is raised; nothing of it is kept. It must not call out."""
    results: list[R] = []
    try:
        with writing(ctx) as tx:
            results.append(act(tx))
            tx.session.flush()
            raise _Enough
    except _Enough:
        return results[0]
