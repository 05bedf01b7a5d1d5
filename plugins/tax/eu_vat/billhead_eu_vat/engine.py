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

Goods that a seller outside the EU sends in are an import: the recipient pays VAT at the border, so that a business is
outside_scope here, and so is a consumer unless the seller declares such sales (scheme oss).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from billhead.plugin import LineTax, TaxedBuyer, TaxedSeller, TaxEngine, TaxLine, TaxRequest, current_host, marked
from billhead_eu_vat.evidence import Located, locate
from billhead_eu_vat.places import STATES, Place, compared_country, place_of
from billhead_eu_vat.rates import Rates
from billhead_eu_vat.settings import Settings
from billhead_eu_vat.store import current_rates

__all__ = ["EuVat"]

_GOODS = frozenset({"goods", "hardware"})
_ACROSS_BORDERS = frozenset({"oss", "below_threshold"})
_REVERSE_CHARGE = "Reverse charge: VAT is due from the recipient (Article 196 of Directive 2006/112/EC)"
_INTRA_COMMUNITY = "Exempt intra-Community supply of goods (Article 138 of Directive 2006/112/EC)"
_OUTSIDE = "Outside the scope of EU VAT"
_EXPORT = "Exempt export of goods (Article 146 of Directive 2006/112/EC)"


class _Sold(NamedTuple):
    """What is taxed: goods or not, and its rate by place on the tax point's day."""

    goods: bool
    rate: Callable[[str], int]


class EuVat(TaxEngine):
    """Television, electronic services, set-up work, boxes and credits all take the standard rate, unless the operator
    has said another one for their class."""

    code = "eu_vat"
    label = marked("EU VAT")

    def __init__(self, settings: Settings | None = None, rates: Rates | None = None) -> None:
        self._settings = settings or Settings()
        self._rates = rates or Rates()

    def opened(self) -> TaxEngine:
        host = current_host("eu_vat")
        return EuVat(host.settings(), current_rates(host))

    def assess(self, requests: Sequence[TaxRequest]) -> Sequence[Sequence[LineTax]]:
        return [[self._assess(request, self._sold(line, request.on)) for line in request.lines] for request in requests]

    def _sold(self, line: TaxLine, on: date) -> _Sold:
        return _Sold(line.tax_class in _GOODS, lambda place: self._rates.on(place, line.tax_class, on))

    def _assess(self, request: TaxRequest, sold: _Sold) -> LineTax:
        buyer, goods = request.buyer, sold.goods
        # goods go where they are delivered, and a business is where its VAT id is from: nothing else is evidence there
        if goods or buyer.exempt_reason or _proven_state(buyer, goods):
            return self._held_for_id(request, sold, _tax(request, sold))
        policy = self._settings.on_contradiction
        found = locate(buyer, own_word_counts=policy == "ask")
        tax = _tax(_moved(request, found.country, found.region), sold)
        if found.rivals:
            tax = _contradicted(request, found, tax, policy, sold)
        return self._held_for_id(request, sold, tax)

    def _held_for_id(self, request: TaxRequest, sold: _Sold, tax: LineTax) -> LineTax:
        """Tax as to a consumer may turn out to be owed by the recipient: hold it, if that is the policy."""
        buyer, holds = request.buyer, self._settings.unchecked_vat_id == "hold"
        if not holds or not buyer.vat_id or buyer.vat_id_state not in ("unchecked", "pending") or tax.hold:
            return tax
        if_valid = _tax(replace(request, buyer=replace(buyer, vat_id_state="valid")), sold)
        if if_valid.rate_ppm == tax.rate_ppm:
            return tax
        return replace(tax, hold=f"The VAT id {buyer.vat_id} has not been confirmed yet; we ask again by ourselves.")


def _moved(request: TaxRequest, country: str, region: str) -> TaxRequest:
    return replace(request, buyer=replace(request.buyer, country=country, region=region))


def _contradicted(request: TaxRequest, found: Located, tax: LineTax, policy: str, sold: _Sold) -> LineTax:
    """Evidence that stands against the billing address, and does not agree enough to decide by itself."""
    if policy == "safest":
        taxes = [tax, *(_tax(_moved(request, rival, ""), sold) for rival in found.rivals)]
        tax = max(taxes, key=lambda one: one.rate_ppm)  # of equal ones the first: the address
    marked = replace(tax, reason=f"{tax.reason}_conflicting_evidence")
    if policy in ("safest", "billing"):
        return marked
    claimed, rivals = compared_country(request.buyer.country), ", ".join(found.rivals)
    if policy == "hold":
        return replace(marked, hold=f"The address says {claimed}, other evidence says {rivals}: staff decides.")
    told = f"Your address says {claimed}, your connection {rivals}"
    return replace(marked, hold=f"{told}: please confirm your country in your profile.")


def _tax(request: TaxRequest, sold: _Sold) -> LineTax:
    seller, buyer, goods = request.seller, request.buyer, sold.goods
    home = place_of(seller.country, goods=goods)
    place = place_of(buyer.country, buyer.region, goods=goods)
    imported = goods and not home.state and not _registered(seller, goods)
    if not place.state and not (home.state and place.own_state == home.state):
        return _outside(place, goods and not imported)
    if buyer.exempt_reason:
        return LineTax(place.jurisdiction, "exempt", 0, f"Exempt from VAT: {buyer.exempt_reason}")
    business = _proven_state(buyer, goods)
    if imported and (business or not _declares(seller)):
        return _outside(place, goods=False)
    if place.state and business and business != home.state:
        if goods:
            if place.state != home.state:
                return LineTax(place.jurisdiction, "intra_community", 0, _INTRA_COMMUNITY)
        else:
            return LineTax(business, "reverse_charge", 0, _REVERSE_CHARGE)
    if not place.state or place.state == home.state or (business and business == home.state and not goods):
        rated = (place.rated if place.state == home.state else "") or home.rated
        return LineTax(home.jurisdiction, "standard", sold.rate(rated))
    return _consumer(seller, home, place, sold)


def _registered(seller: TaxedSeller, goods: bool) -> set[str]:
    """The member states where the seller has a registration of its own."""
    places = (
        place_of(where, goods=goods).state for where, scheme in seller.registrations if scheme not in _ACROSS_BORDERS
    )
    return {state for state in places if state}


def _declares(seller: TaxedSeller) -> bool:
    return any(scheme == "oss" for _, scheme in seller.registrations)


def _outside(place: Place, goods: bool) -> LineTax:
    if goods:
        return LineTax(place.jurisdiction, "export", 0, _EXPORT)
    return LineTax(place.jurisdiction, "outside_scope", 0, _OUTSIDE)


def _consumer(seller: TaxedSeller, home: Place, place: Place, sold: _Sold) -> LineTax:
    """A consumer in another member state than the seller's, or in any where the seller is outside the EU."""
    if place.state in _registered(seller, sold.goods):
        reason = "standard"
    elif _declares(seller):
        reason = "oss"
    elif home.state and any(scheme == "below_threshold" for _, scheme in seller.registrations):
        return LineTax(home.jurisdiction, "below_threshold", sold.rate(home.rated))
    else:
        reason = "unregistered"
    return LineTax(place.jurisdiction, reason, sold.rate(place.rated))


def _proven_state(buyer: TaxedBuyer, goods: bool) -> str:
    """The member state of a VAT id that is valid, "" without one. Northern Ireland is one for goods."""
    if not buyer.vat_id or buyer.vat_id_state != "valid":
        return ""
    if goods and buyer.vat_id[:2] == "XI":
        return "XI"
    prefix = compared_country(buyer.vat_id[:2])
    return prefix if prefix in STATES else ""
