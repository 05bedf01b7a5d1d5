"""Documents: invoices and credit notes share one table, proformas have their own.

A draft has no number and may change. From FINAL on nothing is edited: payments move the state, credit notes correct.
Money that comes late or goes back always finds a way through the table, also after a write-off; a void document
takes none, so what arrives for it becomes account credit.
"""

from __future__ import annotations

from enum import StrEnum

from billhead.domain.errors import InvalidInput


class Kind(StrEnum):
    PROFORMA = "proforma"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class State(StrEnum):
    DRAFT = "draft"
    FINAL = "final"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    VOID = "void"
    WRITTEN_OFF = "written_off"
    MERGED = "merged"  # its lines stand on another document


class Event(StrEnum):
    FINALISE = "finalise"
    PAY_PART = "pay_part"
    PAY_FULL = "pay_full"
    RETURN_PART = "return_part"  # refunded, charged back or allocated elsewhere; something stays paid
    RETURN_ALL = "return_all"
    VOID = "void"
    WRITE_OFF = "write_off"
    MERGE = "merge"
    PART = "part"  # the merge is undone


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.DRAFT, Event.FINALISE): State.FINAL,
    (State.DRAFT, Event.VOID): State.VOID,
    (State.DRAFT, Event.MERGE): State.MERGED,
    (State.MERGED, Event.PART): State.DRAFT,
    (State.FINAL, Event.PAY_PART): State.PARTLY_PAID,
    (State.FINAL, Event.PAY_FULL): State.PAID,
    (State.FINAL, Event.VOID): State.VOID,
    (State.FINAL, Event.WRITE_OFF): State.WRITTEN_OFF,
    (State.PARTLY_PAID, Event.PAY_PART): State.PARTLY_PAID,
    (State.PARTLY_PAID, Event.PAY_FULL): State.PAID,
    (State.PARTLY_PAID, Event.RETURN_PART): State.PARTLY_PAID,
    (State.PARTLY_PAID, Event.RETURN_ALL): State.FINAL,
    (State.PARTLY_PAID, Event.WRITE_OFF): State.WRITTEN_OFF,
    (State.PAID, Event.RETURN_PART): State.PARTLY_PAID,
    (State.PAID, Event.RETURN_ALL): State.FINAL,
    (State.WRITTEN_OFF, Event.PAY_PART): State.PARTLY_PAID,
    (State.WRITTEN_OFF, Event.PAY_FULL): State.PAID,
    (State.WRITTEN_OFF, Event.RETURN_PART): State.PARTLY_PAID,
    (State.WRITTEN_OFF, Event.RETURN_ALL): State.FINAL,
}

OWED = frozenset({State.FINAL, State.PARTLY_PAID})
"""Somebody still owes money on these: they age, are collected and dunned."""


class ProformaState(StrEnum):
    OPEN = "open"
    SETTLED = "settled"
    EXPIRED = "expired"
    VOID = "void"
    MERGED = "merged"


class ProformaEvent(StrEnum):
    SETTLE = "settle"
    EXPIRE = "expire"
    VOID = "void"
    MERGE = "merge"
    PART = "part"


PROFORMA_TRANSITIONS: dict[tuple[ProformaState, ProformaEvent], ProformaState] = {
    (ProformaState.OPEN, ProformaEvent.SETTLE): ProformaState.SETTLED,
    (ProformaState.OPEN, ProformaEvent.EXPIRE): ProformaState.EXPIRED,
    (ProformaState.OPEN, ProformaEvent.VOID): ProformaState.VOID,
    (ProformaState.OPEN, ProformaEvent.MERGE): ProformaState.MERGED,
    (ProformaState.MERGED, ProformaEvent.PART): ProformaState.OPEN,
    # Paid late is still paid.
    (ProformaState.EXPIRED, ProformaEvent.SETTLE): ProformaState.SETTLED,
    (ProformaState.EXPIRED, ProformaEvent.VOID): ProformaState.VOID,
}


def is_payable(kind: str, state: str) -> bool:
    """Money can be put on it: an open order or renewal, or an invoice that is owed. A credit note is what we owe."""
    if kind == Kind.PROFORMA:
        return state == ProformaState.OPEN
    return kind == Kind.INVOICE and state in OWED


def settled_state(total: int, settled: int) -> State:
    """The state of a final document by what is settled on it; both in minor units. A total of zero is paid at once."""
    if not 0 <= settled <= total:
        raise InvalidInput(
            "settled",
            f"must be from 0 to {total}, got {settled}",
            hint="What is paid too much is account credit.",
        )
    if settled == total:
        return State.PAID
    return State.PARTLY_PAID if settled else State.FINAL


def settlement_event(total: int, before: int, after: int) -> Event | None:
    """The event for a change of what is settled, in minor units; None where nothing changes."""
    reached = settled_state(total, after)
    if after < before:
        return Event.RETURN_PART if after else Event.RETURN_ALL
    if after == before and total:
        return None
    return Event.PAY_FULL if reached is State.PAID else Event.PAY_PART
