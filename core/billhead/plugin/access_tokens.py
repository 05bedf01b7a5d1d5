"""Tokens that a provider gives for a while in exchange for a client's credentials (OAuth, client credentials).

They are kept for the life of the process, since each process asks for its own. Nothing of them is stored or logged.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from billhead import clock

__all__ = ["AccessToken", "AccessTokens"]

_MARGIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class AccessToken:
    """`seconds` is for how long it is good, from `given_at` on: the instant of the answer by our machine's clock, which
    `at` is by the steady one."""

    text: str = field(repr=False)
    seconds: int
    given_at: datetime = field(default_factory=clock.now)
    at: float = field(default_factory=lambda: monotonic())


class AccessTokens:
    """One for each set of credentials: `_tokens = AccessTokens()` in the plugin's module that asks the provider.

    `whose` is what a token was given for: the address, the client, its secret. It is kept as a digest.
    """

    def __init__(self) -> None:
        self._kept: dict[str, AccessToken] = {}

    def of(self, whose: tuple[str, ...], ask: Callable[[], AccessToken]) -> AccessToken:
        """The one that is kept, unless it ends within a minute; else what `ask` is answered. Raises what `ask` does."""
        name = _digest(whose)
        token = self._kept.get(name)
        if token is None or monotonic() >= token.at + token.seconds - _MARGIN_SECONDS:
            token = self._kept[name] = ask()
        return token

    def forget(self, whose: tuple[str, ...]) -> None:
        """It was revoked before its time, or is to be proven anew."""
        self._kept.pop(_digest(whose), None)


def _digest(whose: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(whose).encode()).hexdigest()
