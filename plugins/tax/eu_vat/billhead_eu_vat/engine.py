"""The rules of EU VAT, in the order in which they are asked. What is due is one of these reasons:

standard          VAT of the seller's own country, or of a country where the seller is registered
oss               the buyer's country, declared in the one-stop shop
unregistered      the buyer's country, where the seller is registered neither there nor for the one-stop shop: still due
below_threshold   the seller's country, for a consumer elsewhere in the EU, while the seller stays below the threshold
reverse_charge    0: a business in another member state, proven by a valid VAT id, owes it itself
intra_community   0: goods to such a business
outside_scope     0: the buyer is outside the territory of EU VAT
export            0: goods to such a buyer
exempt            0: the buyer is exempt

`_conflicting_evidence` is added where the place hangs on the buyer's word alone: other evidence contradicts the billing
address, and none confirms it.
"""

from collections.abc import Sequence
from datetime import date

from billhead.plugin import LineTax, TaxedBuyer, TaxedSeller, TaxRequest
from billhead_eu_vat.places import Place, compared_country, place_of, standard_rate

__all__ = ["EuVat"]

_GOODS = frozenset({"goods", "hardware"})
_ACROSS_BORDERS = frozenset({"oss", "below_threshold"})
_REVERSE_CHARGE = "Reverse charge: VAT is due from the recipient (Article 196 of Directive 2006/112/EC)"
_INTRA_COMMUNITY = "Exempt intra-Community supply of goods (Article 138 of Directive 2006/112/EC)"
_OUTSIDE = "Outside the scope of EU VAT"
_EXPORT = "Exempt export of goods (Article 146 of Directive 2006/112/EC)"


class EuVat:
    """Standard rates only: television, electronic services, set-up work, boxes and credits all take them."""

    code = "eu_vat"
    label = "EU VAT"

    def assess(self, requests: Sequence[TaxRequest]) -> Sequence[Sequence[LineTax]]:
        return [[_tax(request, line.tax_class in _GOODS) for line in request.lines] for request in requests]


def _tax(request: TaxRequest, goods: bool) -> LineTax:
    seller, buyer = request.seller, request.buyer
    home = place_of(seller.country)
    place = place_of(buyer.country, buyer.region, goods=goods)
    if not place.state and not (home.state and place.own_state == home.state):
        return _outside(place, buyer, goods)
    if buyer.exempt_reason:
        return LineTax(place.jurisdiction, "exempt", 0, f"Exempt from VAT: {buyer.exempt_reason}")
    if not place.state or place.state == home.state:
        rated = place.rated or home.rated
        return LineTax(home.jurisdiction, _told("standard", buyer, goods), standard_rate(rated, request.on))
    if _is_proven_business(buyer):
        if goods:
            return LineTax(place.jurisdiction, "intra_community", 0, _INTRA_COMMUNITY)
        return LineTax(place.jurisdiction, "reverse_charge", 0, _REVERSE_CHARGE)
    return _consumer(seller, buyer, home, place, request.on, goods)


def _outside(place: Place, buyer: TaxedBuyer, goods: bool) -> LineTax:
    if goods:
        return LineTax(place.jurisdiction, "export", 0, _EXPORT)
    return LineTax(place.jurisdiction, _told("outside_scope", buyer, goods), 0, _OUTSIDE)


def _consumer(seller: TaxedSeller, buyer: TaxedBuyer, home: Place, place: Place, on: date, goods: bool) -> LineTax:
    """A consumer in another member state than the seller's, or in any where the seller is outside the EU."""
    schemes = {scheme for _, scheme in seller.registrations}
    registered = {place_of(where).state for where, scheme in seller.registrations if scheme not in _ACROSS_BORDERS}
    if place.state in registered:
        reason = "standard"
    elif "oss" in schemes:
        reason = "oss"
    elif "below_threshold" in schemes and home.state:
        return LineTax(home.jurisdiction, _told("below_threshold", buyer, goods), standard_rate(home.rated, on))
    else:
        reason = "unregistered"
    return LineTax(place.jurisdiction, _told(reason, buyer, goods), standard_rate(place.rated, on))


def _is_proven_business(buyer: TaxedBuyer) -> bool:
    return bool(buyer.vat_id) and buyer.vat_id_state == "valid"


def _told(reason: str, buyer: TaxedBuyer, goods: bool) -> str:
    """The reason, marked if evidence contradicts it; goods go where they are delivered, so none is asked for."""
    claimed = compared_country(buyer.country)
    others = [compared_country(country) for source, country in buyer.evidence if source != "billing" and country]
    in_doubt = bool(others) and claimed not in others and not goods
    return f"{reason}_conflicting_evidence" if in_doubt else reason
