"""Which rate holds where on a day: the shipped standard rates, and the operator's own rows over them."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billhead.plugin import InvalidInput
from billhead_eu_vat.places import SHIPPED

__all__ = ["OwnRate", "Rates", "checked", "percent", "read_percent"]

_CLASS = re.compile(r"[a-z][a-z0-9_]{0,29}")
_MILLION = 1_000_000
_NEVER = "2100-01-01"
_PERCENT = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class OwnRate:
    """From `since` on, in parts per million. `tax_class` "": the standard rate of the place. Another one: the rate of
    this class alone, such as a reduced one for television; `rate_ppm` None lets it take the standard rate again."""

    place: str
    since: date
    rate_ppm: int | None
    tax_class: str = ""


def checked(rate: OwnRate) -> OwnRate:
    """The row, if it is right. Raises InvalidInput naming the field."""
    if rate.place not in SHIPPED:
        raise InvalidInput("place", f"{rate.place!r} has no rate of its own", hint=f"there are: {', '.join(SHIPPED)}")
    if rate.tax_class and not _CLASS.fullmatch(rate.tax_class):
        raise InvalidInput("tax_class", f"{rate.tax_class!r} can't be a class", hint="small letters, digits and _")
    if rate.rate_ppm is None and not rate.tax_class:
        raise InvalidInput("rate", "is missing", hint="only a class of its own may go back to the standard rate")
    if rate.rate_ppm is not None and not 0 <= rate.rate_ppm < _MILLION:
        raise InvalidInput("rate", "is not from 0 to below 100 %")
    if not _begins(rate.place) <= rate.since < date.fromisoformat(_NEVER):
        raise InvalidInput("since", f"{rate.since} lies before {_begins(rate.place)}, or far ahead")
    return rate


def _begins(place: str) -> date:
    return SHIPPED[place][0][0]


class Rates:
    """All that is known. An own row takes the place of a shipped one of the same day; of two days the later counts, so
    that a change which a new release brings still comes."""

    def __init__(self, own: Sequence[OwnRate] = ()) -> None:
        days: dict[tuple[str, str], dict[date, int | None]] = defaultdict(dict)
        for place, rows in SHIPPED.items():
            days[place, ""] = dict(rows)
        for rate in own:
            days[rate.place, rate.tax_class][rate.since] = rate.rate_ppm
        self._histories: Mapping[tuple[str, str], Sequence[tuple[date, int | None]]] = {
            key: sorted(rows.items(), key=lambda row: row[0]) for key, rows in days.items()
        }

    def on(self, place: str, tax_class: str, day: date) -> int:
        """Parts per million. Raises InvalidInput for a day before the first that is known."""
        own = self._at(place, tax_class, day) if tax_class else None
        standard = own if own is not None else self._at(place, "", day)
        if standard is None:
            since = self._histories[place, ""][0][0]
            raise InvalidInput(
                "tax point",
                f"the VAT rate of {place} is not known for {day}, only from {since}",
                hint="Date the document later, or ask the author of billhead-eu-vat for older rates.",
            )
        return standard

    def histories(self) -> Mapping[tuple[str, str], Sequence[tuple[date, int | None]]]:
        """(place, class) → its rates over time, the oldest first."""
        return self._histories

    def _at(self, place: str, tax_class: str, day: date) -> int | None:
        known = self._histories.get((place, tax_class), ())
        at = bisect_right(known, day, key=lambda row: row[0])
        return known[at - 1][1] if at else None


def percent(ppm: int | None) -> str:
    """255000 → "25.5"; "" for what takes the standard rate again."""
    return "" if ppm is None else f"{Decimal(ppm).scaleb(-4).normalize():f}"


def read_percent(text: str) -> int | None:
    """ "25.5 %" → 255000, "" → None. Raises InvalidInput("rate", …)."""
    typed = text.strip().removesuffix("%").strip()
    if not typed:
        return None
    rate = Decimal(typed).scaleb(4) if _PERCENT.fullmatch(typed) else None
    if rate is None or rate != rate.to_integral_value():
        raise InvalidInput("rate", f"{text!r} is not a percentage with at most four decimals")
    return int(rate)
