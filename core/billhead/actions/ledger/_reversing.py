"""The opposite of an entry, as a new entry: nothing in the ledger is ever changed."""

from datetime import date

from sqlalchemy import select

from billhead.actions.ledger.post import post
from billhead.db import Tx
from billhead.domain.ledger import AccountCode, Posting, Side
from billhead.domain.money import Money
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting

__all__ = ["reverse"]


def reverse(tx: Tx, entry_id: int, kind: str, day: date, key: str) -> int:
    """Post the legs of an entry the other way round, for the same customer; returns the new entry's id."""
    tx.session.flush()
    entry = tx.session.get_one(LedgerEntry, entry_id)
    rows = tx.session.execute(
        select(LedgerPosting.side, LedgerPosting.amount_minor, LedgerPosting.customer_id, LedgerAccount)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerPosting.entry_id == entry_id)
        .order_by(LedgerPosting.leg)
    ).all()
    legs = [
        Posting(AccountCode(account.code), Side(side).other, Money(minor, account.currency), account.subject)
        for side, minor, _, account in rows
    ]
    customer_id = next((row.customer_id for row in rows if row.customer_id is not None), None)
    return post(tx, entry.seller_id, kind, day, key, legs, customer_id=customer_id)
