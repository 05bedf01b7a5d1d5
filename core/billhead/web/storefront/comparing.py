"""All plans beside each other: what each has, what it costs a month for every term, and what a longer one saves."""

from dataclasses import dataclass
from fractions import Fraction

from flask.typing import ResponseReturnValue

from billhead.db import reading
from billhead.domain.money import Money, Rounding
from billhead.domain.periods import Term
from billhead.plugin import allow
from billhead.web.pages import page
from billhead.web.request_context import current_seller
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.offers import Offer, offers
from billhead.web.storefront.priced import audience

__all__ = ["Compared", "compared"]

_MOST = 30


@dataclass(frozen=True, slots=True)
class Compared:
    """A plan; by term what it costs, about a month of it, and how many percent less that is than month by month."""

    offer: Offer
    terms: dict[str, tuple[Money, Money | None, int]]


def compared(offer: Offer) -> Compared:
    monthly = offer.price("1 month")
    found: dict[str, tuple[Money, Money | None, int]] = {}
    for price in offer.prices:
        months = Term.parse(price.term).months
        saved = 0
        if monthly is not None and months > 1 and monthly.amount.minor:
            usual = monthly.amount.times(Fraction(months), Rounding.HALF_UP).minor
            saved = max(0, (usual - price.amount.minor) * 100 // usual)
        found[price.term] = (price.amount, price.a_month, saved)
    return Compared(offer, found)


@storefront.get("/compare")
@allow("anyone")
def compare() -> ResponseReturnValue:
    seller = current_seller()
    if seller is None:
        return page("storefront/set_up.html")
    with reading() as session:
        who = audience(session, seller)
        found = offers(session, who)[:_MOST]
    plans = [compared(offer) for offer in found]
    lengths = {price.term: price.length for offer in found for price in offer.prices}
    terms = sorted(lengths, key=lambda term: (lengths[term], term))
    with_features = any(offer.features.lines for offer in found)
    told = {"plans": plans, "terms": terms, "with_features": with_features}
    return page("storefront/compare.html", inclusive=_inclusive(found), **told)


def _inclusive(found: list[Offer]) -> bool:
    return bool(found) and all(price.tax_inclusive for offer in found for price in offer.prices)
