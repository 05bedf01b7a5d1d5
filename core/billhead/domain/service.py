"""Services: what may I watch. Stored is only whether the line is wanted; the word on the screen is derived.

`label` compares what should be with what was last seen on the panel and with the work that is under way, so that no
screen ever says "active" without a line or "suspended" before the panel has confirmed it.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The stored lifecycle."""

    WANTED = "wanted"
    UNWANTED = "unwanted"
    GONE = "gone"  # the panel has proven that the line is no longer there
    ARRIVING = "arriving"  # on its new panel, which has not proven it yet
    LEAVING = "leaving"  # on the panel that it was moved from, for a while


class Event(StrEnum):
    DROP = "drop"
    WANT_AGAIN = "want_again"
    CONFIRM_GONE = "confirm_gone"
    ARRIVE = "arrive"
    LEAVE = "leave"
    RETURN = "return"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.WANTED, Event.DROP): State.UNWANTED,
    (State.UNWANTED, Event.WANT_AGAIN): State.WANTED,
    (State.UNWANTED, Event.CONFIRM_GONE): State.GONE,
    (State.ARRIVING, Event.ARRIVE): State.WANTED,
    (State.ARRIVING, Event.DROP): State.UNWANTED,
    (State.ARRIVING, Event.LEAVE): State.LEAVING,
    (State.WANTED, Event.LEAVE): State.LEAVING,
    (State.LEAVING, Event.DROP): State.UNWANTED,
    (State.LEAVING, Event.RETURN): State.ARRIVING,
}


class Seen(StrEnum):
    """What the panel last said about the line."""

    NEVER = "never"
    ABSENT = "absent"
    OPEN = "open"
    BLOCKED = "blocked"


class Work(StrEnum):
    """How the job stands that brings the panel in step."""

    NONE = "none"
    QUEUED = "queued"  # waiting, running or to be retried
    FAILED = "failed"  # given up: a person is needed
    UNKNOWN = "unknown"  # a call may have worked; the next look-up tells


class Label(StrEnum):
    PENDING = "pending"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    SUSPENDING = "suspending"
    SUSPENDED = "suspended"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    FAILED = "failed"
    UNKNOWN = "unknown"


def label(lifecycle: State, *, blocked: bool, seen: Seen, work: Work) -> Label:
    """The word for a service, from desired (lifecycle, blocked), observed (seen) and the state of the job (work)."""
    if lifecycle == State.GONE:
        return Label.TERMINATED
    if work == Work.UNKNOWN:
        return Label.UNKNOWN
    if work == Work.FAILED:
        return Label.FAILED
    if lifecycle in (State.UNWANTED, State.LEAVING):
        return Label.TERMINATING
    if seen == Seen.BLOCKED and (blocked or work == Work.NONE):
        return Label.SUSPENDED
    if seen == Seen.OPEN:
        return Label.SUSPENDING if blocked else Label.ACTIVE
    return Label.PENDING if work == Work.NONE else Label.PROVISIONING
