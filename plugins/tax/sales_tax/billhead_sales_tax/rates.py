"""The table of rates: one row is one tax of one place from one day on. Shipped rows, and the operator's over them."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from billhead.plugin import InvalidInput

__all__ = ["EVERYWHERE", "Rate", "RateKey", "Rates", "checked", "shipped"]

EVERYWHERE = "*"
_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_POSTCODE = re.compile(r"[A-Z0-9]{0,10}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,29}")
_AUTHORITY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,20})*")
_MILLION = 1_000_000


class RateKey(NamedTuple):
    """What a tax is told apart by; the rows of one key are its rates over time."""

    place: str
    postcode: str
    tax_class: str
    tax: str


@dataclass(frozen=True, slots=True)
class Rate:
    """`place`: a country (CA) or a region (CA-QC). `postcode`: how the buyer's begins, "" for any. `tax_class` "": any.

    `tax` is its name in small letters (gst, qst, state, county): it goes on the document with `authority`, the place
    unless another is named. `until` is the first day on which it doesn't hold any more; of a row that is followed by
    another of its key and has none, `checked` makes it that one's `since`. Taxes are listed by `position`;
    a `compound` one is taken on the amount with the taxes before it. It is charged where the seller is registered in
    `registered_in`, the place unless another is named; "*" is everywhere. It takes the place of the tax `replaces`.
    `reverse_charge`: businesses abroad owe it themselves.
    """

    place: str
    tax: str
    rate_ppm: int
    since: date
    until: date | None = None
    postcode: str = ""
    tax_class: str = ""
    position: int = 0
    compound: bool = False
    registered_in: str = ""
    replaces: str = ""
    reverse_charge: bool = False
    authority: str = ""

    @property
    def key(self) -> RateKey:
        return RateKey(self.place, self.postcode, self.tax_class, self.tax)

    @property
    def jurisdiction(self) -> str:
        return self.authority or self.place

    @property
    def needs(self) -> str:
        return self.registered_in or self.place

    def holds(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on < self.until)

    def is_for(self, postcode: str, tax_class: str) -> bool:
        return postcode.startswith(self.postcode) and self.tax_class in ("", tax_class)


def checked(rates: Iterable[Rate]) -> list[Rate]:
    """The rows, if each is right and none overlaps another of its key; each ends where the next of its key begins.

    Raises InvalidInput naming the field.
    """
    by_key: dict[RateKey, list[Rate]] = defaultdict(list)
    for rate in rates:
        _check(rate)
        by_key[rate.key].append(rate)
    found = []
    for key, rows in by_key.items():
        rows.sort(key=lambda rate: rate.since)
        for at, (before, after) in enumerate(pairwise(rows)):
            if before.since == after.since:
                raise InvalidInput("since", f"{_told(key)} has two rows from {after.since}")
            if before.until is not None and before.until > after.since:
                raise InvalidInput("until", f"{_told(key)}: {before.until} lies after the next row's {after.since}")
            if before.until is None:
                rows[at] = replace(before, until=after.since)
        found += rows
    return found


def _check(rate: Rate) -> None:
    where = _told(rate.key)
    for field, pattern, value in (
        ("place", _PLACE, rate.place),
        ("postcode", _POSTCODE, rate.postcode),
        ("tax", _WORD, rate.tax),
        ("tax_class", _WORD, rate.tax_class or "any"),
        ("replaces", _WORD, rate.replaces or "none"),
        ("authority", _AUTHORITY, rate.jurisdiction),
        ("registered_in", _AUTHORITY, rate.place if rate.needs == EVERYWHERE else rate.needs),
    ):
        if not pattern.fullmatch(value):
            raise InvalidInput(field, f"{value!r} can't be: {where}", hint=_HINTS.get(field))
    if not 0 <= rate.rate_ppm < _MILLION:
        raise InvalidInput("rate", f"{rate.rate_ppm} parts per million are not from 0 to below 100 %: {where}")
    if rate.until is not None and rate.until <= rate.since:
        raise InvalidInput("until", f"{rate.until} is not after {rate.since}: {where}")
    if rate.compound and rate.position == 0:
        raise InvalidInput("compound", f"a compound tax needs a position after another one's: {where}")


_HINTS = {
    "place": "a country like CA, or a region like CA-QC",
    "postcode": "letters and digits only, without blanks",
    "tax": "small letters, digits and _, like gst",
}


def _told(key: RateKey) -> str:
    postcode, tax_class = key.postcode and f"postcode {key.postcode}…", key.tax_class and f"class {key.tax_class}"
    return " ".join(part for part in (key.place, postcode, tax_class, key.tax) if part)


class Rates:
    """All rows, found by place. `own` rows take the place of the shipped ones of the same key."""

    def __init__(self, own: Sequence[Rate] = ()) -> None:
        replaced = {rate.key for rate in own}
        self.rows = sorted(
            [rate for rate in shipped() if rate.key not in replaced] + list(own),
            key=lambda rate: (*rate.key, rate.since),
        )
        self._by_place: dict[str, list[Rate]] = defaultdict(list)
        self._by_postcode: dict[str, list[Rate]] = defaultdict(list)
        for rate in self.rows:
            self._by_place[rate.place].append(rate)
            if rate.postcode:
                self._by_postcode[rate.place].append(rate)
        self.regions = frozenset(rate.place for rate in self.rows if "-" in rate.place) | _without_tax()

    def due(self, country: str, region: str, postcode: str, tax_class: str, on: date) -> list[Rate]:
        """The taxes of a place on a day, in their order; of one name the row that is closest to the buyer."""
        closest: dict[str, Rate] = {}
        for place in (country, f"{country}-{region}") if region else (country,):
            for rate in self._by_place.get(place, ()):
                if rate.holds(on) and rate.is_for(postcode, tax_class):
                    other = closest.get(rate.tax)
                    if other is None or _closeness(rate) > _closeness(other):
                        closest[rate.tax] = rate
        replaced = {rate.replaces for rate in closest.values() if rate.replaces}
        left = [rate for name, rate in closest.items() if name not in replaced]
        return sorted(left, key=lambda rate: (rate.position, len(rate.place), rate.tax))

    def by_postcode(self, country: str, region: str, tax_class: str, on: date) -> list[Rate]:
        """The taxes of a place that hang on the buyer's postcode."""
        places = (country, f"{country}-{region}") if region else (country,)
        found = (rate for place in places for rate in self._by_postcode.get(place, ()))
        return [rate for rate in found if rate.holds(on) and rate.tax_class in ("", tax_class)]

    def depends_on_region(self, country: str) -> bool:
        return any(place.startswith(f"{country}-") for place in self.regions)


