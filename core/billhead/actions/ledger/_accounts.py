"""Ledger accounts: found, or opened on demand by whoever posts to one first."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billhead.models.ledger import LedgerAccount

__all__ = ["AccountKey", "account_ids", "digest_account"]


class AccountKey(NamedTuple):
    seller_id: int
    code: str
    currency: str
    subject: str = ""


def account_ids(session: Session, wanted: Collection[AccountKey]) -> dict[AccountKey, int]:
    """The ids of all wanted accounts; those that don't exist yet are opened in this transaction.

    Safe when several transactions open the same account at once: the later ones wait for the first and take its row.
    The session remembers what it found, and is gone with its transaction, so that a rollback leaves no wrong id behind.
    """
    known: dict[AccountKey, int] = session.info.setdefault("ledger_accounts", {})
    missing = {key for key in wanted if key not in known}
    if missing:
        known.update(_find(session, missing))
        missing.difference_update(known)
    if missing:
        _open(session, missing)
        known.update(_find(session, missing))
    return {key: known[key] for key in wanted}


def _find(session: Session, keys: Collection[AccountKey]) -> dict[AccountKey, int]:
    account = LedgerAccount
    columns = (account.seller_id, account.code, account.currency, account.subject)
    found = session.execute(select(account.id, *columns).where(tuple_(*columns).in_(sorted(keys))))
    return {AccountKey(row.seller_id, row.code, row.currency, row.subject): row.id for row in found}


def _open(session: Session, keys: Collection[AccountKey]) -> None:
    """In one order for everybody, so that two transactions never wait for each other in a circle."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    rows = [key._asdict() for key in sorted(keys)]
    session.execute(insert(LedgerAccount).on_conflict_do_nothing(), rows)


def digest_account(account_id: int, customer_id: int | None) -> str:
    """What stands for an account in an entry's digest: the customer of a posting can't be changed unseen either."""
    return str(account_id) if customer_id is None else f"{account_id}:{customer_id}"
