"""Calendar months of a span."""

from collections.abc import Iterator
from datetime import date, timedelta

from billhead.domain.errors import InvalidInput

__all__ = ["months_of"]

_MOST = 120


def months_of(first: date, until: date) -> Iterator[tuple[date, date]]:
    """(first day, exclusive end) of each month that the span touches, the first and last cut to the span.

    Raises InvalidInput for more than ten years, as every month costs a statement or a row.
    """
    if (until.year - first.year) * 12 + until.month - first.month > _MOST:
        raise InvalidInput("from", f"the span may hold {_MOST} months")
    start = first
    while start < until:
        following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield start, min(following, until)
        start = following
