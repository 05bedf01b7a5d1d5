"""What a comparison of a whole panel has found."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from billhead.actions.provisioning._whole_lines import NOBODYS, Turn

__all__ = ["Difference", "PanelReport"]

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind`: missing | extra | differing. `repair`: the operator's policy lets free steps mend it; `by_hand`: only
    where a person asks for that."""

    kind: str
    ref: str
    login: str = ""
    service_id: int | None = None
    fields: tuple[str, ...] = ()
    repair: bool = False
    by_hand: bool = False


@dataclass(slots=True)
class PanelReport:
    """Counts, and what differs: `missing` is paid for, but not there · `extra` is there, but nobody's, or no longer
    wanted · `differing` in what is counted by `fields`, with `banned` for a ban by the panel's own staff.

    `coming` are new ones, not made there yet, which are none of these.
    Of `short` lines of ours the list told no bouquets; `read_whole` of them were read one by one in this `turn`.
    `held` says why nothing is repaired until somebody says so; "" when nothing is held back.
    """

    panel: str
    lines: int = 0
    services: int = 0
    coming: int = 0
    in_step: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    found: list[Difference] = field(default_factory=list)
    held: str = ""
    short: int = 0
    read_whole: int = 0
    turn: Turn = NOBODYS

    @property
    def differences(self) -> int:
        return len(self.found)

    @property
    def missing(self) -> list[str]:
        return self._refs("missing")

    @property
    def extra(self) -> list[str]:
        return self._refs("extra")

    @property
    def differing(self) -> list[str]:
        return self._refs("differing")

    @property
    def repairs(self) -> list[int]:
        mended = (one for one in self.found if one.repair and not one.by_hand)
        return [one.service_id for one in mended if one.service_id is not None]

    def _bouquets(self) -> dict[str, int]:
        """Of how many lines they were read this time and in this round, of how many, and how many nights a round is."""
        return {
            "read": self.read_whole, "of": self.short, "in_round": self.turn.read, "nights": self.turn.nights
        }  # fmt: skip

    def _refs(self, kind: str) -> list[str]:
        return [one.ref for one in self.found if one.kind == kind]

    def as_dict(self) -> dict[str, Any]:
        """The first few of each kind by our reference, or by the panel's id where it is not ours."""
        return {
            "panel": self.panel,
            "lines": self.lines,
            "services": self.services,
            "coming": self.coming,
            "in_step": self.in_step,
            "differences": self.differences,
            "fields": dict(self.fields),
            "missing": self.missing[:_SHOWN],
            "extra": self.extra[:_SHOWN],
            "differing": self.differing[:_SHOWN],
            "counts": dict(Counter(one.kind for one in self.found)),
            "repairs": len(self.repairs),
            "held": self.held,
            "bouquets": self._bouquets() if self.short else {},
        }
