"""A document in the terms of EN 16931, before any syntax. Amounts are text with the currency's decimals.

Names follow the norm's business terms; the numbers (BT-…) are in the templates, beside the elements.
"""

from dataclasses import dataclass
from datetime import date

__all__ = ["Item", "Party", "Payee", "Scheme", "SemanticInvoice", "VatGroup"]


@dataclass(frozen=True, slots=True)
class Scheme:
    """An identifier and the list that it comes from: ("0204", "991-01484-64")."""

    scheme: str
    id: str


@dataclass(frozen=True, slots=True)
class Party:
    """`vat_id` begins with a country; what doesn't is a `tax_number`. `id` names one who has neither."""

    name: str
    trading_name: str
    id: str
    registration: str
    vat_id: str
    tax_number: str
    street: str
    city: str
    postcode: str
    region: str
    country: str
    contact: str
    phone: str
    email: str
    endpoint: Scheme | None


@dataclass(frozen=True, slots=True)
class VatGroup:
    """All that is taxed alike. `rate` is a percentage, "" outside the scope."""

    category: str
    rate: str
    taxable: str
    tax: str
    reason: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class Item:
    """A line: `quantity` times `price` per `base_quantity`, less `allowance`, is `net`."""

    id: str
    name: str
    description: str
    quantity: str
    price: str
    base_quantity: str
    allowance: str
    allowance_reason: str
    gross_of_allowance: str
    net: str
    category: str
    rate: str
    start: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Payee:
    """Where a transfer goes: means 58 is a SEPA credit transfer, 30 another one."""

    means: str
    iban: str
    holder: str
    bic: str
    reference: str


@dataclass(frozen=True, slots=True)
class SemanticInvoice:
    """`type_code` is 380 for an invoice and 381 for a credit note, whose amounts are above zero as well."""

    type_code: str
    number: str
    issued_on: date
    due_on: date | None
    terms: str
    currency: str
    tax_currency: str
    tax_in_tax_currency: str
    buyer_reference: str
    notes: tuple[str, ...]
    preceding: tuple[str, date | None] | None
    seller: Party
    buyer: Party
    start: date | None
    last: date | None
    delivery_country: str
    payee: Payee | None
    items: tuple[Item, ...]
    groups: tuple[VatGroup, ...]
    line_total: str
    tax_total: str
    total: str
    prepaid: str
    payable: str
