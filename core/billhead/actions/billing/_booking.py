"""The ledger's side of a batch of invoices and credit notes: what is owed, earned later, taxed, and paid by credit."""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy.orm import Session

from billhead.actions.billing._rated import Rated
from billhead.actions.ledger._accounts import AccountKey, account_ids
from billhead.bulk import Bulk, Row
from billhead.db import reserve_ids
from billhead.domain.ledger import AccountCode, digest_of_lines

__all__ = ["book_documents"]

_RECEIVABLE, _DEFERRED, _TAX = (
    AccountCode.RECEIVABLE.value,
    AccountCode.DEFERRED_REVENUE.value,
    AccountCode.TAX.value,
)
_CREDIT = {"bought": AccountCode.CREDIT_BOUGHT.value, "gifted": AccountCode.CREDIT_GIFTED.value}

_ENTRY = ("id", "seller_id", "kind", "day", "key", "digest", "recorded_at")
_POSTING = ("entry_id", "leg", "account_id", "customer_id", "side", "amount_minor")

Accounts = dict[tuple[int, str, str, str], int]


_Leg = tuple[int, int | None, str, int]
"""Account, customer, side, minor units; what is below zero goes to the other side. Plain, as a run makes millions."""


def book_documents(
    session: Session, bulk: Bulk, invoices: Sequence[tuple[int, Rated]], recorded_at: str
) -> dict[int, int]:
    """Write the entries of invoices and credit notes, given with their document ids; returns the entry of each.

    An invoice: D receivable, C deferred revenue and C tax by jurisdiction; a credit note the other way round. Credit
    used on an invoice, as an entry of its own: D credit, C receivable. A document of zero has no entry.
    """
    # a plain tuple is found as well as the AccountKey that it equals, and costs half as much to make
    found = account_ids(session, _accounts_of([rated for _, rated in invoices]))
    accounts: Accounts = {(*key,): account_id for key, account_id in found.items()}
    planned = [
        (kind, subject, document_id, rated, legs(rated, accounts))
        for document_id, rated in invoices
        for kind, subject, legs in _entries_of(rated)
    ]
    ids = reserve_ids(session, "ledger_entry", len(planned)) if planned else ()
    entries: list[Row] = []
    postings: list[Row] = []
    entry_of: dict[int, int] = {}
    for entry_id, (kind, subject, document_id, rated, legs) in zip(ids, planned, strict=True):
        key, day, currency = f"{subject}:{document_id}", rated.issued_on.isoformat(), rated.currency
        digested = []
        for number, (account_id, customer_id, side, minor) in enumerate(legs, 1):
            if minor < 0:
                side, minor = "C" if side == "D" else "D", -minor
            postings.append((entry_id, number, account_id, customer_id, side, minor))
            named = account_id if customer_id is None else f"{account_id}:{customer_id}"
            digested.append(f"{named}|{side}|{minor}|{currency}\n")
        digest = digest_of_lines(entry_id, rated.seller_id, kind, day, key, digested)
        entries.append((entry_id, rated.seller_id, kind, day, key, digest, recorded_at))
        if kind == rated.kind:
            entry_of[document_id] = entry_id
    # Postings first: the entry closes them, and from then on none can be added.
    bulk.insert("ledger_posting", _POSTING, postings)
    bulk.insert("ledger_entry", _ENTRY, entries)
    return entry_of


def _accounts_of(invoices: Sequence[Rated]) -> set[AccountKey]:
    """All accounts that the batch books to. Thousands of invoices share a few shapes, so those are looked at."""
    found: set[AccountKey] = set()
    for seller, currency, taxes in {(one.seller_id, one.currency, one.taxes) for one in invoices}:
        found.add(AccountKey(seller, _RECEIVABLE, currency))
        found.add(AccountKey(seller, _DEFERRED, currency))
        found.update(AccountKey(seller, _TAX, currency, code) for code, _ in taxes)
    for seller, currency, kind in {(one.seller_id, one.currency, t.kind) for one in invoices for t in one.taken}:
        found.add(AccountKey(seller, _CREDIT[kind], currency))
    return found


def _entries_of(rated: Rated) -> Iterator[tuple[str, str, Callable[[Rated, Accounts], list[_Leg]]]]:
    """(kind, subject of the key, its legs) of each entry that an invoice makes."""
    if rated.total_minor or rated.net_minor or rated.taxes:
        yield rated.kind, "document", _document_legs
    if rated.taken:
        yield "credit_applied", "credit_applied", _credit_legs


def _document_legs(rated: Rated, accounts: Accounts) -> list[_Leg]:
    seller, currency = rated.seller_id, rated.currency
    sign = -1 if rated.kind == "credit_note" else 1
    legs: list[_Leg] = []
    if rated.total_minor:
        legs.append((accounts[seller, _RECEIVABLE, currency, ""], rated.customer_id, "D", sign * rated.total_minor))
    if rated.net_minor:
        legs.append((accounts[seller, _DEFERRED, currency, ""], None, "C", sign * rated.net_minor))
    for code, minor in rated.taxes:
        legs.append((accounts[seller, _TAX, currency, code], None, "C", sign * minor))
    return legs


def _credit_legs(rated: Rated, accounts: Accounts) -> list[_Leg]:
    seller, currency, customer = rated.seller_id, rated.currency, rated.customer_id
    legs: list[_Leg] = [
        (accounts[seller, _CREDIT[taken.kind], currency, ""], customer, "D", taken.minor) for taken in rated.taken
    ]
    legs.append((accounts[seller, _RECEIVABLE, currency, ""], customer, "C", rated.credit_minor))
    return legs
