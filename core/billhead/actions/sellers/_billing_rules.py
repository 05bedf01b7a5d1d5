"""A seller's rules of billing, as they are entered together."""

from dataclasses import dataclass, fields

from billhead.domain.tax import TaxRounding
from billhead.models.sellers import Seller

__all__ = ["BillingRules", "rules_of"]


@dataclass(frozen=True, slots=True)
class BillingRules:
    """`number_on`: finalisation | payment (renewals are proformas first). `number_proformas`: with a reference.
    `tax_rounding`: one of TaxRounding."""

    terms_days: int = 0
    lead_days: int = 14
    grace_hours: int = 72  # a line runs so long after what is paid
    proforma_days: int = 30
    draft_days: int = 0
    hold_for_review: bool = False
    number_on: str = "finalisation"
    number_proformas: bool = False
    mac_swaps: int = 1  # boxes that a customer may exchange on a line in a month
    tax_rounding: str = TaxRounding.PER_LINE.value
    fiscal_year_start_month: int = 1


def rules_of(seller: Seller) -> BillingRules:
    return BillingRules(**{one.name: getattr(seller, one.name) for one in fields(BillingRules)})
