"""What every action shares: a permission, an audit row, and one result per idempotency key.

    @verb("subscriptions.start", permission="subscriptions.write")
    def start_subscription(tx: Tx, order: Order) -> Started: ...

The decorated function checks the permission, answers a repeated idempotency key with the first result (the same key
with other arguments is a Conflict), runs, and writes the audit row, all in the caller's transaction. An action without
`permission` may be called by anybody whose scope admits it and must check that scope itself.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, get_type_hints

from sqlalchemy import Table, insert, select

from billhead import clock
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotAllowed
from billhead.models.operations import AuditEntry, IdempotencyRecord

__all__ = ["audit", "note", "verb"]

_NOTED = "billhead_noted"
_CURSORS = ("after_id", "last_id")
"""How far a sweep has come: no things that something was done to."""

P = ParamSpec("P")
R = TypeVar("R")

_AUDIT = insert(cast(Table, AuditEntry.__table__))  # built once


def verb(
    name: str, *, permission: str = ""
) -> Callable[[Callable[Concatenate[Tx, P], R]], Callable[Concatenate[Tx, P], R]]:
    """Make a function an action. Its result must be a flat dataclass, a mapping of plain values, an id, or None."""

    def decorate(function: Callable[Concatenate[Tx, P], R]) -> Callable[Concatenate[Tx, P], R]:
        @wraps(function)
        def act(tx: Tx, *args: P.args, **kwargs: P.kwargs) -> R:
            if permission and not tx.ctx.may(permission):
                raise NotAllowed(f"{tx.ctx.actor} may not {name.replace('.', ': ')}: it needs {permission}")
            key = tx.ctx.idempotency_key
            digest = _digest(args, kwargs) if key else ""
            if key:
                found = _first_result(tx, name, key, digest)
                if found is not None:
                    return _restored(function, found.result)
            outer = tx.session.info.pop(_NOTED, None)
            result = function(tx, *args, **kwargs)
            subject, details = tx.session.info.pop(_NOTED, ("", {}))
            if outer is not None:
                tx.session.info[_NOTED] = outer
            if key:
                tx.session.add(
                    IdempotencyRecord(
                        actor=tx.ctx.actor,
                        action=name,
                        key=key,
                        arguments_digest=digest,
                        result=_plain(result),
                        at=clock.now(),
                    )
                )
            audit(tx, name, subject or _subject(result) or _named_in(taken, args, kwargs), details)
            return result

        taken = list(signature(function).parameters)[1:]

        act.billhead_verb = name  # type: ignore[attr-defined]
        act.billhead_permission = permission  # type: ignore[attr-defined]
        return cast(Callable[Concatenate[Tx, P], R], act)

    return decorate


def note(tx: Tx, subject: str, **details: Any) -> None:
    """Within a verb: what its row in the audit trail is about, and old and new values; never secrets."""
    tx.session.info[_NOTED] = (subject, details)


def audit(tx: Tx, action: str, subject: str, details: dict[str, Any]) -> None:
    """Add one row to the audit trail. Details hold ids and old and new values, never secrets."""
    ctx = tx.ctx
    row = {
        "at": clock.now(),
        "actor": ctx.actor,
        "role": ctx.role.value,
        "action": action,
        "subject": subject,
        "reason": ctx.reason,
        "request_id": ctx.request_id,
        "details": details,
    }
    tx.session.execute(_AUDIT, row)


def _first_result(tx: Tx, name: str, key: str, digest: str) -> IdempotencyRecord | None:
    found = tx.session.scalar(
        select(IdempotencyRecord).where(
            IdempotencyRecord.actor == tx.ctx.actor, IdempotencyRecord.action == name, IdempotencyRecord.key == key
        )
    )
    if found is not None and found.arguments_digest != digest:
        raise Conflict(
            f"the idempotency key {key!r} was used for another {name} before", hint="send a new key for a new request"
        )
    return found


def _digest(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    text = json.dumps([_plain(args), _plain(kwargs)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


def _restored(function: Callable[..., R], stored: Any) -> R:
    kind: Any = get_type_hints(function).get("return")
    made: Any = kind(**stored) if isinstance(kind, type) and is_dataclass(kind) and isinstance(stored, dict) else stored
    return cast(R, made)


def _named_in(taken: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """`remove(tx, user_id=7)` → "user:7": where the result names nothing, the first id that was given does."""
    given = {**dict(zip(taken, args, strict=False)), **kwargs}
    named = (name for name in taken if name.endswith("_id") and name not in _CURSORS and given.get(name) is not None)
    return next((f"{name.removesuffix('_id')}:{given[name]}" for name in named), "")


def _subject(result: object) -> str:
    """`Started(subscription_id=7, …)` → "subscription:7": the first id of a result is what was acted on, if it names a
    thing."""
    if is_dataclass(result) and not isinstance(result, type):
        for field, value in asdict(result).items():
            if field.endswith("_id") and field not in _CURSORS and value is not None:
                return f"{field.removesuffix('_id')}:{value}"
    return ""
