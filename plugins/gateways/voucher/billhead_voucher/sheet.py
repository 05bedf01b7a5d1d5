"""A batch on paper: a card per PIN, typeset; and the same as CSV. Written once, readable by its owner alone."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typst

from billhead_voucher.making import Card, Made
from billhead_voucher.pins import grouped

__all__ = ["COLUMNS", "batches_csv", "csv_of", "pdf_of", "write_private"]

COLUMNS = ("serial", "pin", "value", "currency", "valid_until")
_SHEET = Path(__file__).with_name("sheet.typ")


def pdf_of(made: Made, seller: str, redeem: str) -> bytes:
    """Eight cards a page of A4, with lines to cut along. `redeem` says how in words."""
    told = {
        "seller": seller,
        "redeem": redeem,
        "value": str(made.value),
        "valid_until": made.valid_until.isoformat(),
        "cards": [{"serial": card.serial, "pin": grouped(card.pin)} for card in made.cards],
    }
    pdf: bytes = typst.compile({"main.typ": _SHEET.read_bytes()}, sys_inputs={"data": json.dumps(told)})  # type: ignore[call-overload]
    return pdf


def csv_of(made: Made) -> bytes:
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(COLUMNS)
    writer.writerows(_row(made, made.cards))
    return rows.getvalue().encode()


def batches_csv(found: Sequence[Mapping[str, Any]]) -> str:
    rows = io.StringIO()
    writer = csv.DictWriter(rows, list(found[0]) if found else ["batch"])
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in one.items()} for one in found)
    return rows.getvalue()


def _harmless(value: Any) -> Any:
    """A spreadsheet runs what begins like a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def write_private(path: Path, content: bytes) -> None:
    """Mode 0600 from its first byte. Raises FileExistsError rather than write over anything."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _row(made: Made, cards: Sequence[Card]) -> list[tuple[str, str, str, str, str]]:
    amount, currency = str(made.value).rsplit(" ", 1)
    until = made.valid_until.isoformat()
    return [(card.serial, grouped(card.pin), amount, currency, until) for card in cards]
