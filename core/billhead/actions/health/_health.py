"""How the house is: what is quick as it is now, and what asks the network as it was found last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from billhead.actions.health import _business, _data, _machine, _outside, _work
from billhead.actions.health._check import GROUPS, Check, Look
from billhead.actions.health._facts import last_known
from billhead.db import reading

__all__ = ["LOOKS", "Health", "by_group", "last_health", "quick_checks"]

LOOKS: tuple[Look, ...] = (*_machine.LOOKS, *_data.LOOKS, *_work.LOOKS, *_outside.LOOKS, *_business.LOOKS)


@dataclass(frozen=True, slots=True)
class Health:
    """`asked_at`: when the slow checks were made; None if they never were."""

    checks: list[Check]
    asked_at: datetime | None

    @property
    def healthy(self) -> bool:
        return all(check.ok for check in self.checks)

    def count(self, state: str) -> int:
        return sum(check.state == state for check in self.checks)


def last_health() -> Health:
    """What is quick as it is now, and what is slow as it was found last; bounded, for a page."""
    with reading() as session:
        known = last_known(session, "doctor")
    slow = [Check.from_dict(told) for told in known.data.get("checks", ())] if known is not None else []
    return Health(by_group([*quick_checks(), *slow]), known.at if known is not None else None)


def quick_checks(names: Iterable[str] = ()) -> list[Check]:
    """Of these looks alone, or of all that are quick."""
    wanted = set(names)
    looks = [look for look in LOOKS if not look.slow and (not wanted or look.name in wanted)]
    return [check for look in looks for check in look()]


def by_group(checks: list[Check]) -> list[Check]:
    return sorted(checks, key=lambda check: GROUPS.index(check.group))
