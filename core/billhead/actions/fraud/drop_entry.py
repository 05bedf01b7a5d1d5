"""Take an entry off the lists: nobody is trusted or refused for it from now on."""

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.fraud import FraudEntry

__all__ = ["drop_entry"]


@verb("fraud.drop_entry", permission="fraud.review")
def drop_entry(tx: Tx, entry_id: int) -> None:
    row = tx.session.get(FraudEntry, entry_id, with_for_update=True)
    if row is None:
        raise NotFound("entry", entry_id)
    tx.session.delete(row)
    note(tx, f"fraud_entry:{entry_id}", kind=row.kind, value=row.value, allows=row.allows)
