"""What a tax engine is asked: for these documents-to-be, which tax on which line, and why. No network, no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

__all__ = ["LineTax", "TaxEngine", "TaxLine", "TaxRequest", "TaxedBuyer", "TaxedSeller"]


@dataclass(frozen=True, slots=True)
class TaxedSeller:
    """Who sells, where it is established and where it is registered."""

    country: str
    vat_id: str = ""
    registrations: frozenset[tuple[str, str]] = frozenset()  # (jurisdiction, scheme)


@dataclass(frozen=True, slots=True)
class TaxedBuyer:
    """What is known of the buyer. `evidence`, gathered before: pairs of source (billing, ip, bank) and country."""

    country: str
    region: str = ""
    company: bool = False
    vat_id: str = ""
    vat_id_state: str = "unchecked"  # unchecked | valid | invalid | pending
    exempt_reason: str = ""
    evidence: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One line to be taxed: what kind of thing, and its net amount in minor units."""

    tax_class: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class TaxRequest:
    """A document-to-be: who sells what to whom, and when."""

    seller: TaxedSeller
    buyer: TaxedBuyer
    on: date  # tax point
    lines: tuple[TaxLine, ...]


@dataclass(frozen=True, slots=True)
class LineTax:
    """`jurisdiction` and `reason` name the tax account and go on the document, e.g. ("DE", "standard").

    `rate_ppm`: parts per million of the net amount (19 % = 190000). Core multiplies and rounds, by the seller's mode.
    """

    jurisdiction: str
    reason: str
    rate_ppm: int
    note: str = ""  # what must be printed, e.g. "Reverse charge: VAT is due from the recipient"


@runtime_checkable
class TaxEngine(Protocol):
    """Decides which tax is due, never how much: core multiplies and rounds."""

    code: str
    label: str

    def assess(self, requests: Sequence[TaxRequest]) -> Sequence[Sequence[LineTax]]:
        """One LineTax per line of each request, in order. Batched: a billing run asks for thousands at once.

        Deterministic, so equal requests may be asked once and the answer reused within a run.
        """
