"""Where the buyer is: decided by two pieces of evidence that agree (Article 24f of Regulation 282/2011), not by a word.

The billing address is one piece; the country of an IP address, a bank, a card, a SIM are others. Two that agree decide.
One piece alone is taken as it is. One against one is a contradiction, and the operator's policy decides.
"""

from collections import Counter
from dataclasses import dataclass

from billhead.plugin import TaxedBuyer
from billhead_eu_vat.places import compared_country

__all__ = ["Located", "locate"]

_OWN_WORD = "declared"  # the profile's country, said once more: counts only where the customer was asked for it


@dataclass(frozen=True, slots=True)
class Located:
    """`country` and `region` decide. `rival`: the country that contradicts them, "" if none does."""

    country: str
    region: str
    rival: str = ""


def locate(buyer: TaxedBuyer, *, own_word_counts: bool = False) -> Located:
    """The place that two pieces agree on; else the billing address, with its rival if there is one."""
    claimed = compared_country(buyer.country)
    others = Counter(
        compared_country(country)
        for source, country in buyer.evidence
        if country and source != "billing" and (source != _OWN_WORD or own_word_counts)
    )
    if not others or claimed in others:
        return Located(buyer.country, buyer.region)
    country, pieces = min(others.items(), key=lambda one: (-one[1], one[0]))
    if pieces > 1:
        return Located(country, "")
    return Located(buyer.country, buyer.region, country)
