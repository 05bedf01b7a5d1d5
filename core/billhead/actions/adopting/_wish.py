"""How an operator wants a panel's lines to be taken over: what holds for all of them, and their word on single ones."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.panels.set_policy import FIELDS
from billhead.csv_lines import unguarded
from billhead.domain.errors import InvalidInput
from billhead.domain.periods import Term
from billhead.models.catalogue import Plan
from billhead.models.people import Reseller

__all__ = ["KEYS", "AdoptionWish", "check_wish", "read_mapping"]

KEYS = ("remote_id", "login", "mac")
_WORDS = ("plan", "term", "name", "email", "reseller", "paid_through", "skip")
# what the preview's own file holds besides: it can be edited and handed back
_SHOWN = ("kind", "ends", "bouquets", "connections", "owner", "score", "verdict", "code", "reason", "writes", "service")


@dataclass(frozen=True, slots=True)
class AdoptionWish:
    """`writes`: fields that may be brought in step on the panel afterwards; a line that would need others is refused.
    "note" is our reference in the panel's notes. `owners`: the panel's id of a reseller → our reseller's code.
    `unlimited_until`: what a line that never ends is taken as paid through. `take_claimed`: also lines that carry the
    reference of another Billhead.
    """

    term: str = "1 month"
    least_score: int = 60
    writes: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    unlimited_until: date | None = None
    take_claimed: bool = False

    def as_json(self) -> dict[str, Any]:
        until = self.unlimited_until
        return {**asdict(self), "writes": list(self.writes), "unlimited_until": until.isoformat() if until else None}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "AdoptionWish":
        until = kept["unlimited_until"]
        return cls(
            kept["term"],
            kept["least_score"],
            tuple(kept["writes"]),
            dict(kept["owners"]),
            date.fromisoformat(until) if until else None,
            bool(kept.get("take_claimed")),
        )


def check_wish(session: Session, seller_id: int, wish: AdoptionWish) -> None:
    """Raises InvalidInput naming the field."""
    Term.parse(wish.term)
    if not 0 <= wish.least_score <= 100:
        raise InvalidInput("least_score", "must be from 0 to 100")
    for name in wish.writes:
        if name not in FIELDS:
            raise InvalidInput("writes", f"{name!r} is no field; there are: {', '.join(FIELDS)}")
    codes = set(wish.owners.values())
    known = set(session.scalars(select(Reseller.code).where(Reseller.seller_id == seller_id, Reseller.code.in_(codes))))
    for code in sorted(codes - known):
        raise InvalidInput("owners", f"there is no reseller {code!r}")


def read_mapping(session: Session, seller_id: int, text: str) -> dict[str, dict[str, str]]:
    """The operator's file: CSV with remote_id, login or mac to name a line, and what is to hold for it.

    Returns "remote_id:7" → {"plan": "sport", …}. The preview's own file can be edited and handed back. Raises
    InvalidInput with the number of the first line that can't be used; nothing is taken from such a file.
    """
    words: dict[str, dict[str, str]] = {}
    plans = set(session.scalars(select(Plan.code).where(Plan.seller_id == seller_id)))
    resellers = set(session.scalars(select(Reseller.code).where(Reseller.seller_id == seller_id)))
    for number, row in _rows(text):
        named = [f"{key}:{row[key]}" for key in KEYS if row.get(key)]
        if not named:
            raise _wrong(number, f"names no line: fill in one of {', '.join(KEYS)}")
        said = {word: row[word] for word in _WORDS if row.get(word)}
        _check(number, said, plans, resellers)
        words[named[0]] = said
    return words


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    header = [name.strip().lower().replace(" ", "_") for name in next(reader, [])]
    if not set(header) & set(KEYS):
        raise _wrong(1, f"the header names none of {', '.join(KEYS)}")
    for name in header:
        if name not in (*KEYS, *_WORDS, *_SHOWN):
            raise _wrong(1, f"{name!r} is not a column of this file; there are: {', '.join((*KEYS, *_WORDS))}")
    for cells in reader:
        if any(unguarded(cell.strip()) for cell in cells):
            if len(cells) != len(header):
                raise _wrong(reader.line_num, f"has {len(cells)} columns, the header has {len(header)}")
            yield reader.line_num, dict(zip(header, (unguarded(cell.strip()) for cell in cells), strict=True))


def _check(number: int, said: dict[str, str], plans: set[str], resellers: set[str]) -> None:
    if said.get("plan", "") not in {"", *plans}:
        raise _wrong(number, f"there is no plan {said['plan']!r}")
    if said.get("reseller", "") not in {"", *resellers}:
        raise _wrong(number, f"there is no reseller {said['reseller']!r}")
    if said.get("skip", "no") not in ("yes", "no"):
        raise _wrong(number, "skip is yes or no")
    if "email" in said and "@" not in said["email"]:
        raise _wrong(number, f"{said['email']!r} is not an e-mail address")
    try:
        if "term" in said:
            Term.parse(said["term"])
        if "paid_through" in said:
            date.fromisoformat(said["paid_through"])
    except (InvalidInput, ValueError) as error:
        raise _wrong(number, str(error)) from error


def _wrong(number: int, why: str) -> InvalidInput:
    return InvalidInput("mapping", f"line {number}: {why}")