def _closeness(rate: Rate) -> tuple[int, int, int]:
    return len(rate.place), len(rate.postcode), len(rate.tax_class)


@lru_cache(maxsize=1)
def _seed() -> Mapping[str, Mapping[str, Sequence[tuple[date, int]]]]:
    seed: Mapping[str, Mapping[str, Sequence[tuple[date, int]]]] = tomllib.loads(
        Path(__file__).with_name("seed.toml").read_text("utf-8")
    )
    return seed


@lru_cache(maxsize=1)
def _without_tax() -> frozenset[str]:
    return frozenset(str(region) for region in _seed()["none"]["regions"])


@lru_cache(maxsize=1)
def shipped() -> tuple[Rate, ...]:
    """What comes with the plugin."""
    shifted = frozenset(str(country) for country in _seed()["reverse_charge"]["countries"])
    rows = []
    for tax in ("vat", "gst", "hst", "pst", "rst", "qst", "state"):
        for place, history in _seed()[tax].items():
            for at, (since, ppm) in enumerate(history):
                until = history[at + 1][0] if at + 1 < len(history) else None
                rows.append(
                    Rate(
                        place,
                        tax,
                        ppm,
                        since,
                        until,
                        position=0 if tax in ("vat", "gst", "hst", "state") else 1,
                        registered_in="CA" if tax == "hst" else "",
                        replaces="gst" if tax == "hst" else "",
                        reverse_charge=place in shifted,
                    )
                )
    return tuple(checked(rows))
