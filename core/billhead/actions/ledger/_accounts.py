"""Ledger accounts: found, or opened on demand by whoever posts to one first."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billhead.models.ledger import LedgerAccount

__all__ = ["AccountKey", "account_ids", "digest_account"]

_FEW = 4
_columns = (LedgerAccount.seller_id, LedgerAccount.code, LedgerAccount.currency, LedgerAccount.subject)
# Built once: an entry names two or three accounts, and looking each up costs less than writing a list of them.
_ONE = select(LedgerAccount.id).where(*(column == bindparam(f"wanted_{column.key}") for column in _columns))


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
    if len(keys) <= _FEW:
        each = ((key, session.scalar(_ONE, {f"wanted_{k}": v for k, v in key._asdict().items()})) for key in keys)
        return {key: account_id for key, account_id in each if account_id is not None}
    found = session.execute(select(LedgerAccount.id, *_columns).where(tuple_(*_columns).in_(sorted(keys))))
    return {AccountKey(row.seller_id, row.code, row.currency, row.subject): row.id for row in found}


def _open(session: Session, keys: Collection[AccountKey]) -> None:
    """In one order for everybody, so that two transactions never wait for each other in a circle."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    rows = [key._asdict() for key in sorted(keys)]
    session.execute(insert(LedgerAccount).on_conflict_do_nothing(), rows)


def digest_account(account_id: int, customer_id: int | None) -> str:
    """What stands for an account in an entry's digest: the customer of a posting can't be changed unseen either."""
    return str(account_id) if customer_id is None else f"{account_id}:{customer_id}"
