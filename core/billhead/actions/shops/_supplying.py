"""What is paid for in a shop is supplied from its reseller's credits: asked for here, and told here what came of it.

    waiting → held        the credits are set aside, and the lines wanted until the paid day (`supply_waiting`)
    held → supplied       every line is in step
    held → refused        proven that the panel won't: the credits are back, and the reseller decides
    refused → waiting     somebody tries it again (`try_again`)
    waiting → dropped     the money went back before

A settlement only writes the row and queues a job: that takes the locks in the order in which everybody takes them.
"""

from collections.abc import Collection
from datetime import date, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

from sqlalchemy import func, insert, select

from billhead import clock
from billhead.actions.provisioning.want import want
from billhead.actions.scheduling import enqueue
from billhead.actions.subscriptions._state import live_services
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import start_of_day
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription

__all__ = [
    "TIMED",
    "ask_change",
    "ask_supplies",
    "ask_supply",
    "is_supplied",
    "let_run",
    "queue_supply",
    "share_of_term",
    "supply_settled",
    "waits_for_credits",
    "wake_supply",
]

TIMED = ("recurring", "trial")


def is_supplied(subscription: Subscription) -> bool:
    """Whether its customer pays a shop, and its lines run as far as the shop's credits went."""
    return subscription.payer_reseller_id is not None and subscription.settlement == "invoice"


def let_run(tx: Tx, subscription: Subscription, until: date) -> None:
    """Its lines may be watched until that day, which was moved by something else than a payment.

    Of a shop, only what has been supplied moves: for an order that waits the day is written down, for when its credits
    come; a line that never ran is not begun, and nobody has grace.
    """
    expires = start_of_day(until, subscription.zone)
    if not is_supplied(subscription):
        grace = timedelta(hours=tx.session.get_one(Seller, subscription.seller_id).grace_hours)
        for line in live_services(tx, subscription):
            want(tx, line, desired_expires_at=expires + grace)
        return
    newest = _newest(tx, subscription)
    waits = newest is not None and newest.state == "waiting"
    if newest is not None and waits and until > newest.starts_on:  # else its money went back: it is dropped
        newest.until = until
    for line in live_services(tx, subscription):
        ends = line.desired_expires_at
        if ends is not None and (expires < ends or not waits):
            want(tx, line, desired_expires_at=expires)


def waits_for_credits(tx: Tx, subscription: Subscription) -> bool:
    """Whether its time has not begun: it will on the day on which the credits are there."""
    newest = _newest(tx, subscription) if is_supplied(subscription) else None
    return newest is not None and newest.state == "waiting"


def _newest(tx: Tx, subscription: Subscription) -> ShopSupply | None:
    return tx.session.scalar(
        select(ShopSupply)
        .where(ShopSupply.subscription_id == subscription.id, ShopSupply.state.in_(["waiting", "held", "supplied"]))
        .where(ShopSupply.changes.is_(False))
        .order_by(ShopSupply.id.desc())
        .limit(1)
        .with_for_update()
    )


def ask_supply(tx: Tx, subscription: Subscription, invoice: Document, until: date) -> None:
    """An invoice of a shop has paid for time until that day: once, however often its money comes and goes."""
    known = select(ShopSupply).where(
        ShopSupply.subscription_id == subscription.id, ShopSupply.document_id == invoice.id
    )
    row = tx.session.scalar(known.with_for_update())
    if row is not None and row.state in ("held", "supplied"):
        expires = start_of_day(row.until, subscription.zone)
        for line in live_services(tx, subscription):
            want(tx, line, desired_expires_at=max(line.desired_expires_at or expires, expires))
        return
    if row is None:
        ask_supplies(tx, [(subscription.id, invoice.id, until)])
        return
    if row.changes:
        _run_as_before(tx, subscription, until)
    row.until, row.state, row.why, row.settled_at = until, "waiting", "", None
    row.waits_since = clock.today_in(subscription.zone)
    tx.session.flush()
    queue_supply(tx, row.reseller_id)


