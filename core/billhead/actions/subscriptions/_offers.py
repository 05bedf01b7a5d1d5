"""Proformas of a subscription that runs: a change that waits to be paid, and what nobody shall pay any more."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update

from billhead import clock
from billhead.actions.billing._free_days import CLOSED
from billhead.actions.billing._rated import Rated
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.coupons._entering import lock_orders
from billhead.actions.documents._subscriptions import about
from billhead.actions.documents._withdrawing import withdraw
from billhead.actions.payments._allocating import lock_payers, locked_documents
from billhead.actions.subscriptions._state import must_be_visible, visible_subscription
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState, State
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import FreeTime, Subscription, SubscriptionChange

__all__ = [
    "lock_about",
    "lock_lapsing",
    "lock_offers",
    "locked_to_pay",
    "offer_change",
    "subscription_to_end",
    "withdraw_changes",
    "withdraw_offers",
]

_TRIES = 5
"""What is written about one subscription comes by the run or a person, seldom twice in a row."""


def offer_change(tx: Tx, subscription: Subscription, rated: Rated, wish: dict[str, Any], today: date) -> int:
    """Write the proforma over the difference that `rated` shows; returns its id. It is good for the day.

    Paid later, the change counts from that day and costs what it costs then, which is never more within a period.
    """
    lines = tuple(
        line._replace(
            component_id=None if (line.component_id or 0) < 0 else line.component_id,
            period_start=None,
            period_end=None,
            detail=None,
        )
        for line in rated.lines
    )
    offer = rated._replace(
        kind="proforma",
        due_on=today,
        lines=lines,
        taken=(),
        credit_minor=0,
        advance=None,
        corrects_id=None,
        draft="",
        hold=rated.draft,
    )
    document_id = issue_invoice(tx, offer).document_id
    tx.session.add(
        SubscriptionChange(
            subscription_id=subscription.id,
            kind="change",
            state="offered",
            effective_on=today,
            document_id=document_id,
            wish=wish,
            recorded_at=clock.now(),
        )
    )
    return document_id


def subscription_to_end(tx: Tx, subscription_id: int, since: date | None = None) -> Subscription:
    """As `visible_subscription`, for whoever ends or changes it (`since`: from a day that has passed): locked after all
    that this may come to. In this order whoever is paid, gives money back or corrects an invoice locks them too."""
    must_be_visible(tx, subscription_id)
    lock_about(tx, [subscription_id], since=since)
    return visible_subscription(tx, subscription_id)


def lock_about(
    tx: Tx, subscriptions: Collection[int], documents: Collection[int] = (), *, since: date | None = None
) -> None:
    """Before subscriptions end: what has paid invoices of theirs that may still change, which may go back; then by id
    their offers and these invoices, with further `documents`; then they and whatever else these are about. What was
    written about them while this waited for them is locked before them too: they are let go for it.

    May change: a draft, what is owed, and what has days behind `since`, today, or the day from which time stands still.
    """
    session = tx.session
    session.flush()
    theirs = select(DocumentLine.document_id).where(among(DocumentLine.subscription_id, subscriptions, session))
    behind = theirs.where(DocumentLine.period_end > _first_day(tx, subscriptions, since))
    standing = and_(Document.kind == Kind.INVOICE.value, Document.state != State.VOID.value)
    waits = (Document.state == State.DRAFT.value) | Document.owed()
    bills = standing & ((Document.id.in_(theirs) & waits) | Document.id.in_(behind))
    open_or_billed = (Document.id.in_(theirs) & and_(*_OPEN)) | bills
    for left in reversed(range(_TRIES)):
        with session.begin_nested() as locked:
            lock_payers(tx, select(Document.id).where(bills))
            known, of_them = _lock(tx, open_or_billed | among(Document.id, documents, session))
            lock_orders(tx, {*subscriptions, *of_them})
            if not left or known.issuperset(session.scalars(select(Document.id).where(open_or_billed))):
                return
            locked.rollback()


def _first_day(tx: Tx, subscriptions: Collection[int], since: date | None) -> date:
    """From which days that were billed may come back. It is still yesterday somewhere."""
    about_now = clock.today_in("UTC") - timedelta(days=1)
    still = select(func.min(FreeTime.starts_on)).where(
        among(FreeTime.subscription_id, subscriptions, tx.session), FreeTime.ends_on.is_(None), FreeTime.why != CLOSED
    )
    return min(day for day in (about_now, since, tx.session.scalar(still)) if day is not None)


def locked_to_pay(tx: Tx, documents: Collection[int]) -> dict[int, Document]:
    """Documents that money is put on, locked: where one of them offers a change, after all that this may come to."""
    change = SubscriptionChange
    offered = change.document_id.in_(documents), change.state == "offered"
    changes = set(tx.session.scalars(select(change.subscription_id).where(*offered)))
    if changes:
        lock_about(tx, changes, documents)
    return locked_documents(tx, documents)


def lock_offers(tx: Tx, subscriptions: Collection[int]) -> None:
    """What is open of many: locked before they are, in the order in which whoever is paid locks it."""
    _, ordered = _lock(tx, _offers_of(tx, subscriptions))
    if ordered:
        lock_orders(tx, ordered)


def lock_lapsing(tx: Tx, ends: Collection[int], expires: Collection[int]) -> None:
    """Before the calendar ends some and lets others expire: of these what is open, in the same order as all else."""
    if ends:
        lock_about(tx, ends, tx.session.scalars(select(Document.id).where(_offers_of(tx, expires))).all())
    else:
        lock_offers(tx, expires)


def _offers_of(tx: Tx, subscriptions: Collection[int]) -> ColumnElement[bool]:
    theirs = select(DocumentLine.document_id).where(among(DocumentLine.subscription_id, subscriptions, tx.session))
    return and_(Document.id.in_(theirs), *_OPEN)


def _lock(tx: Tx, which: ColumnElement[bool]) -> tuple[set[int], set[int]]:
    """Lock these documents by id; returns them, and the subscriptions that they are about."""
    documents = tx.session.scalars(select(Document.id).where(which).order_by(Document.id).with_for_update()).all()
    line = DocumentLine
    found = select(line.subscription_id).where(among(line.document_id, documents, tx.session))
    return set(documents), {one for one in tx.session.scalars(found) if one is not None} if documents else set()


_OPEN = (
    Document.kind == Kind.PROFORMA.value,
    Document.state.in_([ProformaState.OPEN.value, ProformaState.EXPIRED.value]),
)


def _open_of(subscription_id: int) -> tuple[ColumnElement[bool], ...]:
    return about(subscription_id), *_OPEN


def withdraw_offers(tx: Tx, subscription_id: int) -> None:
    """Nobody pays for time that will not come, or for a change that was made otherwise: what is open becomes void."""
    _withdraw(tx, subscription_id, *_open_of(subscription_id))


def withdraw_changes(tx: Tx, subscription_id: int) -> None:
    """The same of changes alone: what has expired can still be renewed, and can't be changed before."""
    change = SubscriptionChange
    offered = select(change.document_id).where(change.subscription_id == subscription_id, change.state == "offered")
    _withdraw(tx, subscription_id, *_open_of(subscription_id), Document.id.in_(offered))


def _withdraw(tx: Tx, subscription_id: int, *which: ColumnElement[bool]) -> None:
    tx.session.flush()
    offers = tx.session.scalars(select(Document).where(*which).execution_options(populate_existing=True))
    for offer in offers.all():
        withdraw(tx, offer, subscription_id)
    tx.session.execute(
        update(SubscriptionChange)
        .where(SubscriptionChange.subscription_id == subscription_id, SubscriptionChange.state == "offered")
        .values(state="withdrawn")
    )
