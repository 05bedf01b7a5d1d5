"""What a seller decides about access and viewings: limits, how long things are kept, when a line looks shared."""

from dataclasses import asdict, dataclass

from billhead.actions.sellers._keeping import keep_rules
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.watching import WatchingRules

__all__ = ["WatchingSet", "set_watching_rules"]


@dataclass(frozen=True, slots=True)
class WatchingSet:
    seller_id: int


@verb("sellers.set_watching_rules", permission="sellers.write")
def set_watching_rules(tx: Tx, seller_id: int, rules: WatchingRules) -> WatchingSet:
    """The rules were checked when they were made. Raises NotFound."""
    keep_rules(tx, seller_id, "watching", asdict(rules))
    return WatchingSet(seller_id)
