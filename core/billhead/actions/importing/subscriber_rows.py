"""Reads a file of subscribers against a catalogue: each row becomes a `GoodRow`, or one `Refusal` per mistake in it.

Rows stream through; only what must be unique is remembered. The columns are explained in examples/northcable/README.md.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from io import TextIOWrapper
from typing import BinaryIO

from billhead.actions.importing._catalog import Catalog
from billhead.actions.importing._csv_records import DELIMITERS, Record, split_line, split_records
from billhead.actions.importing._row import REQUIRED, RowCheck, shown
from billhead.actions.importing._subscriber import GoodRow, Refusal

__all__ = ["COLUMNS", "GoodRow", "Refusal", "read_rows"]

COLUMNS = (
    *("external_ref", "name", "email", "phone", "country", "region", "zone", "currency", "language"),
    *("plan", "addons", "connections", "kind", "login", "password", "mac", "started_on", "paid_through"),
    *("payment_method", "timing", "reseller", "balance", "vat_id", "notes"),
)


def read_rows(stream: BinaryIO, catalog: Catalog) -> Generator[GoodRow | Refusal, None, None]:
    """Every row of the CSV file, in its order. UTF-8 with or without BOM; commas, semicolons or tabs; any line ends.

    A header that cannot be used gives refusals of line 1 and nothing else.
    """
    # Bytes that are no UTF-8 come through as lone surrogates, so that they cost one field and not the file.
    text = TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        first = text.readline()
        delimiter = max(DELIMITERS, key=first.count)
        header = [name.strip().lower() for name in split_line([first], delimiter) or []]
        refused = list(_check_header(header))
        yield from refused
        if not refused:
            holders: dict[tuple[str, str], int] = {}
            for record in split_records(text, delimiter, len(header), first_line=2):
                yield from _read(record, header, catalog, holders, decimal_comma=delimiter != ",")
    finally:
        text.detach()


def _check_header(header: list[str]) -> Iterator[Refusal]:
    if not any(header):
        yield Refusal(1, "", "", "no_header", "there is no header", "Write the column names in the first line.")
        return
    for name in REQUIRED:
        if name not in header:
            hint = f"Add the column {name}; if it is there, save the file as CSV UTF-8."
            yield Refusal(1, name, "", "missing_column", "the column is missing", hint)
    for name in dict.fromkeys(header):
        if name not in COLUMNS:
            hint = f"Rename or remove it. Known columns: {', '.join(COLUMNS)}."
            yield Refusal(1, shown(name), "", "unknown_column", "is not a column of this file", hint)
        elif header.count(name) > 1:
            yield Refusal(1, name, "", "repeated_column", "the column stands there twice", "Remove one of them.")


def _read(
    record: Record,
    header: list[str],
    catalog: Catalog,
    holders: dict[tuple[str, str], int],
    *,
    decimal_comma: bool,
) -> Iterator[GoodRow | Refusal]:
    if record.fields is None:
        hint = 'Close the quote, and write a quote inside of a value twice: "".'
        yield Refusal(record.line, "", "", "bad_quoting", "the quotes do not fit together", hint)
    elif not any(field.strip() for field in record.fields):
        return  # a spreadsheet leaves empty lines below its last row
    elif len(record.fields) != len(header):
        reason = f"has {len(record.fields)} columns, the header has {len(header)}"
        hint = "Put quotes around values that hold the separator, and leave no column out."
        yield Refusal(record.line, "", "", "bad_column_count", reason, hint)
    else:
        fields = dict(zip(header, record.fields, strict=True))
        row = RowCheck(catalog, holders, record.line, fields, decimal_comma=decimal_comma)
        good = row.read()
        if good is not None:
            yield good
        yield from row.refusals
