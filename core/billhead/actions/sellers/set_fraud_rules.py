"""What a seller decides about the screening of orders: limits, which checks are asked, what a score means."""

from dataclasses import dataclass

from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.domain.fraud import FraudRules
from billhead.models.sellers import Seller

__all__ = ["FraudRulesSet", "set_fraud_rules"]


@dataclass(frozen=True, slots=True)
class FraudRulesSet:
    seller_id: int


@verb("sellers.set_fraud_rules", permission="sellers.write")
def set_fraud_rules(tx: Tx, seller_id: int, rules: FraudRules) -> FraudRulesSet:
    """The rules were checked when they were made. Raises NotFound."""
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    before, seller.fraud = seller.fraud, rules.stored()
    audit(tx, "sellers.fraud_rules", f"seller:{seller_id}", {"before": before, "after": rules.stored()})
    return FraudRulesSet(seller_id)
