"""What a seller decides about the screening of orders: limits, which checks are asked, what a score means."""

from dataclasses import dataclass

from billhead.actions.sellers._keeping import keep_rules
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.fraud import FraudRules

__all__ = ["FraudRulesSet", "set_fraud_rules"]


@dataclass(frozen=True, slots=True)
class FraudRulesSet:
    seller_id: int


@verb("sellers.set_fraud_rules", permission="sellers.write")
def set_fraud_rules(tx: Tx, seller_id: int, rules: FraudRules) -> FraudRulesSet:
    """The rules were checked when they were made. Raises NotFound."""
    keep_rules(tx, seller_id, "fraud", rules.stored())
    return FraudRulesSet(seller_id)
