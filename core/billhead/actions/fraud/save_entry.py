"""Trust or refuse somebody from now on: by mailbox, domain, network, card or box, for a while or for good."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from billhead import clock
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.fraud import entry_value
from billhead.models.fraud import FraudEntry
from billhead.models.sellers import Seller

__all__ = ["EntrySaved", "ListEntry", "save_entry"]


@dataclass(frozen=True, slots=True)
class ListEntry:
    """`value` in any spelling; `ends_at` None: for good."""

    kind: str
    value: str
    allows: bool
    reason: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntrySaved:
    fraud_entry_id: int
    value: str


@verb("fraud.save_entry", permission="fraud.review")
def save_entry(tx: Tx, seller_id: int, entry: ListEntry) -> EntrySaved:
    """One that stands for the same already is replaced. It holds from the next order. Raises InvalidInput, NotFound."""
    if tx.session.get(Seller, seller_id, with_for_update=True) is None:
        raise NotFound("seller", seller_id)
    value = entry_value(entry.kind, entry.value)
    if entry.ends_at is not None and entry.ends_at <= clock.business_now():
        raise InvalidInput("ends", "is over already")
    same = FraudEntry.seller_id == seller_id, FraudEntry.kind == entry.kind, FraudEntry.value == value
    row = tx.session.scalar(select(FraudEntry).where(*same))
    if row is None:
        row = FraudEntry(seller_id=seller_id, kind=entry.kind, value=value, allows=entry.allows)
        tx.session.add(row)
    row.allows, row.reason, row.ends_at = entry.allows, entry.reason.strip()[:500], entry.ends_at
    row.created_at, row.created_by = clock.now(), tx.ctx.actor
    tx.session.flush()
    details = {"kind": entry.kind, "value": value, "allows": entry.allows}
    note(tx, f"fraud_entry:{row.id}", **details)
    return EntrySaved(row.id, value)
