"""Passwords: argon2 with a bound on how many are hashed at a time, since each takes 64 MiB and a fifth of a second."""

import threading
from functools import lru_cache

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.plugin_host.current import config

__all__ = ["check_password", "checked_email", "checked_new_password", "hashed"]

SHORTEST = 10
LONGEST = 200
_at_a_time = threading.BoundedSemaphore(2)


@lru_cache(maxsize=2)
def _hasher(cheap: bool) -> PasswordHasher:
    return PasswordHasher.from_parameters(profiles.CHEAPEST if cheap else profiles.RFC_9106_LOW_MEMORY)


@lru_cache(maxsize=2)
def _nobodys(cheap: bool) -> str:
    """Checked when there is no such account, so that the answer takes as long."""
    return _hasher(cheap).hash("nobody has this password")


def hashed(password: str) -> str:
    with _at_a_time:
        return _hasher(config().testing).hash(password)


def check_password(stored: str, given: str) -> None:
    """Raises NotAllowed unless `given` is the password; takes as long when `stored` is empty."""
    cheap = config().testing
    try:
        with _at_a_time:
            _hasher(cheap).verify(stored or _nobodys(cheap), given[:LONGEST])
    except (VerificationError, InvalidHashError):
        stored = ""
    if not stored:
        raise NotAllowed("The e-mail address or the password is wrong.", code="wrong_credentials")


def checked_new_password(password: str, email: str) -> str:
    """Raises InvalidInput unless it is long enough and not the e-mail address."""
    if len(password) < SHORTEST:
        raise InvalidInput("password", f"use at least {SHORTEST} characters; a short sentence is fine")
    if len(password) > LONGEST:
        raise InvalidInput("password", f"use at most {LONGEST} characters")
    if password.strip().lower() == email.strip().lower() or len(set(password)) < 4:
        raise InvalidInput("password", "this one is guessed at once; choose another")
    return password


def checked_email(text: str) -> str:
    """Lower case and without blanks. Raises InvalidInput unless it looks like an address."""
    email = text.strip().lower()
    name, at, domain = email.rpartition("@")
    if not (name and at and "." in domain.strip(".")) or len(email) > 254 or any(c.isspace() for c in email):
        raise InvalidInput("email", f"{text.strip()!r} is not an e-mail address", hint="write it like name@example.com")
    return email
