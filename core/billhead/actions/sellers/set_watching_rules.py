"""What a seller decides about access and viewings: limits, how long things are kept, when a line looks shared."""

from dataclasses import asdict, dataclass

from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.domain.watching import WatchingRules
from billhead.models.sellers import Seller

__all__ = ["WatchingSet", "set_watching_rules"]


@dataclass(frozen=True, slots=True)
class WatchingSet:
    seller_id: int


@verb("sellers.set_watching_rules", permission="sellers.write")
def set_watching_rules(tx: Tx, seller_id: int, rules: WatchingRules) -> WatchingSet:
    """The rules were checked when they were made. Raises NotFound."""
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    before, seller.watching = seller.watching, asdict(rules)
    audit(tx, "sellers.watching_rules", f"seller:{seller_id}", {"before": before, "after": asdict(rules)})
    return WatchingSet(seller_id)
