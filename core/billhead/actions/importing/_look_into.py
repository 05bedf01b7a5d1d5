"""Looks into a file that was sent: its columns, its first rows with what would be made of each, rows to be mended."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice

from billhead import clock
from billhead.actions.importing._catalog import Assortment
from billhead.actions.importing._csv_records import split_records
from billhead.actions.importing.subscriber_rows import LEFT_OUT, GoodRow, Heading, Refusal, read_rows
from billhead.domain.periods import cycle_start
from billhead.models.sellers import Seller

__all__ = ["FirstRow", "Look", "example_of", "look_into", "rows_to_mend"]

_FIRST = 20


@dataclass(frozen=True, slots=True)
class FirstRow:
    line: int
    good: GoodRow | None
    refusals: Sequence[Refusal]


@dataclass(frozen=True, slots=True)
class Look:
    """`columns`: as the file calls each, and what it is here, "" where it is left out."""

    heading: Heading
    columns: Sequence[tuple[str, str]]
    first: Sequence[FirstRow]
    header_refused: Sequence[Refusal]


def look_into(data: bytes, sold: Assortment, names: Mapping[str, str]) -> Look:
    """No further than its first rows. Nothing is asked of the database: what clashes there is told by a dry run."""
    heading = Heading.of_file(data)
    ours = ["" if name == LEFT_OUT else name for name in heading.called(names)]
    first, header = [], []
    with closing(read_rows(io.BytesIO(data), sold, names)) as rows:
        for line, of_line in islice(groupby(rows, lambda row: row.line), _FIRST):
            told = list(of_line)
            good = next((row for row in told if isinstance(row, GoodRow)), None)
            refused = [row for row in told if isinstance(row, Refusal)]
            if line == 1:
                header = refused
            else:
                first.append(FirstRow(line, good, refused))
    return Look(heading, list(zip(heading.columns, ours, strict=True)), first, header)


def rows_to_mend(data: bytes, reasons: Mapping[int, str]) -> tuple[Heading, Iterator[list[str]]]:
    """The heading, and the lines of the file that `reasons` names with what is wrong with each beside it."""
    heading = Heading.of_file(data)
    width = len(heading.columns)

    def rows() -> Iterator[list[str]]:
        text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", errors="replace", newline="")
        text.readline()
        for record in split_records(text, heading.delimiter, width, first_line=2):
            if record.line in reasons:
                fields = [*(record.fields or []), *[""] * width][:width]
                kept = [cell for cell, column in zip(fields, heading.columns, strict=True) if column != LEFT_OUT]
                yield [*kept, reasons[record.line]]

    return heading, rows()


def example_of(sold: Assortment, seller: Seller) -> list[dict[str, str]]:
    """A row for each sort of line that is sold here, paid for one term from today: it could be imported as it is."""
    today = clock.today_in(seller.zone)
    rows, kinds = [], set[str]()
    for offer in sold.offers.values():
        if offer.plan.kind in kinds or not offer.price.amounts:
            continue
        kinds.add(offer.plan.kind)
        number = len(kinds)
        box = {"mac": f"00:1A:79:00:00:0{number}"} if offer.plan.kind in ("mag", "paired") else {}
        line = {"login": f"example{number}", "password": f"change-me-{number}"} if offer.plan.kind != "mag" else {}
        rows.append(
            {
                "external_ref": f"EX-{number}",
                "name": f"Example Person {number}",
                "email": f"example{number}@example.com",
                "country": seller.country,
                "zone": seller.zone,
                "currency": next(iter(offer.price.amounts)),
                "language": sold.language,
                "plan": offer.code,
                "kind": offer.plan.kind,
                "started_on": today.isoformat(),
                "paid_through": cycle_start(today, offer.term, 1).isoformat(),
                "payment_method": "none",
                **line,
                **box,
            }
        )
    return rows
