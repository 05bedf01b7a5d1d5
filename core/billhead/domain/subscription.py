"""Subscriptions: what do I owe. A scheduled cancellation is a date, who suspended it a reason: data, not states."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    PENDING = "pending"  # ordered, not yet paid or started
    TRIAL = "trial"
    ACTIVE = "active"
    PAST_DUE = "past_due"  # still running, owes
    SUSPENDED = "suspended"
    EXPIRED = "expired"  # the prepaid time is over; a payment brings it back
    CANCELED = "canceled"


class Event(StrEnum):
    START_TRIAL = "start_trial"
    ACTIVATE = "activate"
    FALL_DUE = "fall_due"
    CLEAR_DEBT = "clear_debt"
    SUSPEND = "suspend"
    RESUME = "resume"
    RESUME_TRIAL = "resume_trial"
    EXPIRE = "expire"
    RENEW = "renew"
    CANCEL = "cancel"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.PENDING, Event.START_TRIAL): State.TRIAL,
    (State.PENDING, Event.ACTIVATE): State.ACTIVE,
    (State.PENDING, Event.CANCEL): State.CANCELED,
    (State.TRIAL, Event.ACTIVATE): State.ACTIVE,
    (State.TRIAL, Event.FALL_DUE): State.PAST_DUE,
    (State.TRIAL, Event.SUSPEND): State.SUSPENDED,
    (State.TRIAL, Event.EXPIRE): State.EXPIRED,
    (State.TRIAL, Event.CANCEL): State.CANCELED,
    (State.ACTIVE, Event.FALL_DUE): State.PAST_DUE,
    (State.ACTIVE, Event.SUSPEND): State.SUSPENDED,
    (State.ACTIVE, Event.EXPIRE): State.EXPIRED,
    (State.ACTIVE, Event.CANCEL): State.CANCELED,
    (State.PAST_DUE, Event.CLEAR_DEBT): State.ACTIVE,
    (State.PAST_DUE, Event.SUSPEND): State.SUSPENDED,
    (State.PAST_DUE, Event.EXPIRE): State.EXPIRED,
    (State.PAST_DUE, Event.CANCEL): State.CANCELED,
    (State.SUSPENDED, Event.RESUME): State.ACTIVE,
    (State.SUSPENDED, Event.RESUME_TRIAL): State.TRIAL,
    (State.SUSPENDED, Event.EXPIRE): State.EXPIRED,
    (State.SUSPENDED, Event.CANCEL): State.CANCELED,
    (State.EXPIRED, Event.RENEW): State.ACTIVE,
    (State.EXPIRED, Event.RESUME_TRIAL): State.TRIAL,  # days were given
    (State.EXPIRED, Event.CANCEL): State.CANCELED,
}

RUNNING = frozenset({State.TRIAL, State.ACTIVE, State.PAST_DUE})
"""The customer may watch, and the billing run looks here. Suspended ones get no new invoices."""


STANDING = RUNNING | {State.SUSPENDED}
"""Not over: it runs, or comes back as it was."""


class SuspendedBy(StrEnum):
    """Why a subscription stands still. Payment lifts only what debt has caused."""

    DEBT = "debt"
    STAFF = "staff"
    CUSTOMER = "customer"
    RESELLER = "reseller"  # who looks after it has disabled it
    PAYER = "payer"  # whose credits pay for it is suspended, and its lines with it


def lifted_by_payment(reason: SuspendedBy) -> bool:
    return reason == SuspendedBy.DEBT
