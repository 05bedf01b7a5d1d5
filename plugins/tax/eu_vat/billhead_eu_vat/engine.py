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

`_conflicting_evidence` is added where one piece of evidence stood against one and policy decided.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from billhead.plugin import LineTax, TaxedBuyer, TaxedSeller, TaxEngine, TaxRequest, current_host
from billhead_eu_vat.evidence import Located, locate
from billhead_eu_vat.places import STATES, Place, compared_country, place_of, standard_rate
from billhead_eu_vat.settings import Settings

__all__ = ["EuVat"]

_GOODS = frozenset({"goods", "hardware"})
_ACROSS_BORDERS = frozenset({"oss", "below_threshold"})
_REVERSE_CHARGE = "Reverse charge: VAT is due from the recipient (Article 196 of Directive 2006/112/EC)"
_INTRA_COMMUNITY = "Exempt intra-Community supply of goods (Article 138 of Directive 2006/112/EC)"
_OUTSIDE = "Outside the scope of EU VAT"
_EXPORT = "Exempt export of goods (Article 146 of Directive 2006/112/EC)"


class EuVat(TaxEngine):
    """Standard rates only: television, electronic services, set-up work, boxes and credits all take them."""

    code = "eu_vat"
    label = "EU VAT"

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()

    def opened(self) -> TaxEngine:
        return EuVat(current_host("eu_vat").settings())

    def assess(self, requests: Sequence[TaxRequest]) -> Sequence[Sequence[LineTax]]:
        return [[self._assess(request, line.tax_class in _GOODS) for line in request.lines] for request in requests]

    def _assess(self, request: TaxRequest, goods: bool) -> LineTax:
        buyer = request.buyer
        # goods go where they are delivered, and a business is where its VAT id is from: nothing else is evidence there
        if goods or buyer.exempt_reason or _proven_state(buyer, goods):
            return self._held_for_id(request, goods, _tax(request, goods))
        policy = self._settings.on_contradiction
        found = locate(buyer, own_word_counts=policy == "ask")
        tax = _tax(_moved(request, found.country, found.region), goods)
        if found.rival:
            tax = _contradicted(request, found, tax, policy)
        return self._held_for_id(request, goods, tax)

    def _held_for_id(self, request: TaxRequest, goods: bool, tax: LineTax) -> LineTax:
        """Tax as to a consumer may turn out to be owed by the recipient: hold it, if that is the policy."""
        buyer, holds = request.buyer, self._settings.unchecked_vat_id == "hold"
        if not holds or not buyer.vat_id or buyer.vat_id_state not in ("unchecked", "pending") or tax.hold:
            return tax
        if_valid = _tax(replace(request, buyer=replace(buyer, vat_id_state="valid")), goods)
        if if_valid.rate_ppm == tax.rate_ppm:
            return tax
        return replace(tax, hold=f"The VAT id {buyer.vat_id} has not been confirmed yet; we ask again by ourselves.")


def _moved(request: TaxRequest, country: str, region: str) -> TaxRequest:
    return replace(request, buyer=replace(request.buyer, country=country, region=region))


def _contradicted(request: TaxRequest, found: Located, tax: LineTax, policy: str) -> LineTax:
    """One piece of evidence against the billing address alone."""
    marked = replace(tax, reason=f"{tax.reason}_conflicting_evidence")
    if policy == "safest":
        other = _tax(_moved(request, found.rival, ""), goods=False)
        return replace(other, reason=f"{other.reason}_conflicting_evidence") if _more(other, tax) else marked
    if policy == "billing":
        return marked
    claimed = compared_country(request.buyer.country)
    if policy == "hold":
        return replace(marked, hold=f"The address says {claimed}, other evidence says {found.rival}: staff decides.")
    told = f"Your address says {claimed}, your connection {found.rival}"
    return replace(marked, hold=f"{told}: please confirm your country in your profile.")


def _more(one: LineTax, other: LineTax) -> bool:
    return one.rate_ppm > other.rate_ppm


def _tax(request: TaxRequest, goods: bool) -> LineTax:
    seller, buyer = request.seller, request.buyer
    home = place_of(seller.country, goods=goods)
    place = place_of(buyer.country, buyer.region, goods=goods)
    if not place.state and not (home.state and place.own_state == home.state):
        return _outside(place, goods)
    if buyer.exempt_reason:
        return LineTax(place.jurisdiction, "exempt", 0, f"Exempt from VAT: {buyer.exempt_reason}")
    business = _proven_state(buyer, goods)
    if place.state and business and business != home.state:
        if goods:
            if place.state != home.state:
                return LineTax(place.jurisdiction, "intra_community", 0, _INTRA_COMMUNITY)
        else:
            return LineTax(business, "reverse_charge", 0, _REVERSE_CHARGE)
    if not place.state or place.state == home.state or (business and business == home.state and not goods):
        rated = (place.rated if place.state == home.state else "") or home.rated
        return LineTax(home.jurisdiction, "standard", standard_rate(rated, request.on))
    return _consumer(seller, home, place, request.on)


def _outside(place: Place, goods: bool) -> LineTax:
    if goods:
        return LineTax(place.jurisdiction, "export", 0, _EXPORT)
    return LineTax(place.jurisdiction, "outside_scope", 0, _OUTSIDE)


def _consumer(seller: TaxedSeller, home: Place, place: Place, on: date) -> LineTax:
    """A consumer in another member state than the seller's, or in any where the seller is outside the EU."""
    schemes = {scheme for _, scheme in seller.registrations}
    registered = {place_of(where).state for where, scheme in seller.registrations if scheme not in _ACROSS_BORDERS}
    if place.state in registered:
        reason = "standard"
    elif "oss" in schemes:
        reason = "oss"
    elif "below_threshold" in schemes and home.state:
        return LineTax(home.jurisdiction, "below_threshold", standard_rate(home.rated, on))
    else:
        reason = "unregistered"
    return LineTax(place.jurisdiction, reason, standard_rate(place.rated, on))


def _proven_state(buyer: TaxedBuyer, goods: bool) -> str:
    """The member state of a VAT id that is valid, "" without one. Northern Ireland is one for goods."""
    if not buyer.vat_id or buyer.vat_id_state != "valid":
        return ""
    if goods and buyer.vat_id[:2] == "XI":
        return "XI"
    prefix = compared_country(buyer.vat_id[:2])
    return prefix if prefix in STATES else ""
