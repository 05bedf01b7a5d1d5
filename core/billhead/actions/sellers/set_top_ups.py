"""Which amounts of credit customers of a seller may buy ahead, by currency."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from billhead.actions.sellers._keeping import keep_rules
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, exponent
from billhead.domain.top_ups import TopUpTerms

__all__ = ["TopUpsSet", "set_top_ups"]


@dataclass(frozen=True, slots=True)
class TopUpsSet:
    seller_id: int


@verb("sellers.set_top_ups", permission="sellers.write")
def set_top_ups(tx: Tx, seller_id: int, terms: Mapping[str, TopUpTerms]) -> TopUpsSet:
    """A currency that is not named is not sold. Orders that wait to be paid stay. Raises NotFound or InvalidInput."""
    for currency in terms:
        exponent(currency)
        if currency == CREDITS:
            raise InvalidInput("top_ups", f"{currency} is what resellers pay with")
    stored = {
        currency: {**asdict(one), "offered": list(one.offered), "bonuses": [asdict(bonus) for bonus in one.bonuses]}
        for currency, one in terms.items()
    }
    keep_rules(tx, seller_id, "top_ups", stored)
    return TopUpsSet(seller_id)
