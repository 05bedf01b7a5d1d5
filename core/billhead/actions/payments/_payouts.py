"""Payouts: a provider sends what it holds for us to our bank account, and now and then it does not get there."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.ledger._sums import debited
from billhead.actions.ledger.post import post
from billhead.db import Tx
from billhead.domain.errors import AmountMismatch
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import Money
from billhead.domain.payment import AttemptState
from billhead.models.payments import GatewayAccount, Payout
from billhead.models.sellers import Seller
from billhead.plugin import Verified

__all__ = ["apply_payout", "held_by"]

_NOT_THERE = frozenset({AttemptState.FAILED, AttemptState.CANCELED})


def held_by(session: Session, account: GatewayAccount, currency: str) -> Money:
    """What the books say that a provider holds for the seller: its clearing account."""
    return debited(session, account.seller_id, AccountCode.CLEARING, currency, f"gateway:{account.id}")


def apply_payout(tx: Tx, account_id: int, fact: Verified) -> None:
    """Booked once: D cash, C clearing; one that failed is booked back. Below zero, money was taken from the bank.

    What fails before it was known is noted, so that a late report of it is not booked. Raises AmountMismatch without an
    amount, or with another one than before.
    """
    state, amount = fact.outcome.state, fact.outcome.amount
    if state is not AttemptState.SUCCEEDED and state not in _NOT_THERE:
        return  # it is on its way
    if amount is None:
        raise AmountMismatch(f"the message about payout {fact.reference!r} names no amount")
    account = tx.session.get_one(GatewayAccount, account_id, with_for_update=True)
    known = select(Payout).where(Payout.account_id == account_id, Payout.provider_ref == fact.reference)
    row = tx.session.scalar(known)
    if row is None:
        row = _noted(tx, account, fact.reference, amount)
        if state is AttemptState.SUCCEEDED and amount:
            row.state = "paid"
            row.entry_id = _post(tx, account, row, "payout", amount)
    elif amount != (before := Money(row.amount_minor, row.currency)):
        raise AmountMismatch(f"payout {fact.reference!r} was {before} and is told as {amount}")
    elif row.state == "paid" and state in _NOT_THERE:
        row.state, row.returned_at = "returned", clock.business_now()
        _post(tx, account, row, "payout_returned", -amount)


def _noted(tx: Tx, account: GatewayAccount, reference: str, amount: Money) -> Payout:
    row = Payout(
        account_id=account.id,
        provider_ref=reference,
        amount_minor=amount.minor,
        currency=amount.currency,
        state="returned",
        paid_at=clock.business_now(),
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def _post(tx: Tx, account: GatewayAccount, row: Payout, kind: str, to_bank: Money) -> int:
    subject, whole = f"gateway:{account.id}", abs(to_bank)
    into, out_of = (debit, credit) if to_bank.minor > 0 else (credit, debit)
    legs: list[Posting] = [into(AccountCode.CASH, whole, subject), out_of(AccountCode.CLEARING, whole, subject)]
    seller = tx.session.get_one(Seller, account.seller_id)
    return post(tx, seller.id, kind, clock.today_in(seller.zone), f"{kind}:{row.id}", legs)
