"""Parties: name, address and tax ids as a document freezes them, kept once for all documents with the same data."""

import json
from collections.abc import Collection
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billhead.actions.billing._rated import PartyFacts
from billhead.bulk import among
from billhead.models.documents import Party

__all__ = ["party_digest", "party_ids"]


def party_ids(session: Session, wanted: Collection[PartyFacts]) -> dict[PartyFacts, int]:
    """The row of each party; what is new is written in this transaction."""
    digests = {facts: party_digest(facts) for facts in set(wanted)}
    known = _find(session, digests.values())
    new = {digest: facts for facts, digest in digests.items() if digest not in known}
    if new:
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        rows = [{"digest": digest, "data": _data(facts)} for digest, facts in sorted(new.items())]
        session.execute(insert(Party).on_conflict_do_nothing(), rows)
        known |= _find(session, new)
    return {facts: known[digest] for facts, digest in digests.items()}


def _find(session: Session, digests: Collection[str]) -> dict[str, int]:
    query = select(Party.digest, Party.id).where(among(Party.digest, digests, session))
    return dict(session.connection().execute(query).all())


def party_digest(facts: PartyFacts) -> str:
    """What equal data have in common."""
    return sha256("\x1f".join(facts).encode()).hexdigest()


def _data(facts: PartyFacts) -> dict[str, object]:
    data: dict[str, object] = facts._asdict()
    data["address"] = json.loads(facts.address or "{}")
    data["invoicing"] = json.loads(facts.invoicing or "{}")
    return {name: value for name, value in data.items() if value}
