"""What a check answers, and how one is made. None raises: what is wrong is its answer, with the way to mend it.

@look("panels", "Machines", mend="run: billhead db upgrade")
def panels() -> Iterator[Check]:
    yield good("stalker-one: 340 lines")
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["GROUPS", "STATES", "Answer", "Check", "Look", "amber", "good", "look", "red"]

STATES = ("bad", "warn", "ok")
GROUPS = ("Machine", "Data", "Work", "Outside", "Business")


@dataclass(frozen=True, slots=True)
class Answer:
    """`page` is the page of the admin area on which it is mended, with what its address takes."""

    state: str
    says: str
    mend: str = ""
    page: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One answer of a look, under the look's name and group."""

    name: str
    group: str
    state: str
    says: str
    mend: str = ""
    page: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.state != "bad"

    def as_dict(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in ("name", "group", "state", "ok", "says", "mend", "page")}
        return {**told, "args": dict(self.args)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "Check":
        return cls(**{name: value for name, value in told.items() if name in cls.__dataclass_fields__})


Answers = Callable[[], Iterator[Answer]]


@dataclass(frozen=True, slots=True)
class Look:
    """`slow`: it asks somebody over the network, or reads much; it is not done while somebody waits for a page."""

    name: str
    group: str
    answers: Answers
    mend: str
    slow: bool = False

    def __call__(self) -> list[Check]:
        """A look that breaks is one that found a fault: the rest is looked at all the same."""
        try:
            found = list(self.answers())
        except Exception as error:  # noqa: BLE001 a doctor who faints is of no use
            lines = str(getattr(error, "orig", error)).strip().splitlines()
            found = [Answer("bad", lines[0] if lines else type(error).__name__, self.mend)]
        return [Check(self.name, self.group, one.state, one.says, one.mend, one.page, one.args) for one in found]


def look(name: str, group: str, *, mend: str, slow: bool = False) -> Callable[[Answers], Look]:
    return lambda answers: Look(name, group, answers, mend, slow)


def good(says: str) -> Answer:
    return Answer("ok", says)


def amber(says: str, mend: str, page: str = "", **args: Any) -> Answer:
    """Somebody should look at it; nothing stands still."""
    return Answer("warn", says, mend, page, args)


def red(says: str, mend: str, page: str = "", **args: Any) -> Answer:
    return Answer("bad", says, mend, page, args)
