"""Where the buyer is: decided by two pieces of evidence that agree (Article 24f of Regulation 282/2011), not by a word.

The billing address is one piece; the country of an IP address, a bank, a card, a SIM are others. The country that most
of them name decides. One piece alone is taken as it is. One against one is a contradiction, as are two against two, and
the operator's policy decides. What names no country (a look-up that says EU, XX or T1) is no evidence.
"""

import re
from collections import Counter
from dataclasses import dataclass

from billhead.plugin import TaxedBuyer
from billhead_eu_vat.places import compared_country

__all__ = ["Located", "locate"]

_COUNTRY = re.compile(r"[A-Z]{2}")
_NOWHERE = frozenset({"AP", "EU", "XX", "ZZ"})  # what look-ups of addresses say where they know no country
_OWN_WORD = "declared"  # the profile's country, said once more: counts only where the customer was asked for it


@dataclass(frozen=True, slots=True)
class Located:
    """`country` and `region` decide. `rivals`: the countries that contradict them, none stronger than another."""

    country: str
    region: str
    rivals: tuple[str, ...] = ()


def locate(buyer: TaxedBuyer, *, own_word_counts: bool = False) -> Located:
    """The place that most pieces name; else the billing address, with its rivals."""
    claimed = compared_country(buyer.country)
    said = [
        (source, country)
        for source, told in buyer.evidence
        if source != "billing" and (source != _OWN_WORD or own_word_counts) and (country := _named(told))
    ]
    pieces = Counter([claimed, *(country for _source, country in said)])
    most = max(pieces.values())
    strongest = sorted(country for country, found in pieces.items() if found == most)
    confirmed = (_OWN_WORD, claimed) in said  # was asked, and can't be asked for more than that
    if strongest == [claimed] or (confirmed and claimed in strongest):
        return Located(buyer.country, buyer.region)
    if len(strongest) == 1:
        return Located(strongest[0], "")
    return Located(buyer.country, buyer.region, tuple(one for one in strongest if one != claimed))


def _named(told: str) -> str:
    """The country of a piece of evidence, "" where it names none."""
    country = compared_country(told)
    return country if _COUNTRY.fullmatch(country) and country not in _NOWHERE else ""
