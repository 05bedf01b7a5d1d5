"""Some plans beside each other: what each has, what it costs for every term, and what a longer one saves."""

from dataclasses import dataclass
from fractions import Fraction

from flask import request
from flask.typing import ResponseReturnValue

from billhead.db import reading
from billhead.domain.money import Money, Rounding
from billhead.domain.periods import Term
from billhead.plugin import allow
from billhead.web.pages import page
from billhead.web.request_context import current_seller
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.offers import Offer, offers
from billhead.web.storefront.opening import opens_soon_here
from billhead.web.storefront.priced import audience

__all__ = ["Compared", "compared"]

_MOST, _AT_FIRST = 4, 3


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
        found = offers(session, audience(session, seller))
        soon = not found and opens_soon_here(session)
    wanted = set(request.args.getlist("plan"))
    chosen = [offer for offer in found if offer.code in wanted][:_MOST] or found[:_AT_FIRST]
    lengths = {price.term: price.length for offer in chosen for price in offer.prices}
    terms = sorted(lengths, key=lambda term: (lengths[term], term))
    told = {"offers": found, "plans": [compared(offer) for offer in chosen], "terms": terms, "most": _MOST}
    return page("storefront/compare.html", inclusive=_inclusive(chosen), opens_soon=soon, **told)


def _inclusive(found: list[Offer]) -> bool:
    return bool(found) and all(price.tax_inclusive for offer in found for price in offer.prices)
