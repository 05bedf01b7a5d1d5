"""A reseller's credits: lots on one side, the ledger on the other, and both move together or not at all.

What a reseller has to spend is what its lots hold, less what it has drawn on its credit line. Drawing makes a lot of
its own (`credit_line`), and the first credits that come in pay it back, so that no lot ever goes below zero.

    issued → available → held → consumed        and back on release or refund
    the subject `reseller:7` on available, held and consumed; `credit_line:7` on issued is what reseller 7 owes
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from billhead import clock
from billhead.actions.ledger._sums import debited
from billhead.actions.ledger.post import post
from billhead.actions.shops._supplying import wake_supply
from billhead.db import Tx
from billhead.domain.credit import Lot, LotKind, consume, cost_of
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditLot, CreditMovement
from billhead.models.people import Reseller
from billhead.models.sellers import Seller

__all__ = [
    "Taken",
    "add_lot",
    "balance",
    "book",
    "checked_credits",
    "credit_line",
    "owed_by",
    "put_back",
    "repay",
    "share_of",
    "take",
    "take_last",
    "wallet",
    "without",
]

_SOME_DAY = date(2000, 1, 1)  # resellers' lots don't expire


@dataclass(frozen=True, slots=True)
class Taken:
    """Credits that one lot gave, with their share of what the lot had cost."""

    lot_id: int
    minor: int
    cost_minor: int
    cost_currency: str


def wallet(reseller: Reseller) -> str:
    """The subject of a reseller's accounts."""
    return f"reseller:{reseller.id}"


def checked_credits(amount: Money) -> Money:
    if not isinstance(amount, Money) or amount.currency != CREDITS or amount.minor <= 0:
        raise InvalidInput("amount", f"must be credits above zero, got {amount}", hint="Write it like 12.50.")
    return amount


def balance(tx: Tx, reseller: Reseller) -> Money:
    """What it has to spend of its own; below zero is what it owes on its credit line."""
    held = sum(lot.remaining_minor for lot in _open_lots(tx, reseller))
    return Money(held - owed_by(tx, reseller).minor, CREDITS)


def book(
    tx: Tx, reseller: Reseller, kind: str, key: str, legs: Iterable[Posting], reason: str = "", **about: int | None
) -> int:
    """The entry, with who did it and why beside it. `about`: other_id, subscription_id, document_id."""
    seller, ctx = tx.session.get_one(Seller, reseller.seller_id), tx.ctx
    entry_id = post(tx, seller.id, kind, clock.today_in(seller.zone), key, legs)
    row = CreditMovement(
        entry_id=entry_id,
        reseller_id=reseller.id,
        actor=ctx.actor,
        reason=(reason or ctx.reason)[:500],
        request_id=ctx.request_id,
        **about,
    )
    tx.session.add(row)
    return entry_id


def take(tx: Tx, reseller: Reseller, amount: Money, key: str) -> list[Taken]:
    """Take credits from the oldest lots, and from the credit line what they lack; the caller books where they go.

    The reseller is locked. Raises Conflict when it has not enough.
    """
    lots = _open_lots(tx, reseller)
    lack = amount.minor - sum(lot.remaining_minor for lot in lots)
    if lack > 0:
        lots.append(_lend(tx, reseller, Money(lack, CREDITS), amount, f"{key}:lent"))
    return _take_from(lots, amount)


def take_last(tx: Tx, reseller: Reseller, amount: Money, lot_id: int | None) -> None:
    """Take credits that are there from one lot first, then from the newest ones; the caller books where they go."""
    left = amount.minor
    for lot in sorted(_open_lots(tx, reseller), key=lambda one: (one.id != lot_id, -one.id)):
        part = min(left, lot.remaining_minor)
        if part:
            _take_from([lot], Money(part, CREDITS))
            left -= part
    assert not left, "the caller has seen to it that the lots hold the amount"


