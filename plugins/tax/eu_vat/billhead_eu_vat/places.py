"""Where a buyer is in the eyes of EU VAT, and the standard rates that are shipped. All of it from `seed.toml`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from billhead.plugin import InvalidInput

__all__ = ["SHIPPED", "STATES", "Place", "compared_country", "place_of"]

_SEED = tomllib.loads(Path(__file__).with_name("seed.toml").read_text("utf-8"))
SHIPPED: Mapping[str, Sequence[tuple[date, int]]] = {**_SEED["states"], **_SEED["regions"], **_SEED["goods_only"]}
"""The standard rates of every place that has one of its own, the oldest first, in parts per million."""
_SAME: Mapping[str, str] = _SEED["same"]
_OUTSIDE = frozenset(f"{state}-{region}" for state, regions in _SEED["outside"].items() for region in regions)
_OWN_STATE: Mapping[str, str] = _SEED["own_state_taxes_services"]
_CODE = re.compile(r"[A-Z]{2}")

STATES = frozenset(_SEED["states"])
"""The 27 member states by ISO 3166 code."""


@dataclass(frozen=True, slots=True)
class Place:
    """`jurisdiction` goes on the document; `state` is the member state whose VAT is due there, or "" outside EU VAT;
    `rated` is where its rate is looked up; `own_state` a state that taxes services sold from it to here."""

    jurisdiction: str
    state: str = ""
    rated: str = ""
    own_state: str = ""


def place_of(country: str, region: str = "", *, goods: bool = False) -> Place:
    """The place of a country and region (ISO 3166-2, with or without the country: "ES-CN" or "CN").

    Raises InvalidInput unless the country is a two-letter code.
    """
    country = _known_as(country.strip().upper())
    if not _CODE.fullmatch(country[:2]):
        raise InvalidInput("country", f"{country!r} is not a country code", hint="Use two letters, like DE.")
    code = country
    if region and "-" not in country:
        code = _known_as(f"{country}-{region.strip().upper().removeprefix(country + '-')}")
    if code in _SEED["goods_only"]:
        return Place(code, code, code) if goods else Place("GB")
    if code in _OUTSIDE:
        return Place(code, own_state="" if goods else _OWN_STATE.get(code, ""))
    if country not in STATES:
        return Place(country)
    return Place(country, country, code if code in SHIPPED else country)


def _known_as(code: str) -> str:
    return _SAME.get(code, code)


def compared_country(country: str) -> str:
    """The country as pieces of evidence name it: a look-up of an address says FI on Åland and GB in Belfast."""
    code = _known_as(country.strip().upper())
    return "GB" if code == "XI" else code[:2]
