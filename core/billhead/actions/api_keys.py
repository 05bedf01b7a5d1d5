"""Keys with which programs ask the APIs, of resellers and of staff alike: shown once, kept as their hash."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.accounts._tokens import hash_of
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.models.resellers import ResellerKey
from billhead.models.sign_in import StaffKey

__all__ = ["ApiKey", "KeyCreated", "check_room", "key_name", "made_key", "note_use", "unknown_key"]

ApiKey = ResellerKey | StaffKey

_MOST = 20
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeyCreated:
    """`key` is not stored anywhere: whoever asked writes it down now."""

    key_id: int
    hint: str
    key: str = field(repr=False)


def key_name(typed: str) -> str:
    """Raises InvalidInput (`name`)."""
    name = " ".join(typed.split())
    if not 1 <= len(name) <= 60:
        raise InvalidInput("name", "say what it is for, in up to 60 letters")
    return name


def check_room(session: Session, kind: type[ApiKey], *whose: ColumnElement[bool]) -> None:
    """Raises Conflict where somebody has as many keys in use as there may be."""
    live = select(func.count()).where(kind.revoked_at.is_(None), *whose)
    if int(session.scalar(live) or 0) >= _MOST:
        raise Conflict(f"there are {_MOST} keys already", hint="revoke one that is not used any more")


def made_key(session: Session, row: ApiKey, prefix: str) -> KeyCreated:
    """Writes the row with a new key. Its hint is how the key begins."""
    key = f"{prefix}_{secrets.token_urlsafe(32)}"
    row.hint, row.key_hash, row.created_at = key[:9], hash_of(key), clock.now()
    session.add(row)
    session.flush()
    return KeyCreated(row.id, row.hint, key)


def note_use(row: ApiKey) -> None:
    """When it was used last, to the minute."""
    now = clock.now()
    if row.last_used_at is None or now - row.last_used_at >= _NOTED_EVERY:
        row.last_used_at = now


def unknown_key() -> NotAllowed:
    """For one that is not, or not any more."""
    return NotAllowed("this key is not known", code="unknown_key")
