"""Sums of the ledger that reports are held against."""

from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement, func, select

from billhead.domain.ledger import AccountCode
from billhead.domain.money import Money
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.plugin import ReportAsked, ReportTie
from billhead.reports._source import Source

__all__ = ["sums_by_currency", "ties_by_currency"]


def sums_by_currency(
    source: Source, asked: ReportAsked, account: AccountCode, *conditions: ColumnElement[bool]
) -> dict[str, int]:
    """Currency → by how much the account grew, over the entries that fit the conditions, the seller and currency."""
    query = (
        select(LedgerAccount.currency, func.sum(LedgerPosting.signed(account.normal_side)))
        .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(LedgerAccount.code == account.value, *conditions)
        .group_by(LedgerAccount.currency)
    )
    if asked["seller"] is not None:
        query = query.where(LedgerAccount.seller_id == asked["seller"])
    if asked.values.get("currency") is not None:
        query = query.where(LedgerAccount.currency == asked["currency"])
    return {currency: int(minor) for currency, minor in source.session.execute(query)}


def ties_by_currency(what: str, here: dict[str, int], ledger: dict[str, int]) -> Iterator[ReportTie]:
    """A tie for every currency that either side knows."""
    currencies: Iterable[str] = sorted({*here, *ledger})
    for currency in currencies:
        yield ReportTie(what, Money(here.get(currency, 0), currency), Money(ledger.get(currency, 0), currency))
