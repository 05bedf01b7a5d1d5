"""What a batch of documents is worth in the sellers' own currencies on the day of issue: frozen, for reports.

A credit note is worth what it takes back: it has the rate of its invoice, so that a whole one leaves nothing.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Rated
from billhead.actions.rates._lookup import Pair, rates_on, worth_minor
from billhead.bulk import among
from billhead.domain.document import Kind
from billhead.models.documents import Document

__all__ = ["Worth", "worths"]

Worth = tuple[str, str | None, int | None]
"""Base currency, rate, total in minor units of the base; no rate and no total where nobody knew it that day."""


def worths(session: Session, catalogue: Catalogue, rated: Sequence[Rated]) -> list[Worth]:
    """One per document, in order. Equal currencies cost nothing; a pair is looked up once a day for the whole run."""
    corrected = _corrected(session, rated)
    wanted = {(one.issued_on, Pair(one.currency, catalogue.sellers[one.seller_id].currency)) for one in rated}
    for day in {day for day, pair in wanted if pair.currency != pair.base and (day, pair) not in catalogue.rates}:
        pairs = {pair for on, pair in wanted if on == day}
        catalogue.rates.update({(day, pair): rate for pair, rate in rates_on(session, day, pairs).items()})
    found: list[Worth] = []
    for one in rated:
        pair = Pair(one.currency, catalogue.sellers[one.seller_id].currency)
        if one.kind == Kind.CREDIT_NOTE and one.corrects_id in corrected:
            base, rate = corrected[one.corrects_id]
            pair = Pair(one.currency, base)
        else:
            rate = "1" if pair.currency == pair.base else catalogue.rates[one.issued_on, pair]
        found.append((pair.base, rate, None if rate is None else worth_minor(one.total_minor, pair, rate)))
    return found


def _corrected(session: Session, rated: Sequence[Rated]) -> Mapping[int | None, tuple[str, str | None]]:
    """Base currency and rate of the documents that these correct; without those that know of none."""
    ids = {one.corrects_id for one in rated if one.corrects_id is not None}
    if not ids:
        return {}
    rows = session.execute(
        select(Document.id, Document.base_currency, Document.fx_rate).where(
            among(Document.id, ids, session), Document.base_currency != ""
        )
    )
    return {id: (base, rate) for id, base, rate in rows}
