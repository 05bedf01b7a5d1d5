"""What the boxes have cost: how many of each model are in which state, and what their suppliers were paid."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from billhead.domain.device import DeviceState
from billhead.domain.money import Money
from billhead.models.devices import Device, DeviceModel
from billhead.plugin import Report, ReportAsked, ReportColumn
from billhead.reports._parameters import CURRENCY, SELLER
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]

_OURS = (DeviceState.IN_STOCK, DeviceState.RESERVED, DeviceState.RENTED, DeviceState.RETURNED)


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    """One row per model, state and currency; what is ours still (in stock, kept, rented, returned) has a value."""
    keys = DeviceModel.name, Device.state, Device.currency
    query = select(*keys, func.count(), func.sum(Device.cost_minor)).join(
        DeviceModel, DeviceModel.id == Device.model_id
    )
    if asked["seller"] is not None:
        query = query.where(Device.seller_id == asked["seller"])
    if asked["currency"] is not None:
        query = query.where(Device.currency == asked["currency"])
    for model, state, currency, count, cost in source.session.execute(query.group_by(*keys).order_by(*keys)):
        paid = Money(int(cost), currency)
        yield model, state.replace("_", " "), int(count), paid, paid if state in _OURS else Money(0, currency)


REPORT = Report(
    code="device-stock",
    title=marked("Boxes and what they cost"),
    description=marked(
        "By model and state: how many there are, what the suppliers were paid for them, and what of that is "
        "ours still: in stock, kept for an order, rented or returned."
    ),
    group=marked("Operations"),
    parameters=(SELLER, CURRENCY),
    columns=(
        ReportColumn("model", marked("Model")),
        ReportColumn("state", marked("State")),
        ReportColumn("count", marked("Boxes"), "count", total=True),
        ReportColumn("cost", marked("Cost"), "money", total=True),
        ReportColumn("value", marked("Of it ours"), "money", total=True),
    ),
    rows=_rows,
)
