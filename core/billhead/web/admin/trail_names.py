"""Who and what a line of the audit trail is about, by name and with a link. What is kept there are roles and ids:
`customer:2003` did it as the login 2003, and was done to the customer 2003."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from flask import g, url_for
from markupsafe import Markup
from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from billhead.domain.whole_number import whole_number
from billhead.models.people import Customer, Reseller, User
from billhead.web.admin.history import PAGES
from billhead.web.speaking import say_word

__all__ = ["TrailLine", "login_name", "name_all", "name_logins", "thing"]

_SIGNED_IN = ("customer", "reseller", "super_reseller")
_CALLED = {"customer": Customer.name, "reseller": Reseller.name}


class TrailLine(Protocol):
    @property
    def actor(self) -> str: ...

    @property
    def subject(self) -> str: ...


def name_all(session: Session, lines: Iterable[TrailLine]) -> None:
    """Reads the names for a page at once, in one query; without it ids are shown."""
    wanted: dict[str, set[int]] = {kind: set() for kind in ("login", *_CALLED)}
    for line in lines:
        (by, login), (of, key) = _split(line.actor), _split(line.subject)
        if by in _SIGNED_IN:
            wanted["login"].add(login)
        if of in _CALLED:
            wanted[of].add(key)
    called = {"login": User.email, **_CALLED}
    queries = [
        select(literal(kind), called[kind].class_.id, called[kind]).where(called[kind].class_.id.in_(ids))
        for kind, ids in wanted.items()
    ]
    _names().update({(kind, key): name for kind, key, name in session.execute(union_all(*queries))})


class _Deed(NamedTuple):
    actor: str
    subject: str = ""


def name_logins(session: Session, rows: Iterable[Any]) -> None:
    """As `name_all`, of rows that have an `actor`, or None, and no subject."""
    name_all(session, [_Deed(row.actor) for row in rows if row.actor])


def login_name(actor: str) -> str:
    """The address with which a customer or a reseller signs in; the actor itself where that was not read."""
    kind, key = _split(actor)
    return _names().get(("login", key), actor) if kind in _SIGNED_IN else actor


def thing(subject: str) -> Markup:
    """A customer or a reseller by name, other things by kind and number; a link where it has a page."""
    kind, key = _split(subject)
    if not key:
        return Markup("<code>{}</code>").format(subject)
    name = _names().get((kind, key)) or f"{say_word(kind.replace('_', ' '))} {key}"
    if (endpoint := PAGES.get(kind)) is None:
        return Markup("<span>{}</span>").format(name)
    return Markup('<a href="{}">{}</a>').format(url_for(f"admin.{endpoint}", key=key), name)


def _names() -> dict[tuple[str, int], str]:
    if "trail_names" not in g:
        g.trail_names = {}
    names: dict[tuple[str, int], str] = g.trail_names
    return names


def _split(text: str) -> tuple[str, int]:
    kind, _, key = text.partition(":")
    return kind, whole_number(key, 9) or 0
