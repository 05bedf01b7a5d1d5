"""Say what is counted: a metric. How it counts never changes; what was recorded would come to mean something else."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.catalogue._entered import checked_code
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.counted import counted
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.usage import MOST_DECIMALS, Aggregation
from billhead.models.sellers import Seller
from billhead.models.usage import UsageMetric

__all__ = ["MetricSaved", "save_metric"]


@dataclass(frozen=True, slots=True)
class MetricSaved:
    metric_id: int


@verb("catalogue.save_metric", permission="catalogue.write")
def save_metric(
    tx: Tx, seller_id: int, code: str, name: str, unit: str, aggregation: str, decimals: int = 0
) -> MetricSaved:
    """Add a metric, or give the one of this code another name and unit.

    Raises NotFound, InvalidInput naming the field, or Conflict where the code counts otherwise already.
    """
    if tx.session.get(Seller, seller_id) is None:
        raise NotFound("seller", seller_id)
    checked_code(code)
    if not name.strip():
        raise InvalidInput("name", "is needed")
    if aggregation not in list(Aggregation):
        raise InvalidInput("aggregation", f"{aggregation!r} is not one of {', '.join(Aggregation)}")
    whole = aggregation in (Aggregation.COUNT, Aggregation.UNIQUE)
    if not 0 <= decimals <= (0 if whole else MOST_DECIMALS):
        raise InvalidInput("decimals", "events are counted whole" if whole else f"must be from 0 to {MOST_DECIMALS}")
    row = tx.session.scalar(select(UsageMetric).where(UsageMetric.seller_id == seller_id, UsageMetric.code == code))
    if row is not None and (row.aggregation, row.decimals) != (aggregation, decimals):
        raise Conflict(
            counted(
                row.decimals,
                f"{code} counts {row.aggregation} with {row.decimals} decimal already",
                f"{code} counts {row.aggregation} with {row.decimals} decimals already",
            ),
            hint="give what is counted otherwise a code of its own",
        )
    row = row or UsageMetric(seller_id=seller_id, code=code, aggregation=aggregation, decimals=decimals)
    row.name, row.unit = name.strip(), unit.strip()
    tx.session.add(row)
    tx.session.flush()
    return MetricSaved(row.id)
