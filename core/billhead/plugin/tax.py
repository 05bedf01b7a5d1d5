"""What a tax engine is asked: for these documents-to-be, which tax on which line, and why. No network, no database.

And what a checker of tax ids is asked, before: does this id exist? That one may use the network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, runtime_checkable

from billhead.plugin.http import HttpClient

__all__ = [
    "CheckerConnection",
    "LineTax",
    "TaxEngine",
    "TaxIdAnswer",
    "TaxIdChecker",
    "TaxLine",
    "TaxRequest",
    "TaxedBuyer",
    "TaxedSeller",
]


@dataclass(frozen=True, slots=True)
class TaxedSeller:
    """Who sells, where it is established and where it is registered."""

    country: str
    vat_id: str = ""
    registrations: frozenset[tuple[str, str]] = frozenset()  # (jurisdiction, scheme)


@dataclass(frozen=True, slots=True)
class TaxedBuyer:
    """What is known of the buyer. `evidence`, gathered before: pairs of source (billing, ip, bank) and country.

    `postcode` is given to engines that ask for it (`uses_postcode`). An exemption that has run out is not given.
    """

    country: str
    region: str = ""
    company: bool = False
    vat_id: str = ""
    vat_id_state: str = "unchecked"  # unchecked | valid | invalid | pending (asked for, no answer yet)
    exempt_reason: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    postcode: str = ""


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
    `also`: further taxes of the same line, in order (GST, then QST); each has a code of its own on the line and no
    `also` in turn. A `compound` one is taken on the net amount and the taxes before it.
    `hold`: why this document can't be issued yet. An invoice then waits for a later run; an order stands as an open
    proforma that can't be paid before the cause is gone. It is told to staff and buyer.
    """

    jurisdiction: str
    reason: str
    rate_ppm: int
    note: str = ""  # what must be printed, e.g. "Reverse charge: VAT is due from the recipient"
    compound: bool = False
    also: tuple["LineTax", ...] = ()
    hold: str = ""


@runtime_checkable
class TaxEngine(Protocol):
    """Decides which tax is due, never how much: core multiplies and rounds.

    Two more members, where an engine needs them:

    `uses_postcode = True`: the buyer's postcode is wanted. Without it buyers of one place are asked about once.
    `opened(self) -> TaxEngine`: called once per run or quote, at a point where the engine may read its settings and
    its own tables through `current_host`. What it returns answers for all of that run.
    """

    code: str
    label: str

    def assess(self, requests: Sequence[TaxRequest]) -> Sequence[Sequence[LineTax]]:
        """One LineTax per line of each request, in order. Batched: a billing run asks for thousands at once.

        Deterministic, so equal requests may be asked once and the answer reused within a run.
        """


@dataclass(frozen=True, slots=True)
class CheckerConnection:
    """The settings of the checker's plugin, and a client whose failures are raised as TaxServiceDown."""

    settings: Any
    http: HttpClient


@dataclass(frozen=True, slots=True)
class TaxIdAnswer:
    """What the service said. `reference` is its proof that it was asked; `name` and `address` as registered there."""

    valid: bool
    reference: str = ""
    name: str = ""
    address: str = ""


@runtime_checkable
class TaxIdChecker(Protocol):
    """Asks a public register whether a tax id exists. Called with no session open, and before tax is assessed."""

    code: str
    label: str

    def normalise(self, tax_id: str, country: str) -> str:
        """The id as the register writes it; "" if it is none of this checker's. Pure.

        `country` is the buyer's, for ids without a country in them. Raises InvalidInput("vat_id", why) for one that
        can't exist (length, check digit).
        """

    def check(self, checker: CheckerConnection, tax_id: str, requester: str) -> TaxIdAnswer:
        """Ask about a normalised id; `requester` is the seller's own id, or "".

        Raises TaxServiceDown unless the register has answered yes or no: no answer is never "invalid".
        """
