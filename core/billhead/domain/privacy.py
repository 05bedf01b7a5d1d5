"""How long what is kept, and what a request for erasure goes through."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Final

from billhead.domain.errors import InvalidInput

__all__ = ["OPEN", "ErasureState", "PrivacyRules", "rules_from"]


class ErasureState(StrEnum):
    WAITING = "waiting"
    BLOCKED = "blocked"
    ENDING = "ending"
    DONE = "done"
    REVOKED = "revoked"


OPEN: Final = (ErasureState.WAITING.value, ErasureState.BLOCKED.value, ErasureState.ENDING.value)

_BOUNDS = {
    "erasure_days": (0, 90),
    "export_days": (1, 30),
    "document_years": (1, 30),
    "notice_days": (7, 3650),
    "ticket_days": (30, 3650),
    "mail_days": (1, 3650),
    "callback_days": (30, 3650),
    "event_days": (7, 3650),
    "audit_days": (90, 7300),
    "key_days": (1, 365),
}


@dataclass(frozen=True, slots=True)
class PrivacyRules:
    """Of one seller. `document_years`: what the law of the seller wants documents and the ledger kept for, counted in
    fiscal years; the buyer of one that is older is forgotten if they were erased."""

    erasure_days: int = 14
    export_days: int = 7
    document_years: int = 10
    notice_days: int = 365
    ticket_days: int = 1095
    mail_days: int = 180
    callback_days: int = 180
    event_days: int = 90
    audit_days: int = 1825
    key_days: int = 30

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise InvalidInput(name, f"must be a whole number from {least} to {most}")

    def stored(self) -> dict[str, Any]:
        return asdict(self)


def rules_from(stored: Mapping[str, Any]) -> PrivacyRules:
    """As a seller's row keeps them; what is missing is as it comes."""
    known = {one.name for one in fields(PrivacyRules)}
    return PrivacyRules(**{name: value for name, value in stored.items() if name in known})
