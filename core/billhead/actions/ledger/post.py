"""Post one entry: the way for all money except the billing run's, which writes the same rows in bulk."""

from collections.abc import Iterable
from datetime import date
from typing import cast

from sqlalchemy import Table, insert

from billhead import clock
from billhead.actions.ledger._accounts import AccountKey, account_ids, digest_account
from billhead.db import Tx, reserve_ids
from billhead.domain.errors import InvalidInput
from billhead.domain.ledger import AccountCode, Posting, check_balance, entry_digest
from billhead.models.ledger import LedgerEntry, LedgerPosting

__all__ = ["CUSTOMER_ACCOUNTS", "post"]

_POSTINGS = insert(cast(Table, LedgerPosting.__table__))  # built once
_ENTRY = insert(cast(Table, LedgerEntry.__table__))

CUSTOMER_ACCOUNTS = frozenset(
    {AccountCode.RECEIVABLE, AccountCode.CREDIT_BOUGHT, AccountCode.CREDIT_GIFTED, AccountCode.CREDIT_LENT}
)
"""Postings on these name the customer, so that everybody's balance is a sum of postings."""


def post(
    tx: Tx,
    seller_id: int,
    kind: str,
    day: date,
    key: str,
    legs: Iterable[Posting],
    *,
    customer_id: int | None = None,
) -> int:
    """Write one balanced entry in this transaction and return its id.

        post(tx, seller.id, "payment", day, f"payment:{payment.id}",
             [debit(AccountCode.CLEARING, amount, "gateway:3"), credit(AccountCode.RECEIVABLE, amount)],
             customer_id=customer.id)

    `day` is the date in the seller's zone. `key` says what is booked, and the same thing is booked once: a second
    entry under a key is refused by the database. Legs on CUSTOMER_ACCOUNTS are booked to `customer_id`, which they
    need; other legs name no customer. Raises Unbalanced, and InvalidInput for a customer that is missing.
    """
    postings = tuple(legs)
    check_balance(key, postings)
    if customer_id is None and any(leg.account_code in CUSTOMER_ACCOUNTS for leg in postings):
        raise InvalidInput("customer_id", f"the entry {key} touches a customer's account but names no customer")
    session = tx.session
    session.flush()
    keys = [AccountKey(seller_id, leg.account_code.value, leg.amount.currency, leg.subject) for leg in postings]
    accounts = account_ids(session, keys)
    (entry_id,) = reserve_ids(session, "ledger_entry", 1)
    rows: list[dict[str, object]] = []
    legs_of_digest: list[tuple[int | str, str, int, str]] = []
    for number, (leg, account) in enumerate(zip(postings, keys, strict=True), 1):
        customer = customer_id if leg.account_code in CUSTOMER_ACCOUNTS else None
        side, minor, account_id = leg.side.value, leg.amount.minor, accounts[account]
        legs_of_digest.append((digest_account(account_id, customer), side, minor, leg.amount.currency))
        rows.append(
            {
                "entry_id": entry_id,
                "leg": number,
                "account_id": account_id,
                "customer_id": customer,
                "side": side,
                "amount_minor": minor,
            }
        )
    digest = entry_digest(entry_id, seller_id, kind, day.isoformat(), key, legs_of_digest)
    # Postings first: the entry closes them, and from then on none can be added.
    session.execute(_POSTINGS, rows)
    entry = {"id": entry_id, "seller_id": seller_id, "kind": kind, "day": day, "key": key, "digest": digest}
    session.execute(_ENTRY, {**entry, "recorded_at": clock.now()})
    return entry_id
