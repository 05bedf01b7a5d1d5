"""Which amounts of credit customers of a seller may buy ahead, by currency."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from billhead.actions.credits._top_up import TopUpTerms
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import CREDITS, exponent
from billhead.models.sellers import Seller

__all__ = ["TopUpsSet", "set_top_ups"]


@dataclass(frozen=True, slots=True)
class TopUpsSet:
    seller_id: int


@verb("sellers.set_top_ups", permission="sellers.write")
def set_top_ups(tx: Tx, seller_id: int, terms: Mapping[str, TopUpTerms]) -> TopUpsSet:
    """A currency that is not named is not sold. Orders that wait to be paid stay. Raises NotFound or InvalidInput."""
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    for currency in terms:
        exponent(currency)
        if currency == CREDITS:
            raise InvalidInput("top_ups", f"{currency} is what resellers pay with")
    stored = {currency: {**asdict(one), "offered": list(one.offered)} for currency, one in terms.items()}
    before, seller.top_ups = seller.top_ups, stored
    audit(tx, "sellers.top_ups", f"seller:{seller_id}", {"before": before, "after": stored})
    return TopUpsSet(seller_id)
