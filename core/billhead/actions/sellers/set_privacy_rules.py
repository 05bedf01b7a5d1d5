"""What a seller decides about people's data: how long what is kept, and the time before somebody is erased."""

from dataclasses import dataclass

from billhead.actions.sellers._keeping import keep_rules
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.privacy import PrivacyRules

__all__ = ["PrivacyRulesSet", "set_privacy_rules"]


@dataclass(frozen=True, slots=True)
class PrivacyRulesSet:
    seller_id: int


@verb("sellers.set_privacy_rules", permission="privacy.write")
def set_privacy_rules(tx: Tx, seller_id: int, rules: PrivacyRules) -> PrivacyRulesSet:
    """The rules were checked when they were made. Raises NotFound."""
    keep_rules(tx, seller_id, "privacy", rules.stored())
    return PrivacyRulesSet(seller_id)
