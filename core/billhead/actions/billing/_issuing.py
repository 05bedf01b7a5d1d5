"""What makes documents final, whether they are new or were drafts: numbers, credit, collection, and telling of it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Rated, Taken
from billhead.actions.billing.numbers import take_numbers
from billhead.bulk import Bulk, Row
from billhead.db import reserve_ids
from billhead.domain.periods import start_of_day

__all__ = ["numbered", "poured", "queue_collection", "tell", "use_credit"]

_JOB = ("kind", "args", "key", "lane", "state", "due_at", "tries", "lease_token", "error", "progress", "created_at")
_EVENT = ("type", "version", "aggregate", "data", "at")
_DELIVERY = ("event_id", "plugin", "state", "tries", "due_at", "error")


def use_credit(bulk: Bulk, rated: Sequence[Rated]) -> None:
    left = {taken.lot_id: taken.before_minor - taken.minor for one in rated for taken in one.taken}
    bulk.update("customer_credit", {"remaining_minor": "bigint"}, [(minor, lot_id) for lot_id, minor in left.items()])


def queue_collection(bulk: Bulk, invoices: Sequence[tuple[int, Rated]], catalogue: Catalogue, now: str) -> None:
    """Charge the saved methods: at once, or on the day on which what was billed early is due."""
    at_once = clock.business_now()
    soon = bulk.instant(at_once)
    rows = [
        ("payments.collect", f'{{"document_id": {document_id}}}', f"collect:{document_id}", "", "queued",
         soon if one.collect_on is None else bulk.instant(max(at_once, _collect_at(one, catalogue))),
         0, "", "", "{}", now)
        for document_id, one in invoices
        if one.has_method and one.owed_minor
    ]  # fmt: skip
    bulk.insert("job", _JOB, rows)


def _collect_at(one: Rated, catalogue: Catalogue) -> datetime:
    advance = one.shares[0].advance if one.shares else one.advance
    zone = advance.zone if advance is not None else catalogue.sellers[one.seller_id].zone
    return start_of_day(one.collect_on or one.due_on, zone)


def tell(session: Session, bulk: Bulk, booked: Sequence[tuple[int, Rated]], observers: Sequence[str]) -> None:
    said: list[tuple[str, str, str]] = []
    for document_id, one in booked:
        about, who = f"document:{document_id}", f'{{"document_id": {document_id}, "customer_id": {one.customer_id}'
        amount = f'"total_minor": {one.total_minor}, "currency": "{one.currency}"'
        said.append(("document.issued", about, f"{who}, {amount}}}"))
        if one.kind == "invoice" and not one.owed_minor:
            said.append(("document.paid", about, f"{who}}}"))
    if not said:
        return
    at = bulk.instant(clock.business_now())
    rows: list[Row] = [(kind, 1, about, data, at) for kind, about, data in said]
    if not observers:
        bulk.insert("event", _EVENT, rows)
        return
    ids = reserve_ids(session, "event", len(rows))
    bulk.insert("event", ("id", *_EVENT), [(i, *row) for i, row in zip(ids, rows, strict=True)])
    bulk.insert("event_delivery", _DELIVERY, [(i, name, "pending", 0, at, "") for i in ids for name in observers])


def numbered(
    session: Session, documents: Sequence[tuple[int, Rated]], catalogue: Catalogue
) -> Iterator[tuple[int, tuple[int | None, int | None, str]]]:
    """(document id, (fiscal year, number, text)). A draft has none; a proforma has one where its seller wants that."""
    series: dict[tuple[int, str, int, date], list[int]] = {}
    for document_id, one in documents:
        seller = catalogue.sellers[one.seller_id]
        if one.draft or (one.kind == "proforma" and not seller.number_proformas):
            yield document_id, (None, None, "")
            continue
        year = seller.fiscal_year(one.issued_on)
        series.setdefault((one.seller_id, one.kind, year, one.issued_on), []).append(document_id)
    for (seller_id, kind, year, issued_on), ids in sorted(series.items()):
        numbers = take_numbers(session, seller_id, kind, year, len(ids))
        for number, document_id in enumerate(ids, numbers.first):
            text = numbers.text(number, issued_on)
            # a proforma has a reference, not a number: what has one never changes again
            yield document_id, (None, None, text) if kind == "proforma" else (year, number, text)


def poured(taken: Sequence[Taken], lines: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """(line, lot, minor units): credit fills the lines from the top. Discounts are lines below zero, and take none."""
    unpaid = iter([line for line in lines if line[1] > 0])
    line_id, room = next(unpaid)
    for lot in taken:
        left = lot.minor
        while left:
            if not room:
                line_id, room = next(unpaid)
            part = min(left, room)
            yield line_id, lot.lot_id, part
            left -= part
            room -= part
