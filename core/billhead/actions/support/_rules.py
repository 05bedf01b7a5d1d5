"""How much may be sent, how often, and how long a dispute keeps dunning waiting: per seller."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["LARGEST_FILE", "LONGEST_TEXT", "MOST_BYTES", "MOST_FILES", "SupportRules", "rules_of"]

LARGEST_FILE = 5 * 1024 * 1024
MOST_FILES = 5
MOST_BYTES = 12 * 1024 * 1024
LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class SupportRules:
    """`waits_days`: so long a disputed invoice is not dunned, 0: never; `dispute_days`: so long after its issue a line
    can be disputed."""

    waits_days: int = 30
    dispute_days: int = 90
    tickets_a_day: int = 10
    messages_an_hour: int = 20


def rules_of(stored: Mapping[str, Any]) -> SupportRules:
    known = asdict(SupportRules())
    return SupportRules(**{name: int(stored.get(name, value)) for name, value in known.items()})
