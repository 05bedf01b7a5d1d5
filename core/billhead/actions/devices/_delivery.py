"""A delivery's file as rows of text."""

from billhead.actions.devices.import_devices import COLUMNS
from billhead.csv_rows import csv_rows

__all__ = ["delivery_rows"]


def delivery_rows(data: bytes) -> list[dict[str, str]]:
    """Raises InvalidInput("file", …): empty, too large, not UTF-8, or with other columns than a delivery has."""
    nothing = dict.fromkeys(COLUMNS, "")
    return [{**nothing, **row} for row in csv_rows(data, COLUMNS, ("model", "serial"))]
