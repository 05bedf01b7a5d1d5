"""How a seller's documents come about: drafts first or not, when numbers are given, how long offers stand."""

from dataclasses import asdict, dataclass

from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.sellers import Seller

__all__ = ["BillingRules", "RulesSet", "set_billing_rules"]

_LONGEST = 365


@dataclass(frozen=True, slots=True)
class BillingRules:
    """`number_on`: finalisation | payment (renewals are proformas first). `number_proformas`: with a reference."""

    terms_days: int = 0
    lead_days: int = 14
    proforma_days: int = 30
    draft_days: int = 0
    hold_for_review: bool = False
    number_on: str = "finalisation"
    number_proformas: bool = False
    mac_swaps: int = 1  # boxes that a customer may exchange on a line in a month


@dataclass(frozen=True, slots=True)
class RulesSet:
    seller_id: int


@verb("sellers.set_billing_rules", permission="sellers.write")
def set_billing_rules(tx: Tx, seller_id: int, rules: BillingRules) -> RulesSet:
    """They hold from the next document on. Raises NotFound, or InvalidInput naming the field."""
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    for name in ("draft_days", "proforma_days", "terms_days", "lead_days"):
        if not 0 <= getattr(rules, name) <= _LONGEST:
            raise InvalidInput(name, f"must be from 0 to {_LONGEST} days")
    if not 0 <= rules.mac_swaps <= 100:
        raise InvalidInput("mac_swaps", "must be from 0 to 100")
    if rules.number_on not in ("finalisation", "payment"):
        raise InvalidInput("number_on", "is finalisation or payment")
    before = {name: getattr(seller, name) for name in asdict(rules)}
    for name, value in asdict(rules).items():
        setattr(seller, name, value)
    audit(tx, "sellers.billing_rules", f"seller:{seller_id}", {"before": before, "after": asdict(rules)})
    return RulesSet(seller_id)