def put_back(tx: Tx, taken: Sequence[Taken]) -> None:
    """Into the lots that gave them; the caller has locked whose they are, books where they come from, and then lets
    `repay` see to debts."""
    tx.session.flush()
    rows = tx.session.scalars(
        select(CreditLot)
        .where(CreditLot.id.in_({part.lot_id for part in taken}))
        .order_by(CreditLot.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    lots = {lot.id: lot for lot in rows}
    for part in taken:
        lot = lots[part.lot_id]
        lot.remaining_minor += part.minor
        lot.cost_minor += part.cost_minor


def add_lot(
    tx: Tx, reseller: Reseller, source: str, amount: Money, cost: Money | None = None, entry_id: int | None = None
) -> CreditLot:
    lot = CreditLot(
        reseller_id=reseller.id,
        source=source,
        amount_minor=amount.minor,
        remaining_minor=amount.minor,
        cost_minor=cost.minor if cost else 0,
        cost_currency=cost.currency if cost else "",
        entry_id=entry_id,
        created_at=clock.now(),
    )
    tx.session.add(lot)
    tx.session.flush()
    return lot


def repay(tx: Tx, reseller: Reseller, key: str) -> None:
    """Credits came in: what was drawn on the credit line is paid back first. Orders of its shop may have waited."""
    wake_supply(tx, reseller.id)
    owed = owed_by(tx, reseller).minor
    lots = _open_lots(tx, reseller) if owed else []
    back = Money(min(owed, sum(lot.remaining_minor for lot in lots)), CREDITS)
    if not back:
        return
    _take_from(lots, back)
    legs = [debit(AccountCode.CREDITS_AVAILABLE, back, wallet(reseller)), _issued(reseller, back)]
    book(tx, reseller, "credit_line_repaid", f"{key}:repaid", legs)


def share_of(taken: Sequence[Taken], amount: Money) -> list[Taken]:
    """The part of what was taken that goes back when only `amount` does: what came last goes back first."""
    shares, left = [], amount.minor
    for part in reversed(taken):
        minor = min(part.minor, left)
        if minor:
            lot = _as_lot(part.lot_id, part.minor, part.cost_minor, part.cost_currency)
            cost = cost_of(lot, Money(minor, CREDITS))
            shares.append(Taken(part.lot_id, minor, cost.minor if cost else 0, part.cost_currency))
        left -= minor
    return shares


def without(taken: Sequence[Taken], gone: Sequence[Taken]) -> list[Taken]:
    """What stays of each lot's share; of one lot there may be several shares."""
    left = {lot: [0, 0] for lot in {part.lot_id for part in gone}}
    for part in gone:
        left[part.lot_id][0] += part.minor
        left[part.lot_id][1] += part.cost_minor
    stays = []
    for part in taken:
        minor, cost = left.get(part.lot_id, [0, 0])
        off, off_cost = min(part.minor, minor), min(part.cost_minor, cost)
        if part.lot_id in left:
            left[part.lot_id] = [minor - off, cost - off_cost]
        if part.minor > off:
            stays.append(Taken(part.lot_id, part.minor - off, part.cost_minor - off_cost, part.cost_currency))
    return stays


def _lend(tx: Tx, reseller: Reseller, lack: Money, wanted: Money, key: str) -> CreditLot:
    line = Money(reseller.credit_line_minor, CREDITS)
    if owed_by(tx, reseller).minor + lack.minor > line.minor:
        name, has = reseller.name, balance(tx, reseller)
        why = f"{name} has {has}; {wanted} are needed"
        if line:
            why = f"{name} has {has}, and may owe up to {line}; {wanted} are needed"
        raise Conflict(why, code="credits_short", hint="buy credits, or ask for some")
    legs = [
        debit(AccountCode.CREDITS_ISSUED, lack, credit_line(reseller)),
        credit(AccountCode.CREDITS_AVAILABLE, lack, wallet(reseller)),
    ]
    entry_id = book(tx, reseller, "credit_line_drawn", key, legs)
    return add_lot(tx, reseller, "credit_line", lack, entry_id=entry_id)


def credit_line(reseller: Reseller) -> str:
    """The subject under which stands what it owes."""
    return f"credit_line:{reseller.id}"


def _issued(reseller: Reseller, amount: Money) -> Posting:
    return credit(AccountCode.CREDITS_ISSUED, amount, credit_line(reseller))


def owed_by(tx: Tx, reseller: Reseller) -> Money:
    """What it has drawn on its credit line and not paid back."""
    return debited(tx.session, reseller.seller_id, AccountCode.CREDITS_ISSUED, CREDITS, credit_line(reseller))


def _open_lots(tx: Tx, reseller: Reseller) -> list[CreditLot]:
    tx.session.flush()
    return list(
        tx.session.scalars(
            select(CreditLot)
            .where(CreditLot.reseller_id == reseller.id, CreditLot.remaining_minor > 0)
            .order_by(CreditLot.id)
            .execution_options(populate_existing=True)
        )
    )


def _as_lot(lot_id: int, minor: int, cost_minor: int, cost_currency: str) -> Lot:
    # one kind and one day for all: the ids tell which is the oldest
    cost = Money(cost_minor, cost_currency) if cost_currency else None
    return Lot(lot_id, LotKind.BOUGHT, Money(minor, CREDITS), _SOME_DAY, cost=cost)


def _take_from(lots: Sequence[CreditLot], amount: Money) -> list[Taken]:
    by_id = {lot.id: lot for lot in lots}
    plain = {lot.id: _as_lot(lot.id, lot.remaining_minor, lot.cost_minor, lot.cost_currency) for lot in lots}
    parts, left = consume(plain.values(), amount, _SOME_DAY)
    assert not left, "the caller has seen to it that the lots hold the amount"
    taken = []
    for lot_id, part in parts:
        cost, lot = cost_of(plain[lot_id], part), by_id[lot_id]
        lot.remaining_minor -= part.minor
        lot.cost_minor -= cost.minor if cost else 0
        taken.append(Taken(lot_id, part.minor, cost.minor if cost else 0, lot.cost_currency))
    return taken
