"""Money of which nobody knows whose it is, booked when it comes: D clearing, C suspense."""

from sqlalchemy import select

from billhead import clock
from billhead.actions.ledger.post import post
from billhead.db import Tx
from billhead.domain.errors import AmountMismatch
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, UnassignedMoney
from billhead.models.sellers import Seller

__all__ = ["kept_in_suspense", "waiting_in_suspense"]


def kept_in_suspense(tx: Tx, account: GatewayAccount, reference: str, amount: Money, payer: str) -> int:
    """The row's id. `reference` is not booked yet; `payer` is what is known of who sent it."""
    row = UnassignedMoney(
        account_id=account.id,
        provider_ref=reference,
        amount_minor=amount.minor,
        currency=amount.currency,
        payer=payer.strip()[:200],
        received_at=clock.business_now(),
    )
    tx.session.add(row)
    tx.session.flush()
    seller = tx.session.get_one(Seller, account.seller_id)
    legs = [debit(AccountCode.CLEARING, amount, f"gateway:{account.id}"), credit(AccountCode.SUSPENSE, amount)]
    row.entry_id = post(tx, seller.id, "unassigned", clock.today_in(seller.zone), f"unassigned:{row.id}", legs)
    return row.id


def waiting_in_suspense(tx: Tx, account_id: int, reference: str, amount: Money) -> UnassignedMoney | None:
    """The same money, if it waits for an owner; locked. Raises AmountMismatch when another amount waits there, or none
    any more because it was given back."""
    row = tx.session.scalar(
        select(UnassignedMoney)
        .where(
            UnassignedMoney.account_id == account_id,
            UnassignedMoney.provider_ref == reference,
            UnassignedMoney.payment_id.is_(None),
        )
        .with_for_update()
    )
    if row is not None and Money(row.amount_minor, row.currency) != amount:
        raise AmountMismatch(f"{reference} waits without an owner as {Money(row.amount_minor, row.currency)}")
    if row is not None and row.returned_at is not None:
        raise AmountMismatch(f"{reference} was given back to who had paid it")
    return row
