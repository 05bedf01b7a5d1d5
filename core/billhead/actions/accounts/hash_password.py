"""Turn a password into what may be stored. Takes a fifth of a second: do it before a transaction is opened."""

from billhead.actions.accounts._passwords import checked_new_password, hashed

__all__ = ["hash_password"]


def hash_password(password: str, email: str) -> str:
    """Raises InvalidInput when the password is too short, or guessed at once."""
    return hashed(checked_new_password(password, email))
