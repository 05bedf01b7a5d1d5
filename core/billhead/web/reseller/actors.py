"""Who moved credits, as a reseller may read it: its own people by their address, its keys by their names, others by the
name of their reseller, and no name of the operator's staff."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.models.people import Reseller, User
from billhead.models.resellers import ResellerKey
from billhead.web.speaking import say

__all__ = ["named_actors"]

_PEOPLE, _KEYS = ("reseller", "super_reseller"), ("reseller_key",)


def named_actors(session: Session, own_id: int, actors: Collection[str | None]) -> dict[str, str]:
    """Actor, as it is written down, → words for it as this reseller reads them; two queries for a page."""
    found: dict[str, str] = {}
    for roles, kind, called in ((_PEOPLE, User, User.email), (_KEYS, ResellerKey, ResellerKey.name)):
        by_id: dict[int, list[str]] = {}  # one person is several actors where their reseller's tier has changed
        for actor in {one for one in actors if one and one.partition(":")[0] in roles}:
            by_id.setdefault(_number(actor), []).append(actor)
        query = select(kind.id, called, Reseller.id, Reseller.name).join(Reseller, Reseller.id == kind.reseller_id)
        for key, name, reseller_id, theirs in session.execute(query.where(kind.id.in_(by_id))) if by_id else ():
            found |= dict.fromkeys(by_id[key], _own(kind, name) if reseller_id == own_id else theirs)
    return {actor: found.get(actor) or _others(actor) for actor in actors if actor}


def _number(actor: str) -> int:
    key = actor.partition(":")[2]
    return int(key) if key.isdigit() else 0


def _own(kind: type[User] | type[ResellerKey], name: str) -> str:
    return name if kind is User else say("API key %(name)s", name=name)


def _others(actor: str) -> str:
    role = actor.partition(":")[0]
    if role.startswith("staff"):
        return say("the operator")
    if role == "customer":
        return say("a customer")
    return say("somebody who is gone") if role in (*_PEOPLE, *_KEYS) else say("by itself")
