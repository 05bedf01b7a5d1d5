"""Consumed credits come back to whoever owns the lots that gave them, however often the subscription has moved.

A subscription that went from one reseller to another is paid for by the lots of both. What comes back is booked for
each owner apart: from its consumed to its available credits, and into its lots. A reseller that was removed has no
wallet any more: whoever pays for the subscription now gets it, as new lots that had cost the same.
"""

from collections.abc import Mapping, Sequence

from billhead.actions.resellers._tree import lock_rows
from billhead.actions.resellers._users import payers_of
from billhead.actions.resellers._uses import note_use, owners_of
from billhead.actions.resellers._wallet import Taken, add_lot, book, put_back, repay, wallet
from billhead.db import Tx
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditHold
from billhead.models.people import Reseller
from billhead.models.subscriptions import Subscription

__all__ = ["give_back", "lock_payers"]


def lock_payers(tx: Tx, subscription: Subscription) -> dict[int, Reseller]:
    """Everybody who pays or has paid credits for a subscription, by id; removed ones too. The subscription is locked.

    To be asked before anything is booked, and before one of them is locked alone: all are locked by rising id.
    """
    tx.session.flush()
    ids = {*tx.session.scalars(payers_of([subscription.id])), subscription.payer_reseller_id or 0}
    return lock_rows(tx, ids)


def give_back(
    tx: Tx,
    payers: Mapping[int, Reseller],
    held: CreditHold,
    subscription: Subscription,
    shares: Sequence[Taken],
    key: str,
) -> None:
    """Book these shares of a purchase back; `payers` are `lock_payers`'. One entry an owner, under `key:owner`."""
    note_use(tx, held, "returned", shares, back=True)
    owners = owners_of(tx, shares)
    payer = payers.get(subscription.payer_reseller_id or 0)
    for owner_id in sorted(set(owners.values())):
        owner = payers[owner_id]
        to = payer if owner.removed_on is not None and payer is not None else owner
        theirs = [part for part in shares if owners[part.lot_id] == owner_id]
        amount = Money(sum(part.minor for part in theirs), CREDITS)
        legs = [
            debit(AccountCode.CREDITS_CONSUMED, amount, wallet(owner)),
            credit(AccountCode.CREDITS_AVAILABLE, amount, wallet(to)),
        ]
        one, other = f"{key}:{owner_id}", owner_id if to is not owner else None
        entry_id = book(tx, to, "credits_returned", one, legs, subscription_id=subscription.id, other_id=other)
        if to is owner:
            put_back(tx, theirs)
        else:
            for part in theirs:
                cost = Money(part.cost_minor, part.cost_currency) if part.cost_currency else None
                add_lot(tx, to, "transfer", Money(part.minor, CREDITS), cost, entry_id)
        repay(tx, to, one)
