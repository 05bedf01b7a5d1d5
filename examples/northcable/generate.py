"""Writes subscribers.csv and expected-refusals.json: NorthCable's customer base on 22 November 2026.

Made up from a fixed seed, so that every run gives the same bytes: python examples/northcable/generate.py [FOLDER]
"""

import csv
import io
import json
import sys
import tomllib
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

import broken_rows
from people import FIRMS, NAMES, PLACES, Place

HERE = Path(__file__).resolve().parent
TODAY = date(2026, 11, 22)
EARLIEST_START = date(2023, 11, 22)
LATEST_PAID = date(2027, 1, 31)
GOOD_ROWS = 2000
SEED = 20261122

COLUMNS = (
    *("external_ref", "name", "email", "phone", "country", "region", "zone", "currency", "language"),
    *("plan", "addons", "connections", "kind", "login", "password", "mac", "started_on", "paid_through"),
    *("payment_method", "reseller", "balance", "vat_id", "notes"),
)
KINDS = {"stream": 920, "mag": 930, "paired": 100, "enigma2": 50}
PAYMENTS = {
    "tok_ok": 1405,
    "tok_insufficient": 70,
    "tok_lost": 30,
    "tok_3ds": 35,
    "tok_flaky_2": 60,
    "none": 170,
    "manual": 190,
    "credits": 40,
}
TIERS = {
    "stream": ("basic", "basic", "basic", "family", "family", "premium"),
    "mag": ("basic", "basic", "family", "family", "premium"),
    "paired": ("basic", "premium"),
    "enigma2": ("basic",),
}
TERMS = {1: 55, 3: 15, 6: 10, 12: 14, 24: 3, 36: 3}
ENIGMA2_TERMS = {1: 4, 12: 1}
SPELLINGS = (
    lambda digits: ":".join(_pairs(digits)),
    lambda digits: ":".join(_pairs(digits)).lower(),
    lambda digits: "-".join(_pairs(digits)),
    lambda digits: "-".join(_pairs(digits)).lower(),
    lambda digits: digits,
    lambda digits: digits.lower(),
    lambda digits: f"{digits[:4]}.{digits[4:8]}.{digits[8:]}".lower(),
    lambda digits: ".".join(_pairs(digits)),
)
NOTES = (
    "",
    'Moved from the old portal; box is the "small one"',
    "Calls himself Bob, invoice to Robert",
    "Second home,\nwatches in winter only",
    "Ring twice 🙂",
    "Zahlt pünktlich",
    "従業員割引なし",
)
LETTERS_TOLD_APART = "abcdefghjkmnpqrstuvwxyz23456789"


def _pairs(digits: str) -> list[str]:
    return [digits[at : at + 2] for at in range(0, len(digits), 2)]


