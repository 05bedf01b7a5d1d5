"""Reads a file of subscribers against a catalogue: each row becomes a `GoodRow`, or one `Refusal` per mistake in it.

Rows stream through; only what must be unique is remembered. The columns are explained in examples/northcable/README.md.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO, TextIOWrapper
from typing import BinaryIO

from billhead.actions.importing._catalog import Assortment
from billhead.actions.importing._csv_records import DELIMITERS, Record, split_line, split_records
from billhead.actions.importing._row import REQUIRED, RowCheck, shown
from billhead.actions.importing._subscriber import GoodRow, Refusal
from billhead.csv_lines import unguarded

__all__ = ["COLUMNS", "LEFT_OUT", "GoodRow", "Heading", "Refusal", "read_rows"]

COLUMNS = (
    *("external_ref", "name", "email", "phone", "country", "region", "zone", "currency", "language"),
    *("plan", "addons", "connections", "kind", "login", "password", "mac", "started_on", "paid_through"),
    *("payment_method", "timing", "reseller", "balance", "vat_id", "notes"),
)


LEFT_OUT = "refused_because"
"""Written beside rows that are handed back to be mended; whatever stands there is not read."""


@dataclass(frozen=True, slots=True)
class Heading:
    """How a file is to be read: its delimiter and its columns as they are called there, in small letters."""

    delimiter: str
    columns: Sequence[str]

    @classmethod
    def of(cls, line: str) -> Heading:
        delimiter = max(DELIMITERS, key=line.count)
        return cls(delimiter, [name.strip().lower() for name in split_line([line], delimiter) or []])

    @classmethod
    def of_file(cls, data: bytes) -> Heading:
        return cls.of(TextIOWrapper(BytesIO(data), encoding="utf-8-sig", errors="replace", newline="").readline())

    def called(self, names: Mapping[str, str]) -> list[str]:
        """The columns by our names. `names`: what a column of the file is here, "" for one that is left out."""
        return [(names[one] or LEFT_OUT) if one in names else one for one in self.columns]


def read_rows(
    stream: BinaryIO, sold: Assortment, names: Mapping[str, str] | None = None
) -> Generator[GoodRow | Refusal, None, None]:
    """Every row of the CSV file, in its order. UTF-8 with or without BOM; commas, semicolons or tabs; any line ends.

    A header that cannot be used gives refusals of line 1 and nothing else. `names` as in `Heading.called`.
    """
    # Bytes that are no UTF-8 come through as lone surrogates, so that they cost one field and not the file.
    text = TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        heading = Heading.of(text.readline())
        header = heading.called(names or {})
        refused = list(_check_header(header))
        yield from refused
        if not refused:
            holders: dict[tuple[str, str], int] = {}
            handed_back = LEFT_OUT in heading.columns
            for record in split_records(text, heading.delimiter, len(header), first_line=2):
                if handed_back and record.fields is not None:
                    record = replace(record, fields=[unguarded(field) for field in record.fields])
                yield from _read(record, header, sold, holders, decimal_comma=heading.delimiter != ",")
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
        if name == LEFT_OUT:
            continue
        if name not in COLUMNS:
            hint = f"Rename or remove it. Known columns: {', '.join(COLUMNS)}."
            yield Refusal(1, shown(name), "", "unknown_column", "is not a column of this file", hint)
        elif header.count(name) > 1:
            yield Refusal(1, name, "", "repeated_column", "the column stands there twice", "Remove one of them.")


def _read(
    record: Record,
    header: list[str],
    sold: Assortment,
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
        row = RowCheck(sold, holders, record.line, fields, decimal_comma=decimal_comma)
        good = row.read()
        if good is not None:
            yield good
        yield from row.refusals
