"""Which plan is a line that stands on a panel already? Pure: the nearest one by what can be seen of it."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Candidate", "Guess", "Seen", "nearest"]

_CONTENT, _CONNECTIONS = 3, 1  # what is watched says more about a plan than on how many screens


@dataclass(frozen=True, slots=True)
class Seen:
    """What a panel shows of a line; None where it does not tell."""

    kind: str
    panel_plan: str | None
    bouquets: frozenset[str] | None
    connections: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plan as it would look on that panel. With `panel_plan` its bouquets come with the panel's own plan."""

    plan_id: int
    kind: str
    panel_plan: str
    bouquets: frozenset[str]
    connections: int


@dataclass(frozen=True, slots=True)
class Guess:
    """`score` from 0 (nothing in common) to 100 (the same in all that can be seen). `tied`: plans that fit as well."""

    plan_id: int | None = None
    score: int = 0
    tied: tuple[int, ...] = ()


def nearest(seen: Seen, candidates: Iterable[Candidate]) -> Guess:
    """The best plan of the line's kind; none when nothing can be compared, or when two fit equally well."""
    scored = [
        (score, one.plan_id) for one in candidates if one.kind == seen.kind and (score := _score(seen, one)) is not None
    ]
    if not scored:
        return Guess()
    best = max(score for score, _ in scored)
    of_these = tuple(sorted(plan_id for score, plan_id in scored if score == best))
    return Guess(of_these[0], best) if len(of_these) == 1 else Guess(None, best, of_these)


def _score(seen: Seen, one: Candidate) -> int | None:
    content = _content(seen, one)
    if content is None:
        return None
    if seen.connections is None:
        return content
    most, least = max(seen.connections, one.connections), min(seen.connections, one.connections)
    screens = 100 * least // most if most else 100
    return (_CONTENT * content + _CONNECTIONS * screens) // (_CONTENT + _CONNECTIONS)


def _content(seen: Seen, one: Candidate) -> int | None:
    if one.panel_plan:
        return None if seen.panel_plan is None else 100 * (seen.panel_plan == one.panel_plan)
    if seen.bouquets is None:
        return None
    either = seen.bouquets | one.bouquets
    return 100 * len(seen.bouquets & one.bouquets) // len(either) if either else 100
