"""Which taxes are due by the table of rates. What is due is one of these reasons:

the tax's name    gst, qst, state …: its rate, one or several on a line
reverse_charge    0: a business abroad with a valid tax id owes it itself
exempt            0: the buyer is exempt
not_registered    0: there is a tax there, but the seller is registered for none of it
not_taxed         0: the table has no tax for this place and class
region_unknown    what the country alone charges (perhaps 0), where the buyer's state or province decides the rest
postcode_unknown  0: nothing is due without a postcode, and more may be due with the one that the buyer has not given
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from billhead.plugin import LineTax, TaxedBuyer, TaxedSeller, TaxEngine, TaxRequest, current_host, marked
from billhead_sales_tax import store
from billhead_sales_tax.rates import EVERYWHERE, Rate, Rates

__all__ = ["UNKNOWN_REGION", "SalesTax"]

UNKNOWN_REGION = (marked("hold"), marked("charge_country"))
_REVERSE_CHARGE = "Reverse charge: the tax is due from the recipient"
_ASK_REGION = "The tax depends on your state or province: please add it to your profile."
_ASK_POSTCODE = "The tax depends on your postcode: please add it to your profile."

_ASK = {"region_unknown": _ASK_REGION, "postcode_unknown": _ASK_POSTCODE}


class SalesTax(TaxEngine):
    """Answers from a table that stays the same while it is open; without one, from the shipped rates."""

    code = "sales_tax"
    label = marked("Sales tax, GST and VAT by table")
    uses_postcode = True

    def __init__(self, rates: Rates | None = None, unknown_region: str = "hold") -> None:
        self._rates = rates
        self._holds = unknown_region == "hold"
        self._due = lru_cache(maxsize=10_000)(self._look_up)

    def opened(self) -> TaxEngine:
        host = current_host("sales_tax")
        return SalesTax(store.current_rates(host), host.settings().unknown_region)

    def assess(self, requests: Sequence[TaxRequest]) -> Sequence[Sequence[LineTax]]:
        return [[self._tax(request, line.tax_class) for line in request.lines] for request in requests]

    @property
    def rates(self) -> Rates:
        if self._rates is None:
            self._rates = Rates()
        return self._rates

    def _look_up(self, country: str, region: str, postcode: str, tax_class: str, on: date) -> tuple[Rate, ...]:
        return tuple(self.rates.due(country, region, postcode, tax_class, on))

    def _tax(self, request: TaxRequest, tax_class: str) -> LineTax:
        buyer, seller = request.buyer, request.seller
        country, region = _place(buyer)
        where = f"{country}-{region}" if region else country
        due = self._due(country, region, buyer.postcode, tax_class, request.on)
        unknown = self._unknown(seller, country, where) or self._postcode_unknown(request, region, tax_class)
        if buyer.exempt_reason and (due or unknown):
            return LineTax(where, "exempt", 0, f"Exempt from tax: {buyer.exempt_reason}")
        hold = _ASK[unknown] if unknown and self._holds else ""
        charged = [rate for rate in due if _is_registered(seller, rate)]
        if not charged:
            return LineTax(where, unknown or ("not_registered" if due else "not_taxed"), 0, hold=hold)
        return self._charged(charged, buyer, seller, hold)

    def _charged(self, due: Sequence[Rate], buyer: TaxedBuyer, seller: TaxedSeller, hold: str) -> LineTax:
        is_firm = buyer.company and bool(buyer.vat_id) and buyer.vat_id_state == "valid"
        abroad = is_firm and buyer.country != seller.country
        taxes = [
            LineTax(rate.jurisdiction, "reverse_charge", 0, _REVERSE_CHARGE)
            if abroad and rate.reverse_charge
            else LineTax(rate.jurisdiction, rate.tax, rate.rate_ppm, compound=rate.compound)
            for rate in due
        ]
        taxes = list(dict.fromkeys(taxes))  # several that the buyer owes to one place are one note on the document
        first = taxes[0]
        # the first has nothing before it to be taken on
        return LineTax(first.jurisdiction, first.reason, first.rate_ppm, first.note, also=tuple(taxes[1:]), hold=hold)

    def _unknown(self, seller: TaxedSeller, country: str, where: str) -> str:
        """Whether a region of this country would be taxed by this seller, and the buyer's is not among the known."""
        if where in self.rates.regions or not self.rates.depends_on_region(country):
            return ""
        asks = any(place == country or place.startswith(f"{country}-") for place, _ in seller.registrations)
        return "region_unknown" if asks else ""

    def _postcode_unknown(self, request: TaxRequest, region: str, tax_class: str) -> str:
        """Whether this seller charges something there by postcode, and the buyer has given none."""
        if request.buyer.postcode or request.buyer.exempt_reason:
            return ""
        country, _ = _place(request.buyer)
        asks = self.rates.by_postcode(country, region, tax_class, request.on)
        return "postcode_unknown" if any(_is_registered(request.seller, rate) for rate in asks) else ""


def _is_registered(seller: TaxedSeller, rate: Rate) -> bool:
    return rate.needs == EVERYWHERE or any(place == rate.needs for place, _ in seller.registrations)


def _place(buyer: TaxedBuyer) -> tuple[str, str]:
    """(country, region without its country)."""
    country = buyer.country.strip().upper()
    return country, buyer.region.strip().upper().removeprefix(f"{country}-")
