"""What somebody used, as a source tells it: a panel's module, a plugin, or a file."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

__all__ = ["UsageReading"]


class UsageReading(NamedTuple):
    """One event. The same `id` of a source is counted once, however often it is told.

    `whose` says which line: "subscription:17", "service:9", "login:anna1", "handle:k3x…" (Billhead's reference on the
    panel) or "reference:S0001" (the operator's own). `at` is aware, or ISO text with an offset. `quantity` is in the
    metric's unit and never a float; metrics that count events ignore it. `item` is what was used, where the metric
    counts different ones. `properties` are kept with the event and decide nothing.
    """

    id: str
    whose: str
    metric: str
    quantity: int | Decimal | str
    at: datetime | str
    item: str = ""
    properties: Mapping[str, Any] | None = None
