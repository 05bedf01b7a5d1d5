"""Proformas that are put together or taken apart are charged as those were to be that they come from."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from billhead.actions.payments._attempts import last_charge
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState
from billhead.models.documents import Document
from billhead.models.operations import Job

__all__ = ["charge_then", "to_be_charged"]


def to_be_charged(tx: Tx, documents: Sequence[Document]) -> datetime | None:
    """When the first of them is to be charged to a saved method; None: none is."""
    keys = []
    for one in documents:
        last = last_charge(tx, one.id)
        keys += [f"collect:{one.id}", f"collect:{one.id}:{last}", f"collect:{one.id}:settled:{last}"]
    queued = select(func.min(Job.due_at)).where(Job.key.in_(keys), Job.state == "queued")
    return tx.session.scalar(queued)


def charge_then(tx: Tx, documents: Sequence[Document], due_at: datetime | None) -> None:
    """The open proformas among them."""
    for one in documents:
        if due_at is None or one.kind != Kind.PROFORMA or one.state != ProformaState.OPEN or not one.total_minor:
            continue
        if to_be_charged(tx, [one]) is None:
            last = last_charge(tx, one.id)
            key = f"collect:{one.id}:{last}" if last else f"collect:{one.id}"
            enqueue(tx, "payments.collect", {"document_id": one.id, "after": last}, key=key, due_at=due_at)
