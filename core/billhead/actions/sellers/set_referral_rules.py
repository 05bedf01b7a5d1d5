"""What customers of a seller get for the friends whom they bring."""

from dataclasses import asdict, dataclass

from billhead.actions.sellers._keeping import keep_rules
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.referral import ReferralRules

__all__ = ["ReferralsSet", "set_referral_rules"]


@dataclass(frozen=True, slots=True)
class ReferralsSet:
    seller_id: int


@verb("sellers.set_referral_rules", permission="sellers.write")
def set_referral_rules(tx: Tx, seller_id: int, rules: ReferralRules) -> ReferralsSet:
    """The rules were checked when they were made; they hold for those who wait, too. Raises NotFound."""
    stored = {**asdict(rules), "rewards": {currency: list(both) for currency, both in rules.rewards.items()}}
    keep_rules(tx, seller_id, "referrals", stored)
    return ReferralsSet(seller_id)