def _run_as_before(tx: Tx, subscription: Subscription, until: date) -> None:
    """A change is of time that runs: its lines were cut when its money went, and have that time again."""
    newest = _newest(tx, subscription)
    if newest is None or newest.state == "waiting":
        return
    expires = start_of_day(min(newest.until, until), subscription.zone)
    for line in live_services(tx, subscription):
        if line.desired_expires_at is not None and line.desired_expires_at < expires:
            want(tx, line, desired_expires_at=expires)


def ask_supplies(tx: Tx, paid: Collection[tuple[int, int, date]]) -> None:
    """(subscription, invoice, until when it has paid) of invoices that nobody has asked for yet; by as many statements
    however many they are."""
    session = tx.session
    starts = {
        (document_id, subscription_id): start
        for document_id, subscription_id, start in session.execute(
            select(DocumentLine.document_id, DocumentLine.subscription_id, func.min(DocumentLine.period_start))
            .where(among(DocumentLine.document_id, {id for _, id, _ in paid}, session), DocumentLine.kind.in_(TIMED))
            .group_by(DocumentLine.document_id, DocumentLine.subscription_id)
        )
    }
    whose = select(Subscription.id, Subscription.seller_id, Subscription.payer_reseller_id, Subscription.zone)
    found = session.execute(whose.where(among(Subscription.id, {id for id, _, _ in paid}, session)))
    known = {row.id: row for row in found}
    rows: list[dict[str, Any]] = [
        {
            "seller_id": known[subscription_id].seller_id,
            "reseller_id": known[subscription_id].payer_reseller_id,
            "subscription_id": subscription_id,
            "document_id": document_id,
            "starts_on": starts.get((document_id, subscription_id)) or until,
            "until": until,
            "waits_since": clock.today_in(known[subscription_id].zone),
            "created_at": clock.now(),
        }
        for subscription_id, document_id, until in sorted(paid)
    ]
    session.execute(insert(ShopSupply), rows)
    for reseller_id in sorted({row["reseller_id"] for row in rows}):
        queue_supply(tx, reseller_id)


def ask_change(tx: Tx, subscription: Subscription, document_id: int, today: date) -> None:
    """A change of it was billed by that document: its lines have it when the credits for it are there."""
    reseller_id = subscription.payer_reseller_id
    assert reseller_id is not None, "what is supplied has a payer"
    tx.session.add(
        ShopSupply(
            seller_id=subscription.seller_id,
            reseller_id=reseller_id,
            subscription_id=subscription.id,
            document_id=document_id,
            changes=True,
            starts_on=today,
            until=subscription.paid_through or today,
            waits_since=today,
            created_at=clock.now(),
        )
    )
    tx.session.flush()
    queue_supply(tx, reseller_id)


def queue_supply(tx: Tx, reseller_id: int) -> None:
    enqueue(tx, "shops.supply", {"reseller_id": reseller_id}, key=f"shops.supply:{reseller_id}")


def wake_supply(tx: Tx, reseller_id: int) -> None:
    """Something came that orders may have waited for: credits, or an earlier purchase is settled."""
    waits = select(ShopSupply.id).where(ShopSupply.reseller_id == reseller_id, ShopSupply.state == "waiting")
    if tx.session.scalar(waits.limit(1)) is not None:
        queue_supply(tx, reseller_id)


def supply_settled(tx: Tx, hold_id: int, state: str, why: str = "") -> None:
    """What came of the credits that are held for it: supplied or refused."""
    row = tx.session.scalar(select(ShopSupply).where(ShopSupply.hold_id == hold_id).with_for_update())
    if row is None:
        return
    row.state, row.why, row.settled_at = state, why[:300], clock.now()
    wake_supply(tx, row.reseller_id)


def share_of_term(line: DocumentLine, credit_minor: int, left: Fraction) -> Money:
    """What a line takes: the whole term, or the days of it that were sold, and what is `left` of these; rounded up to
    the hundredth."""
    days = Fraction(1)
    if line.cycle_start and line.cycle_end and line.period_start and line.period_end:
        days = Fraction((line.period_end - line.period_start).days, max((line.cycle_end - line.cycle_start).days, 1))
    return Money(ceil(credit_minor * line.quantity * min(days, Fraction(1)) * left), CREDITS)
