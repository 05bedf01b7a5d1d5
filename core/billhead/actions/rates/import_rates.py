"""Take in exchange rates from a file. What documents have frozen stays; the rates hold for documents to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from billhead.actions.rates._csv import RateRow, read_rates
from billhead.actions.verb import verb
from billhead.bulk import Bulk
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.models.sellers import ExchangeRate

__all__ = ["RatesImported", "import_rates"]

_COLUMNS = ("day", "currency", "base", "rate", "source")
_MOST = 500_000


@dataclass(frozen=True, slots=True)
class RatesImported:
    """`skipped`: columns that are no currency any more."""

    new: int
    replaced: int
    unchanged: int
    skipped: tuple[str, ...] = ()


@verb("rates.import", permission="rates.write")
def import_rates(tx: Tx, text: str, source: str = "", since: date | None = None) -> RatesImported:
    """All of the file or nothing; importing it again changes nothing. A rate that differs from what was known for its
    day replaces it. Raises InvalidInput naming the line."""
    read = read_rates(text, since)
    if len(read.rows) > _MOST:
        raise InvalidInput("file", f"it has {len(read.rows)} rates, more than {_MOST}", hint="Import a part: --since")
    if not read.rows:
        return RatesImported(0, 0, 0, tuple(read.skipped))
    known = _known(tx, read.rows)
    new = [row for row in read.rows if row[:3] not in known]
    changed = [row for row in read.rows if row[:3] in known and known[row[:3]][1] != row.rate]
    bulk = Bulk(tx.session)
    bulk.insert("exchange_rate", _COLUMNS, [(r.day.isoformat(), r.currency, r.base, r.rate, source) for r in new])
    bulk.update(
        "exchange_rate",
        {"rate": "text", "source": "text"},
        [(row.rate, source, known[row[:3]][0]) for row in changed],
    )
    return RatesImported(len(new), len(changed), len(read.rows) - len(new) - len(changed), tuple(read.skipped))


def _known(tx: Tx, rows: Sequence[RateRow]) -> dict[tuple[date, str, str], tuple[int, str]]:
    days = [row.day for row in rows]
    row = ExchangeRate
    query = select(row.day, row.currency, row.base, row.id, row.rate).where(row.day.between(min(days), max(days)))
    return {(day, currency, base): (key, rate) for day, currency, base, key, rate in tx.session.execute(query)}
