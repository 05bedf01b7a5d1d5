"""What staff knows about a customer's tax: an exemption with its certificate, location evidence, a VAT id by hand."""

import re
from dataclasses import dataclass, field
from datetime import date

from billhead import clock
from billhead.actions.billing.retax_open import retax_open
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.people import Customer
from billhead.models.tax import TaxIdCheck

__all__ = ["TaxFacts", "set_tax_facts"]

_COUNTRY = re.compile(r"[A-Z]{2}")
_SOURCE = re.compile(r"[a-z][a-z0-9_]{0,19}")
_STATES = frozenset({"", "valid", "invalid"})


@dataclass(frozen=True, slots=True)
class TaxFacts:
    """`vat_id_state`: "" leaves it to the register; "valid" or "invalid" is decided by hand, for `vat_id_reference`.

    `evidence`: source (ip, bank, sim …) → country. It replaces what is there.
    """

    exempt_reason: str = ""
    exempt_certificate: str = ""
    exempt_until: date | None = None
    evidence: dict[str, str] = field(default_factory=dict)
    vat_id_state: str = ""
    vat_id_reference: str = ""


@verb("accounts.set_tax_facts", permission="customers.write")
def set_tax_facts(tx: Tx, customer_id: int, facts: TaxFacts) -> None:
    """Takes effect on open orders at once, on invoices from the next one. Raises InvalidInput naming the field."""
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound("customer", customer_id)
    _check(customer, facts)
    before = _shown(customer)
    customer.tax_exempt_reason = facts.exempt_reason
    customer.tax_exempt_certificate = facts.exempt_certificate
    customer.tax_exempt_until = facts.exempt_until
    customer.location_evidence = dict(facts.evidence)
    if facts.vat_id_state:
        _decide(tx, customer, facts)
    after = _shown(customer)
    changed = {name: f"{before[name]} → {after[name]}" for name in after if before[name] != after[name]}
    note(tx, f"customer:{customer_id}", **changed)
    retax_open(tx, customer_id)


def _check(customer: Customer, facts: TaxFacts) -> None:
    if not facts.exempt_reason and (facts.exempt_certificate or facts.exempt_until):
        raise InvalidInput("exempt_reason", "a certificate needs the reason that it proves")
    for source, country in facts.evidence.items():
        if not _SOURCE.fullmatch(source):
            raise InvalidInput("evidence", f"{source!r} is not a source: small letters, like ip or bank")
        if not _COUNTRY.fullmatch(country):
            raise InvalidInput("evidence", f"{country!r} is not a country code of two capital letters")
    if facts.vat_id_state not in _STATES:
        raise InvalidInput("vat_id_state", f"{facts.vat_id_state!r} is not valid or invalid")
    if facts.vat_id_state and not customer.vat_id:
        raise InvalidInput("vat_id_state", "there is no VAT id to decide about")
    if facts.vat_id_state and not facts.vat_id_reference:
        raise InvalidInput("vat_id_reference", "say what was looked at, an auditor will ask")


def _decide(tx: Tx, customer: Customer, facts: TaxFacts) -> None:
    customer.vat_id_state, customer.vat_id_checked_at = facts.vat_id_state, clock.business_now()
    tx.session.add(
        TaxIdCheck(
            customer_id=customer.id,
            vat_id=customer.vat_id,
            checker="staff",
            outcome=facts.vat_id_state,
            reference=facts.vat_id_reference,
            at=clock.business_now(),
        )
    )


def _shown(customer: Customer) -> dict[str, str]:
    return {
        "exempt": customer.tax_exempt_reason,
        "certificate": customer.tax_exempt_certificate,
        "until": str(customer.tax_exempt_until or ""),
        "evidence": " ".join(f"{source}={country}" for source, country in sorted(customer.location_evidence.items())),
        "vat_id_state": customer.vat_id_state,
    }
