"""Money that was taken off documents becomes the customer's credit again: what a lot had paid returns to that lot."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from billhead import clock
from billhead.actions.ledger.post import post
from billhead.actions.payments._allocating import Freed
from billhead.db import Tx
from billhead.domain.credit import LotKind
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["Return", "locked_lots", "to_credit"]


class Return(NamedTuple):
    """Why money becomes credit: the entry's kind and key, and what a new lot says of itself."""

    kind: str
    key: str
    reason: str
    credit_note_id: int | None = None


def locked_lots(tx: Tx, ids: Sequence[int]) -> dict[int, CustomerCredit]:
    """These lots, locked in one order for everybody, as they stand now."""
    tx.session.flush()
    rows = tx.session.scalars(
        select(CustomerCredit)
        .where(CustomerCredit.id.in_(ids))
        .order_by(CustomerCredit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def to_credit(tx: Tx, customer: Customer, currency: str, freed: Sequence[Freed], why: Return) -> int | None:
    """Book D receivable, C credit for freed money; returns the entry's id, or None where nothing was freed.

    A payment's money becomes a lot of bought credit that knows its payment. A lot gets back what it had paid, with its
    kind and its expiry: a gift that has expired meanwhile is gone at once, bought credit comes back without expiry.
    """
    if not freed:
        return None
    today = clock.today_in(customer.zone)
    lots = locked_lots(tx, [one.source.customer_credit_id for one in freed if one.source.customer_credit_id])
    sums: dict[AccountCode, int] = {}
    for source, minor in freed:
        lot = lots.get(source.customer_credit_id or 0)
        account = _account(lot, today)
        sums[account] = sums.get(account, 0) + minor
    total = Money(sum(sums.values()), currency)
    legs: list[Posting] = [debit(AccountCode.RECEIVABLE, total)]
    legs += [credit(account, Money(minor, currency)) for account, minor in sums.items()]
    seller = tx.session.get_one(Seller, customer.seller_id)
    entry_id = post(tx, seller.id, why.kind, clock.today_in(seller.zone), why.key, legs, customer_id=customer.id)
    for source, minor in freed:
        lot = lots.get(source.customer_credit_id or 0)
        if lot is None or (_expired(lot, today) and lot.kind == LotKind.BOUGHT):
            payment_id = source.payment_id if lot is None else lot.payment_id
            tx.session.add(_lot(customer, currency, payment_id, minor, why, entry_id))
        elif not _expired(lot, today):
            lot.remaining_minor += minor
    tx.session.flush()
    return entry_id


def _expired(lot: CustomerCredit, today: date) -> bool:
    return lot.expires_on is not None and lot.expires_on <= today


def _account(lot: CustomerCredit | None, today: date) -> AccountCode:
    if lot is None or lot.kind == LotKind.BOUGHT:
        return AccountCode.CREDIT_BOUGHT
    return AccountCode.GIFTED_EXPENSE if _expired(lot, today) else AccountCode.CREDIT_GIFTED


def _lot(
    customer: Customer, currency: str, payment_id: int | None, minor: int, why: Return, entry_id: int
) -> CustomerCredit:
    return CustomerCredit(
        customer_id=customer.id,
        kind=LotKind.BOUGHT.value,
        currency=currency,
        amount_minor=minor,
        remaining_minor=minor,
        reason=why.reason,
        payment_id=payment_id,
        credit_note_id=why.credit_note_id,
        entry_id=entry_id,
        created_at=clock.now(),
    )
