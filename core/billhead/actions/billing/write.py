"""Write a batch of rated documents within the caller's transaction: the run's batches and a single invoice alike.

Everything that is written for the batch goes in with one statement per table. What was changed by somebody since it
was read (the subscription's version, what a credit lot holds) is left out and reported as stale, to be read and rated
again. Numbers are taken last, so that others wait for them as shortly as possible.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._booking import book_documents
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._charges import book_charges, charges_as_read
from billhead.actions.billing._coupons import write_used
from billhead.actions.billing._extend import Extension, extend_lines, panel_expiry
from billhead.actions.billing._issuing import numbered, poured, queue_collection, tell, use_credit
from billhead.actions.billing._parties import party_ids
from billhead.actions.billing._rated import LineDetail, PartyFacts, Rated, RatedLine
from billhead.actions.billing._usage import book_usage, usage_as_read
from billhead.actions.billing._versions_hold import priced_as_read
from billhead.actions.billing._worth import Worth, worths
from billhead.actions.shops._supplying import ask_supplies
from billhead.bulk import Bulk, Row, among
from billhead.db import Tx, reserve_ids
from billhead.domain.document import ProformaState, State, settled_state
from billhead.models.credits import CustomerCredit
from billhead.models.subscriptions import Subscription

__all__ = ["Written", "WrittenDocument", "write_documents"]

_DOCUMENT = (
    "id", "seller_id", "customer_id", "subscription_id", "kind", "state", "fiscal_year", "number", "number_text",
    "issued_on", "due_on", "currency", "net_minor", "tax_minor", "total_minor", "settled_minor", "buyer_id",
    "issuer_id", "proforma_id", "corrects_id", "run_id", "entry_id", "tax_inclusive", "finalise_on", "held_because",
    "notes", "base_currency", "fx_rate", "base_minor", "created_at",
)  # fmt: skip
_LINE = (
    "id", "document_id", "position", "subscription_id", "component_id", "price_id", "plan_id", "kind", "description",
    "term", "period_start", "period_end", "revision", "quantity", "unit_minor", "net_minor", "tax_minor", "tax_code",
    "tax_rate_ppm", "discount_minor", "taxes", "cycle_start", "cycle_end", "cycle_minor", "corrects_line_id",
    "discount_code", "tax_class",
)  # fmt: skip
_ALLOCATION = ("document_id", "line_id", "customer_credit_id", "amount_minor", "day", "created_at")
_ADVANCE = {
    "anchor": "date",
    "state": "text",
    "phase": "text",
    "phase_ends_on": "date",
    "billed_through": "date",
    "paid_through": "date",
    "next_bill_on": "date",
    "zone": "text",
}


_HAS_USAGE, _HAS_CHARGES = attrgetter("usage"), attrgetter("charges")


class WrittenDocument(NamedTuple):
    document_id: int
    number_text: str
    rated: Rated


class Written(NamedTuple):
    """`stale`: subscriptions that were changed since they were read; nothing was written for them."""

    documents: list[WrittenDocument]
    stale: list[int]


def write_documents(
    tx: Tx, rated: Sequence[Rated], catalogue: Catalogue, *, observers: Sequence[str] = (), run_id: int | None = None
) -> Written:
    """Write invoices, credit notes, proformas, drafts and mere advances. `observers`: plugins that get the events."""
    session = tx.session
    session.flush()
    rated, taken_back = priced_as_read(session, rated, catalogue)
    fresh, stale = _as_read(session, rated)
    stale += taken_back
    for has_some, as_read in (_HAS_USAGE, usage_as_read), (_HAS_CHARGES, charges_as_read):
        if any(map(has_some, fresh)):
            fresh, moved = as_read(session, fresh)
            stale += moved
    bulk = Bulk(session)
    billed = [one for one in fresh if one.kind]
    now = bulk.instant(clock.now())
    ids = reserve_ids(session, "document", len(billed)) if billed else ()
    documents = list(zip(ids, billed, strict=True))
    booked = [(document_id, one) for document_id, one in documents if one.kind != "proforma" and not one.draft]
    invoices = [(document_id, one) for document_id, one in booked if one.kind == "invoice"]
    parties = party_ids(session, {one.buyer for one in billed} | {catalogue.sellers[o.seller_id].party for o in billed})
    worth = dict(zip(ids, worths(session, catalogue, billed), strict=True))
    entries = book_documents(session, bulk, booked, now)
    use_credit(bulk, fresh)
    each = [part for one in fresh for part in one.apart()] if any(one.shares for one in fresh) else fresh
    _advance(bulk, each)
    supplied = _extend(session, bulk, each, catalogue)
    offers = [(document_id, one) for document_id, one in documents if one.kind == "proforma" and one.has_method]
    queue_collection(bulk, [*invoices, *offers] if offers else invoices, catalogue, now)
    tell(session, bulk, booked, observers)
    book_usage(bulk, fresh, now)
    bulk.check_deferred()
    numbers = dict(numbered(session, documents, catalogue))
    _insert_documents(bulk, documents, numbers, parties, entries, worth, catalogue, run_id, now)
    _insert_lines(session, bulk, documents, now)
    if supplied:
        _ask_supplies(tx, documents, supplied)
    write_used(bulk, documents)
    book_charges(session, documents)
    if len(session.identity_map):
        session.expire_all()
    written = [WrittenDocument(document_id, numbers[document_id][2], one) for document_id, one in documents]
    return Written(written, stale)


def _as_read(session: Session, rated: Sequence[Rated]) -> tuple[list[Rated], list[int]]:
    """Lock what the batch stands on, in one order for everybody, and part what is as it was read from what is not."""
    several = any(one.shares for one in rated)
    ids = [id for one in rated for id in one.subscriptions()] if several else [one.subscription_id for one in rated]
    versions = _locked(session, Subscription.id, Subscription.version, ids)
    wanted_lots = [taken.lot_id for one in rated for taken in one.taken]
    lots = _locked(session, CustomerCredit.id, CustomerCredit.remaining_minor, wanted_lots)
    fresh: list[Rated] = []
    stale: list[int] = []
    for one in rated:
        if one.shares:
            same = all(
                share.version is None or versions.get(share.subscription_id or 0) == share.version
                for share in one.shares
            )
        else:
            same = one.version is None or versions.get(one.subscription_id or 0) == one.version
        if same and all(lots.get(taken.lot_id) == taken.before_minor for taken in one.taken):
            lots.update((taken.lot_id, taken.before_minor - taken.minor) for taken in one.taken)
            fresh.append(one)
        else:
            stale.extend(one.subscriptions())
    return fresh, stale


def _locked(session: Session, key: object, value: object, ids: Iterable[int | None]) -> dict[int, int]:
    wanted = [one for one in ids if one is not None]
    if not wanted:
        return {}
    query = select(key, value).where(among(key, wanted, session)).order_by(key).with_for_update()  # type: ignore[call-overload]
    return dict(session.connection().execute(query).all())


def _advance(bulk: Bulk, rated: Sequence[Rated]) -> None:
    rows: list[Row] = []
    for one in rated:
        if one.advance is None:
            continue
        anchor, state, phase, phase_ends, billed, paid, next_on, zone, _ = one.advance
        if one.kind == "invoice" and not one.owed_minor and not one.draft:
            paid = billed
        rows.append(
            (
                anchor.isoformat(),
                state,
                phase,
                phase_ends and phase_ends.isoformat(),
                billed and billed.isoformat(),
                paid and paid.isoformat(),
                next_on and next_on.isoformat(),
                zone,
                one.subscription_id,
            )
        )
    bulk.update("subscription", _ADVANCE, rows, also="version = version + 1")


def _extend(session: Session, bulk: Bulk, rated: Sequence[Rated], catalogue: Catalogue) -> dict[int, date]:
    """What credit has paid in full (or costs nothing) runs on at once. Returns until when, by subscription, what a
    reseller supplies from its credits has been paid."""
    extensions: dict[int, Extension] = {}
    until: dict[int, date] = {}
    in_shops: list[int] = []
    for one in rated:
        advance = one.advance
        if one.kind != "invoice" or one.owed_minor or one.draft or advance is None or advance.expires_on is None:
            continue
        seller = catalogue.sellers[one.seller_id]
        expires_at = panel_expiry(advance.expires_on, advance.zone, seller.grace_hours)
        extensions[one.subscription_id or 0] = Extension(expires_at, advance.phase == "trial")
        until[one.subscription_id or 0] = advance.expires_on
        if seller.is_shop:
            in_shops.append(one.subscription_id or 0)
    if not extensions:
        return {}
    supplied = _supplied(session, in_shops) if in_shops else set()
    extend_lines(session, bulk, {key: one for key, one in extensions.items() if key not in supplied})
    return {key: until[key] for key in supplied}


def _supplied(session: Session, subscriptions: Collection[int]) -> set[int]:
    query = select(Subscription.id).where(
        among(Subscription.id, subscriptions, session),
        Subscription.payer_reseller_id.is_not(None),
        Subscription.settlement == "invoice",
    )
    return set(session.scalars(query))


def _ask_supplies(tx: Tx, documents: Sequence[tuple[int, Rated]], until: dict[int, date]) -> None:
    paid = [(id, one) for id, one in documents if one.kind == "invoice" and not one.owed_minor and not one.draft]
    asked = [(key, id, until[key]) for id, one in paid for key in one.subscriptions() if key in until]
    ask_supplies(tx, asked)


def _insert_documents(
    bulk: Bulk,
    documents: Sequence[tuple[int, Rated]],
    numbers: dict[int, tuple[int | None, int | None, str]],
    parties: dict[PartyFacts, int],
    entries: dict[int, int],
    worth: dict[int, Worth],
    catalogue: Catalogue,
    run_id: int | None,
    now: str,
) -> None:
    rows = [
        (
            document_id, one.seller_id, one.customer_id, one.subscription_id, one.kind, _state_of(one),
            *numbers[document_id], None if one.draft else one.issued_on.isoformat(), one.due_on.isoformat(),
            one.currency, one.net_minor, one.tax_minor, one.total_minor, one.credit_minor, parties[one.buyer],
            parties[catalogue.sellers[one.seller_id].party], one.proforma_id, one.corrects_id, run_id,
            entries.get(document_id), int(one.tax_inclusive), _final_on(one, catalogue), one.draft or one.hold,
            json.dumps(one.notes) if one.notes else "[]", *worth[document_id], now,
        )
        for document_id, one in documents
    ]  # fmt: skip
    bulk.insert("document", _DOCUMENT, rows)


def _state_of(one: Rated) -> str:
    if one.draft:
        return State.DRAFT.value
    if one.kind == "proforma":
        return ProformaState.OPEN.value
    return settled_state(one.total_minor, one.credit_minor).value


def _final_on(one: Rated, catalogue: Catalogue) -> str | None:
    if one.draft != "grace":
        return None
    return (one.issued_on + timedelta(days=catalogue.sellers[one.seller_id].draft_days)).isoformat()


def _insert_lines(session: Session, bulk: Bulk, documents: Sequence[tuple[int, Rated]], now: str) -> None:
    count = sum([len(one.lines) for _, one in documents])
    ids = iter(reserve_ids(session, "document_line", count) if count else ())
    lines: list[Row] = []
    allocations: list[Row] = []
    for document_id, one in documents:
        open_lines: list[tuple[int, int]] = []
        whose = [share.subscription_id for share in one.shares for _ in range(share.lines)]
        for position, line in enumerate(one.lines, 1):
            line_id = next(ids)
            subscription_id = whose[position - 1] if whose else one.subscription_id
            lines.append(_line_row(line_id, document_id, position, subscription_id, line))
            open_lines.append((line_id, line.net_minor + line.tax_minor))
        if one.taken:
            day = one.issued_on.isoformat()
            allocations += [(document_id, *share, day, now) for share in poured(one.taken, open_lines)]
    bulk.insert("document_line", _LINE, lines)
    bulk.insert("allocation", _ALLOCATION, allocations)


_PLAIN = (0, None, None, None, None, None, "")


def _line_row(line_id: int, document_id: int, position: int, subscription_id: int | None, line: RatedLine) -> Row:
    start, end, detail = line.period_start, line.period_end, line.detail
    return (
        line_id, document_id, position, subscription_id, line.component_id, line.price_id, line.plan_id, line.kind,
        line.description, line.term, start and start.isoformat(), end and end.isoformat(),
        detail.revision if detail else 0, line.quantity, line.unit_minor, line.net_minor, line.tax_minor,
        line.tax_code, line.tax_rate_ppm, *(_details(detail) if detail else _PLAIN), line.tax_class,
    )  # fmt: skip


def _details(detail: LineDetail) -> Row:
    start, end = detail.cycle or (None, None)
    return (
        detail.discount_minor,
        json.dumps(detail.taxes) if detail.taxes else None,
        start and start.isoformat(),
        end and end.isoformat(),
        detail.cycle_minor,
        detail.corrects_line_id,
        detail.discount_code,
    )