class People:
    """Deals out subscribers, each with a number of its own; all that is chosen is chosen from one seeded source."""

    def __init__(self, catalog: dict) -> None:
        self._random = Random(SEED)  # noqa: S311 (made-up names need no secrecy)
        self._addons = catalog["addons"]
        self._plans = catalog["plans"]
        self._number = 0

    def deck(self, counts: dict[str, int]) -> list[str]:
        cards = [name for name, times in counts.items() for _ in range(times)]
        self._random.shuffle(cards)
        return cards

    def subscriber(self, kind: str, payment: str, *, trial: bool = False) -> dict[str, str]:
        self._number += 1
        places = [place for place in PLACES if self._serves(place, kind, payment)]
        place = self._random.choices(places, [place.weight for place in places])[0]
        row = dict.fromkeys(COLUMNS, "")
        # Every saved card has a token of its own, or one customer's failed charges would count for another.
        card = f"{payment}_{self._number:05x}" if payment.startswith("tok_") else payment
        row |= {"external_ref": f"NC-{self._number:05}", "kind": kind, "payment_method": card}
        self._person(row, place)
        if trial:
            self._trial(row)
        else:
            self._sale(row)
            self._extras(row)
        self._access(row)
        row["notes"] = self._random.choice(NOTES) if self._number % 9 == 0 else ""
        if payment == "credits":
            row["reseller"] = "gulf-stream" if place.currency == "KWD" else "baltic-view"
        elif self._number % 17 == 0:
            row["balance"] = {"EUR": "12.50", "USD": "5.00", "JPY": "1500", "KWD": "3.750"}[place.currency]
        return row

    def _serves(self, place: Place, kind: str, payment: str) -> bool:
        if kind == "enigma2":
            return place.currency in ("EUR", "USD")
        return payment != "credits" or place.country in ("LV", "FI", "KW")

    def _person(self, row: dict[str, str], place: Place) -> None:
        names = NAMES[place.names]
        given, family = self._random.choice(names.given), self._random.choice(names.family)
        parts = (family[0], given[0]) if names.family_first else (given[0], family[0])
        firms = [firm for firm in FIRMS if firm[0] == place.country]
        row["name"] = " ".join(parts)
        if firms and self._number % 20 == 0:
            row["name"], row["vat_id"] = firms[0][1], firms[0][2]
        domain = ("example.com", "example.org", "example.net")[self._number % 3]
        row["email"] = f"{given[1]}.{family[1]}.{self._number}@{domain}"
        row["login"] = f"{given[1]}{self._number:05}"
        if self._number % 7:
            row["phone"] = f"{place.dialling} {self._random.randrange(1000000, 10000000)}"
        row |= {"country": place.country, "region": place.region, "zone": place.zone}
        row |= {"currency": place.currency, "language": place.language}

    def _sale(self, row: dict[str, str]) -> None:
        kind, credits = row["kind"], row["payment_method"] == "credits"
        tiers = [tier for tier in TIERS[kind] if not (credits and tier == "premium")]
        terms = ENIGMA2_TERMS if kind == "enigma2" else TERMS
        months = self._random.choices(list(terms), list(terms.values()))[0]
        row["plan"] = f"{self._random.choice(tiers)}-{kind}-{months}m"
        started_on, paid_through = self._random.choice(list(possible_dates(1 + self._number % 31, months)))
        row |= {"started_on": started_on.isoformat(), "paid_through": paid_through.isoformat()}

    def _trial(self, row: dict[str, str]) -> None:
        started_on = TODAY - timedelta(days=self._random.randrange(6))
        row["plan"] = f"trial-{row['kind']}-1m"
        row |= {"started_on": started_on.isoformat(), "paid_through": (started_on + timedelta(days=7)).isoformat()}
        row["connections"] = "1"

    def _extras(self, row: dict[str, str]) -> None:
        plan = row["plan"].rpartition("-")[0]
        included = self._plans[plan]["connections"]
        fitting = [code for code, addon in self._addons.items() if plan in addon["plans"] and "bouquets" in addon]
        if fitting and self._number % 4 == 0:
            row["addons"] = "|".join(self._random.sample(fitting, min(len(fitting), 1 + self._number % 3)))
        more = self._number % 11 == 0 and plan in self._addons["extra-screen"]["plans"]
        row["connections"] = str(included + self._random.randrange(1, 4) if more else included)

    def _access(self, row: dict[str, str]) -> None:
        row["password"] = "".join(self._random.choices(LETTERS_TOLD_APART, k=10))
        if row["kind"] == "mag" and self._number % 2:
            row["login"] = row["password"] = ""  # many boxes were set up by MAC alone
        if row["kind"] != "stream":
            prefix = "001DEC" if row["kind"] == "enigma2" else "001A79"
            # An odd factor makes every number another address.
            digits = f"{prefix}{(self._number * 7919 + 1234567) % 2**24:06X}"
            row["mac"] = SPELLINGS[self._number % len(SPELLINGS)](digits)


def months_later(start: date, months: int) -> date:
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(years, month + 1, min(start.day, monthrange(years, month + 1)[1]))


def possible_dates(day: int, months: int) -> Iterator[tuple[date, date]]:
    """Every start on that day of a month whose paid time, counted in whole terms, runs out soon after today."""
    for month in range(EARLIEST_START.year * 12 + EARLIEST_START.month - 1, TODAY.year * 12 + TODAY.month):
        if monthrange(month // 12, month % 12 + 1)[1] < day:
            continue
        start = date(month // 12, month % 12 + 1, day)
        if EARLIEST_START <= start <= TODAY:
            terms = next(n for n in range(1, 100) if months_later(start, n * months) > TODAY)
            paid_through = months_later(start, terms * months)
            if paid_through <= LATEST_PAID:
                yield start, paid_through


def good_rows(people: People) -> list[dict[str, str]]:
    pairs = zip(people.deck(KINDS), people.deck(PAYMENTS), strict=True)
    rows = []
    trials = 40
    for kind, payment in pairs:
        if payment == "credits" and kind not in ("stream", "mag"):
            kind = "mag"
        trial = trials > 0 and payment == "tok_ok" and kind in ("stream", "mag") and len(rows) % 40 < 2
        trials -= trial
        rows.append(people.subscriber(kind, payment, trial=trial))
    return rows


def as_line(values: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    people = People(tomllib.loads((HERE / "catalog.toml").read_text(encoding="utf-8")))
    rows = good_rows(people)
    broken = broken_rows.make(people.subscriber, rows)
    every = len(rows) // (len(broken) + 1)
    written, line, refusals = [as_line(list(COLUMNS)).encode()], 2, []
    for number, row in enumerate(rows, start=1):
        entries = [(as_line(list(row.values())).encode(), [])]
        if number % every == 0 and broken:
            entries.append(broken.pop(0))
        for content, faults in entries:
            refusals += [{"line": line, "column": column, "code": code} for column, code in faults]
            written.append(content)
            line += content.count(b"\n")
    (folder / "subscribers.csv").write_bytes(b"".join(written))
    listed = ",\n".join(f"  {json.dumps(refusal)}" for refusal in refusals)
    (folder / "expected-refusals.json").write_text(f"[\n{listed}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
