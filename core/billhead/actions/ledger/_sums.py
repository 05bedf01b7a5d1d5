"""What stands on one account of the ledger."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.domain.ledger import AccountCode
from billhead.domain.money import Money
from billhead.models.ledger import LedgerAccount, LedgerPosting

__all__ = ["debited"]


def debited(session: Session, seller_id: int, code: AccountCode, currency: str, subject: str) -> Money:
    """Its debits less its credits; nothing where there is no such account."""
    found = (
        select(func.coalesce(func.sum(LedgerPosting.signed()), 0))
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(
            LedgerAccount.seller_id == seller_id,
            LedgerAccount.code == code.value,
            LedgerAccount.currency == currency,
            LedgerAccount.subject == subject,
        )
    )
    return Money(int(session.scalar(found) or 0), currency)  # PostgreSQL sums bigints to a decimal
