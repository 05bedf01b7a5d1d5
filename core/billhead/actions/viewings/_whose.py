"""Whose a session is that a panel tells: by our reference, by its login, or by the panel's number of the line."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.viewings._numbers import lines_by_number
from billhead.bulk import among
from billhead.models.subscriptions import Service

__all__ = ["lines_of"]


class _Told(Protocol):
    @property
    def ref(self) -> str: ...
    @property
    def login(self) -> str: ...
    @property
    def remote_id(self) -> str: ...


def lines_of(session: Session, panel_id: int, told: Sequence[_Told]) -> list[int]:
    """A service for each, 0 where it is nobody's that we know. A fixed number of queries."""
    known = _known_lines(session, panel_id, {one.ref for one in told}, {one.login for one in told})
    found = [known.get(("ref", one.ref)) or known.get(("login", one.login)) or 0 for one in told]
    rest = {one.remote_id for one, line in zip(told, found, strict=True) if not line}
    by_number = lines_by_number(session, panel_id, rest)
    return [line or by_number.get(one.remote_id, 0) for one, line in zip(told, found, strict=True)]


def _known_lines(
    session: Session, panel_id: int, refs: Iterable[str], logins: Iterable[str]
) -> dict[tuple[str, str], int]:
    """("ref" or "login", name) → service: the one in use, where others of the login are gone."""
    found: dict[tuple[str, str], int] = {}
    for kind, column, names in (("ref", Service.handle, set(refs)), ("login", Service.login, set(logins))):
        names.discard("")
        if not names:
            continue
        rows = session.execute(
            select(column, Service.id)
            .where(Service.panel_id == panel_id, among(column, sorted(names), session))
            .order_by((Service.lifecycle == "gone").desc(), Service.id)
        )
        found.update({(kind, name): service_id for name, service_id in rows})
    return found
