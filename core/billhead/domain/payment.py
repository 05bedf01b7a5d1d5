"""Payments: one row per attempt, one per money in, one per money out, each with its table.

UNKNOWN is a state, not an error: the call may have worked, so a second one is refused until a look-up tells. An
attempt moves only forward, and money that does arrive is never refused, not even after "failed" or "expired".
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class AttemptState(StrEnum):
    """How far one try to be paid has come."""

    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


class AttemptEvent(StrEnum):
    REQUIRE_ACTION = "require_action"
    PROCESS = "process"
    LOSE_TRACK = "lose_track"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"
    EXPIRE = "expire"


ATTEMPT_TRANSITIONS: dict[tuple[AttemptState, AttemptEvent], AttemptState] = {
    (AttemptState.CREATED, AttemptEvent.REQUIRE_ACTION): AttemptState.REQUIRES_ACTION,
    (AttemptState.CREATED, AttemptEvent.PROCESS): AttemptState.PROCESSING,
    (AttemptState.CREATED, AttemptEvent.LOSE_TRACK): AttemptState.UNKNOWN,
    (AttemptState.CREATED, AttemptEvent.SUCCEED): AttemptState.SUCCEEDED,
    (AttemptState.CREATED, AttemptEvent.FAIL): AttemptState.FAILED,
    (AttemptState.CREATED, AttemptEvent.CANCEL): AttemptState.CANCELED,
    (AttemptState.CREATED, AttemptEvent.EXPIRE): AttemptState.EXPIRED,
    (AttemptState.REQUIRES_ACTION, AttemptEvent.PROCESS): AttemptState.PROCESSING,
    (AttemptState.REQUIRES_ACTION, AttemptEvent.LOSE_TRACK): AttemptState.UNKNOWN,
    (AttemptState.REQUIRES_ACTION, AttemptEvent.SUCCEED): AttemptState.SUCCEEDED,
    (AttemptState.REQUIRES_ACTION, AttemptEvent.FAIL): AttemptState.FAILED,
    (AttemptState.REQUIRES_ACTION, AttemptEvent.CANCEL): AttemptState.CANCELED,
    (AttemptState.REQUIRES_ACTION, AttemptEvent.EXPIRE): AttemptState.EXPIRED,
    (AttemptState.PROCESSING, AttemptEvent.LOSE_TRACK): AttemptState.UNKNOWN,
    (AttemptState.PROCESSING, AttemptEvent.SUCCEED): AttemptState.SUCCEEDED,
    (AttemptState.PROCESSING, AttemptEvent.FAIL): AttemptState.FAILED,
    (AttemptState.PROCESSING, AttemptEvent.CANCEL): AttemptState.CANCELED,
    (AttemptState.PROCESSING, AttemptEvent.EXPIRE): AttemptState.EXPIRED,
    (AttemptState.UNKNOWN, AttemptEvent.REQUIRE_ACTION): AttemptState.REQUIRES_ACTION,
    (AttemptState.UNKNOWN, AttemptEvent.PROCESS): AttemptState.PROCESSING,
    (AttemptState.UNKNOWN, AttemptEvent.SUCCEED): AttemptState.SUCCEEDED,
    (AttemptState.UNKNOWN, AttemptEvent.FAIL): AttemptState.FAILED,
    (AttemptState.UNKNOWN, AttemptEvent.CANCEL): AttemptState.CANCELED,
    (AttemptState.UNKNOWN, AttemptEvent.EXPIRE): AttemptState.EXPIRED,
    (AttemptState.FAILED, AttemptEvent.SUCCEED): AttemptState.SUCCEEDED,
    (AttemptState.CANCELED, AttemptEvent.SUCCEED): AttemptState.SUCCEEDED,
    (AttemptState.EXPIRED, AttemptEvent.SUCCEED): AttemptState.SUCCEEDED,
}

UNRESOLVED = frozenset(
    {AttemptState.CREATED, AttemptState.REQUIRES_ACTION, AttemptState.PROCESSING, AttemptState.UNKNOWN}
)
"""Money may still come from these."""

BLOCKS_ANOTHER = frozenset({AttemptState.CREATED, AttemptState.PROCESSING, AttemptState.UNKNOWN})
"""While one of these is open for a document nobody may be charged for it again. A checkout page that waits for its
payer is not among them: the payer may begin anew, and what comes in twice becomes account credit."""

_EVENT_FOR = {
    AttemptState.REQUIRES_ACTION: AttemptEvent.REQUIRE_ACTION,
    AttemptState.PROCESSING: AttemptEvent.PROCESS,
    AttemptState.UNKNOWN: AttemptEvent.LOSE_TRACK,
    AttemptState.SUCCEEDED: AttemptEvent.SUCCEED,
    AttemptState.FAILED: AttemptEvent.FAIL,
    AttemptState.CANCELED: AttemptEvent.CANCEL,
    AttemptState.EXPIRED: AttemptEvent.EXPIRE,
}


def forward(state: AttemptState, outcome: AttemptState) -> AttemptState:
    """The attempt's state after a gateway reported this outcome.

    Reports come twice, late and out of order: what would lead backwards, or nowhere, leaves the state as it is.
    """
    event = _EVENT_FOR.get(outcome)
    return state if event is None else ATTEMPT_TRANSITIONS.get((state, event), state)


class PaymentState(StrEnum):
    """Money in. What was refunded is an amount, not a state; a chargeback is a refund that we did not choose."""

    RECEIVED = "received"
    CHARGED_BACK = "charged_back"


class PaymentEvent(StrEnum):
    CHARGE_BACK = "charge_back"
    WIN_BACK = "win_back"  # the dispute was decided for us


PAYMENT_TRANSITIONS: dict[tuple[PaymentState, PaymentEvent], PaymentState] = {
    (PaymentState.RECEIVED, PaymentEvent.CHARGE_BACK): PaymentState.CHARGED_BACK,
    (PaymentState.CHARGED_BACK, PaymentEvent.WIN_BACK): PaymentState.RECEIVED,
}


class RefundState(StrEnum):
    """Money out."""

    CREATED = "created"
    PROCESSING = "processing"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"  # it left, and came back


class RefundEvent(StrEnum):
    PROCESS = "process"
    LOSE_TRACK = "lose_track"
    SUCCEED = "succeed"
    FAIL = "fail"
    REVERSE = "reverse"


REFUND_TRANSITIONS: dict[tuple[RefundState, RefundEvent], RefundState] = {
    (RefundState.CREATED, RefundEvent.PROCESS): RefundState.PROCESSING,
    (RefundState.CREATED, RefundEvent.LOSE_TRACK): RefundState.UNKNOWN,
    (RefundState.CREATED, RefundEvent.SUCCEED): RefundState.SUCCEEDED,
    (RefundState.CREATED, RefundEvent.FAIL): RefundState.FAILED,
    (RefundState.PROCESSING, RefundEvent.LOSE_TRACK): RefundState.UNKNOWN,
    (RefundState.PROCESSING, RefundEvent.SUCCEED): RefundState.SUCCEEDED,
    (RefundState.PROCESSING, RefundEvent.FAIL): RefundState.FAILED,
    (RefundState.UNKNOWN, RefundEvent.PROCESS): RefundState.PROCESSING,
    (RefundState.UNKNOWN, RefundEvent.SUCCEED): RefundState.SUCCEEDED,
    (RefundState.UNKNOWN, RefundEvent.FAIL): RefundState.FAILED,
    (RefundState.SUCCEEDED, RefundEvent.REVERSE): RefundState.REVERSED,
}


class DisputeState(StrEnum):
    """A payer has told their bank that a payment was wrong."""

    OPEN = "open"  # the provider has taken the money, until it is decided
    WON = "won"  # it came back
    LOST = "lost"


class DisputeEvent(StrEnum):
    WIN = "win"
    LOSE = "lose"


DISPUTE_TRANSITIONS: dict[tuple[DisputeState, DisputeEvent], DisputeState] = {
    (DisputeState.OPEN, DisputeEvent.WIN): DisputeState.WON,
    (DisputeState.OPEN, DisputeEvent.LOSE): DisputeState.LOST,
    (DisputeState.LOST, DisputeEvent.WIN): DisputeState.WON,  # on appeal
}


_REFUND_EVENT_FOR = {
    AttemptState.PROCESSING: RefundEvent.PROCESS,
    AttemptState.UNKNOWN: RefundEvent.LOSE_TRACK,
    AttemptState.SUCCEEDED: RefundEvent.SUCCEED,
    AttemptState.FAILED: RefundEvent.FAIL,
    AttemptState.CANCELED: RefundEvent.FAIL,
    AttemptState.EXPIRED: RefundEvent.FAIL,
}


def forward_refund(state: RefundState, outcome: AttemptState) -> RefundState:
    """`forward` for a refund: gateways report attempts and refunds in the same words."""
    event = _REFUND_EVENT_FOR.get(outcome)
    return state if event is None else REFUND_TRANSITIONS.get((state, event), state)


class DeclineClass(StrEnum):
    """Why no money moved, in the words that dunning acts on."""

    SOFT = "soft"  # funds, processor busy: retry on the schedule
    HARD = "hard"  # lost, closed, revoked: stop using this method
    NEEDS_CUSTOMER = "needs_customer"  # 3-D Secure: send a pay link, a repeat without the payer cannot work
    INVALID_REQUEST = "invalid_request"  # our bug: tell staff, no decline
    CONFIG = "config"  # wrong keys, account restricted: tell staff, pause the gateway
    RATE_LIMITED = "rate_limited"  # same key again after a pause
    AMBIGUOUS = "ambiguous"  # the attempt is UNKNOWN: look it up


_UNKNOWN_POLLS = (timedelta(minutes=5), timedelta(hours=1), *(timedelta(days=day) for day in range(1, 6)))


def next_poll(polls_done: int) -> timedelta | None:
    """How long after the doubt began an UNKNOWN payment is looked up next; None when a person must decide."""
    return _UNKNOWN_POLLS[polls_done] if polls_done < len(_UNKNOWN_POLLS) else None
