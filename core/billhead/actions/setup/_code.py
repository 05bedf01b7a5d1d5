"""The code as it is printed and compared."""

import hashlib
import hmac
import secrets

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from billhead.models.people import User
from billhead.models.setup import SetupCode

__all__ = ["MOST_TRIES", "TRIED", "digest_of", "has_staff", "is_right", "new_code"]

MOST_TRIES = 10
TRIED = "setup-code:"  # and the network, under which tries are counted
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is read for another one


def new_code() -> str:
    """Twelve letters, 60 bits: KX7M-9PQR-TW2C."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


def digest_of(code: str) -> str:
    letters = "".join(code.upper().split()).replace("-", "")
    return hashlib.sha256(letters.encode()).hexdigest()


def is_right(row: SetupCode | None, typed: str) -> bool:
    return row is not None and bool(row.digest) and hmac.compare_digest(row.digest, digest_of(typed))


def has_staff(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(User.role == "staff"))))
