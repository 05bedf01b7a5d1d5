"""What a batch of documents is worth in the sellers' own currencies on the day of issue: frozen, for reports."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Rated
from billhead.actions.rates._lookup import Pair, rates_on, worth_minor

__all__ = ["Worth", "worths"]

Worth = tuple[str, str | None, int | None]
"""Base currency, rate, total in minor units of the base; no rate and no total where nobody knew it that day."""


def worths(session: Session, catalogue: Catalogue, rated: Sequence[Rated]) -> list[Worth]:
    """One per document, in order. Equal currencies cost nothing; a pair is looked up once a day for the whole run."""
    wanted = {(one.issued_on, Pair(one.currency, catalogue.sellers[one.seller_id].currency)) for one in rated}
    for day in {day for day, pair in wanted if pair.currency != pair.base and (day, pair) not in catalogue.rates}:
        pairs = {pair for on, pair in wanted if on == day}
        catalogue.rates.update({(day, pair): rate for pair, rate in rates_on(session, day, pairs).items()})
    found: list[Worth] = []
    for one in rated:
        pair = Pair(one.currency, catalogue.sellers[one.seller_id].currency)
        if pair.currency == pair.base:
            found.append((pair.base, "1", one.total_minor))
            continue
        rate = catalogue.rates[one.issued_on, pair]
        found.append((pair.base, rate, None if rate is None else worth_minor(one.total_minor, pair, rate)))
    return found
