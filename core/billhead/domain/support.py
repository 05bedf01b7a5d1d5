"""Tickets: whose turn it is, as one table; and the words that staff and customers share about a bill."""

from enum import StrEnum

__all__ = ["DISPUTE_REASONS", "LIVE", "PRIORITIES", "TRANSITIONS", "DisputeState", "Event", "State"]


class State(StrEnum):
    OPEN = "open"  # staff's turn
    ANSWERED = "answered"  # staff have said all there is to say
    WAITING = "waiting"  # staff have asked, the customer's turn
    CLOSED = "closed"


class Event(StrEnum):
    CUSTOMER_WRITES = "customer writes"
    STAFF_ANSWERS = "staff answer"
    STAFF_ASKS = "staff ask"
    CLOSE = "close"
    REOPEN = "reopen"


_NOT_CLOSED = (State.OPEN, State.ANSWERED, State.WAITING)

TRANSITIONS: dict[tuple[State, Event], State] = {
    **{(state, Event.CUSTOMER_WRITES): State.OPEN for state in State},
    **{(state, Event.STAFF_ANSWERS): State.ANSWERED for state in State},
    **{(state, Event.STAFF_ASKS): State.WAITING for state in State},
    **{(state, Event.CLOSE): State.CLOSED for state in _NOT_CLOSED},
    (State.CLOSED, Event.REOPEN): State.OPEN,
}
"""A closed ticket is opened again by whoever writes in it."""

LIVE = frozenset(_NOT_CLOSED)

PRIORITIES = ("low", "normal", "high", "urgent")


class DisputeState(StrEnum):
    OPEN = "open"
    REFUSED = "refused"
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


DISPUTE_REASONS = {
    "not_ordered": "I have not ordered this",
    "not_delivered": "It did not work",
    "canceled": "I had canceled before",
    "twice": "I was charged twice",
    "wrong_amount": "The amount is wrong",
    "other": "Something else",
}
"""Why a customer does not want to pay a line, by code."""
