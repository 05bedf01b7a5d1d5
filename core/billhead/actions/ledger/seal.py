"""Seal the ledger: committed entries go into chained Merkle blocks whose roots are signed with the installation's key.

Sealing runs beside the writers and never blocks one: it only reads entries, and writes to tables of its own. After it,
who changes an entry must also forge every later block, without the key.
"""

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.ledger._seal_key import seal_keys
from billhead.bulk import Bulk
from billhead.db import reading, reserve_ids, writing
from billhead.domain.context import Context
from billhead.domain.ledger import GENESIS, merkle_root, seal_root, sign
from billhead.models.ledger import LedgerEntry, LedgerSeal, LedgerSealed

__all__ = ["BLOCK", "seal"]

BLOCK = 10_000
"""The most entries of one block."""

# A transaction takes its entry ids when it writes, and none is open for so long that others take this many meanwhile.
_LATE = 500_000
_LOCK = 7_263_548_109  # any number, the same for everybody who seals


def seal(ctx: Context, *, block: int = BLOCK, everything: bool = False) -> int:
    """Seal what is committed and not sealed yet, in blocks; returns how many entries were sealed.

    Looks back over the latest ids only, and with `everything` over the whole ledger.
    """
    key = seal_keys()[0]
    sealed = 0
    while True:
        with reading() as session:
            if not _unsealed(session, 1, everything):
                return sealed
        with writing(ctx) as tx:
            sealed += _seal_block(tx.session, key, block, everything)


def _seal_block(session: Session, key: bytes, block: int, everything: bool) -> int:
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    found = _unsealed(session, block, everything)
    if not found:
        return 0
    previous = session.scalar(select(LedgerSeal.root).order_by(LedgerSeal.id.desc()).limit(1)) or GENESIS
    root = seal_root(previous, merkle_root([digest for _, digest in found]), len(found))
    (seal_id,) = reserve_ids(session, "ledger_seal", 1)
    session.execute(
        insert(LedgerSeal).values(
            id=seal_id,
            previous=previous,
            root=root,
            signature=sign(root, key),
            count=len(found),
            sealed_at=clock.now(),
        )
    )
    rows = [(entry_id, seal_id, position) for position, (entry_id, _) in enumerate(found)]
    Bulk(session).insert("ledger_sealed", ("entry_id", "seal_id", "position"), rows)
    return len(found)


def _unsealed(session: Session, limit: int, everything: bool) -> list[tuple[int, bytes]]:
    newest = 0 if everything else session.scalar(select(func.max(LedgerSealed.entry_id))) or 0
    query = (
        select(LedgerEntry.id, LedgerEntry.digest)
        .outerjoin(LedgerSealed, LedgerSealed.entry_id == LedgerEntry.id)
        .where(LedgerEntry.id > newest - _LATE, LedgerSealed.entry_id.is_(None))
        .order_by(LedgerEntry.id)
        .limit(limit)
    )
    return [(entry_id, digest) for entry_id, digest in session.execute(query)]
