"""What follows when an invoice is settled in full: it is told, its time may be watched, and no debt is in the way."""

from datetime import date, timedelta

from sqlalchemy import ColumnElement, case, func, select, true
from sqlalchemy.orm import aliased

from billhead import clock
from billhead.actions.documents._corrected import CORRECTED
from billhead.actions.documents._days_bought import let_days_come
from billhead.actions.documents._disputed import undisputed
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.dunning.lift import lift_debt
from billhead.actions.entitlements._opening import opened_by
from billhead.actions.events import emit
from billhead.actions.provisioning.want import want
from billhead.actions.resellers._given import given_by
from billhead.actions.shops._supplying import ask_supply, is_supplied, wake_supply
from billhead.actions.subscriptions._state import begin_again, live_services
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.db import Tx
from billhead.domain.document import Kind, State
from billhead.domain.periods import Term, cycle_index, cycle_start, start_of_day
from billhead.domain.subscription import State as Life
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["give_away_time", "is_kept", "paid_in_full", "paid_in_part", "paid_until", "released", "with_given_days"]


def paid_in_full(tx: Tx, seller: Seller, invoice: Document) -> None:
    """Called in the transaction that settles the invoice."""
    data = {"document_id": invoice.id, "customer_id": invoice.customer_id}
    emit(tx, "document.paid", f"document:{invoice.id}", data)
    opened_by(tx, invoice)
    given_by(tx, invoice)
    released(tx, seller, invoice)


def paid_in_part(tx: Tx, invoice: Document) -> None:
    """Nobody is dunned for what is left where that is disputed."""
    tx.session.flush()
    if invoice.kind == Kind.INVOICE and not undisputed(tx.session, invoice):
        for subscription_id in subscriptions_of(tx.session, invoice.id):
            lift_debt(tx, subscription_id)


def released(tx: Tx, seller: Seller, invoice: Document) -> None:
    """What a settled invoice gives its subscriptions: time to watch, and nothing of what debt had done."""
    tx.session.flush()
    for subscription_id in subscriptions_of(tx.session, invoice.id):
        # issuing the invoice wrote past the session: read what stands now
        subscription = tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
        _extend(tx, seller, subscription, invoice)
        lift_debt(tx, subscription_id)
    let_days_come(tx, invoice)


def give_away_time(tx: Tx, seller: Seller, invoice: Document) -> None:
    """Nobody owes a final invoice any more: its time may be watched, and nothing of what debt had done is left. A
    reseller's credits buy none of it, and what was ordered on it and never ran does not begin."""
    tx.session.flush()
    for subscription_id in subscriptions_of(tx.session, invoice.id):
        subscription = tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
        through, before = _billed_until(tx, invoice, subscription), subscription.paid_through
        ran = subscription.state != Life.PENDING and not is_supplied(subscription)
        if ran and through is not None and (before is None or before < through):
            _extend(tx, seller, subscription, invoice)
        lift_debt(tx, subscription_id)


def _extend(tx: Tx, seller: Seller, subscription: Subscription, invoice: Document) -> None:
    """What is paid for may be watched: panel expiry = paid-through + grace, in the customer's own zone."""
    lasts = paid_until if is_supplied(subscription) else _billed_until
    before, through = subscription.paid_through, lasts(tx, invoice, subscription)
    bought = through
    if through is None or (subscription.paid_through is not None and subscription.paid_through >= through):
        through = subscription.paid_through
    if through is None or subscription.state == Life.CANCELED:
        return
    through = with_given_days(tx, subscription, through)
    subscription.paid_through = through
    if is_supplied(subscription):
        if bought is not None and (before is None or bought > before):
            ask_supply(tx, subscription, invoice, through)
        else:  # a change that was made before it is paid
            wake_supply(tx, subscription.payer_reseller_id or 0)
        return
    expires = start_of_day(_watched_until(subscription, through), subscription.zone) + timedelta(
        hours=seller.grace_hours
    )
    for service in live_services(tx, subscription):
        want(tx, service, desired_expires_at=expires, trial=subscription.phase == "trial")
    if begin_again(tx, subscription, before or through):  # all of it is charged
        look_again(tx, subscription, clock.today_in(subscription.zone))


def _watched_until(subscription: Subscription, through: date) -> date:
    """What is billed afterwards may be watched to the end of the cycle that runs: its bill comes then."""
    if subscription.timing != "arrears":
        return through
    today, term = clock.today_in(subscription.zone), Term.parse(subscription.term)
    return max(through, cycle_start(subscription.anchor, term, cycle_index(subscription.anchor, term, today) + 1))


def with_given_days(tx: Tx, subscription: Subscription, through: date) -> date:
    """Days that were given, or that a change has added, while the invoice was open follow what it pays."""
    rows = tx.session.execute(
        select(FreeTime.starts_on, FreeTime.ends_on).where(
            FreeTime.subscription_id == subscription.id,
            FreeTime.why.in_(["given", "extended"]),
            FreeTime.starts_on >= through,
        )
    )
    follows = {start: end for start, end in rows if end is not None and start < end}
    while through in follows:
        through = follows.pop(through)
    return through


def paid_until(tx: Tx, invoice: Document, subscription: Subscription) -> date | None:
    """The end of its time on the invoice, without lines that credit notes have given back whole."""
    return _end_of_time(tx, invoice, subscription, is_kept())


def _billed_until(tx: Tx, invoice: Document, subscription: Subscription) -> date | None:
    """The same, with lines of which staff have given back the money: no run bills that time again, so it is given."""
    return _end_of_time(tx, invoice, subscription, is_kept(by_staff=False))


def _end_of_time(tx: Tx, invoice: Document, subscription: Subscription, counts: ColumnElement[bool]) -> date | None:
    return tx.session.scalar(
        select(func.max(DocumentLine.period_end)).where(
            DocumentLine.document_id == invoice.id,
            DocumentLine.subscription_id == subscription.id,
            DocumentLine.kind.in_(["recurring", "trial"]),
            counts,
        )
    )


def is_kept(*, by_staff: bool = True) -> ColumnElement[bool]:
    """Of DocumentLine: credit notes have not given it back whole; `by_staff`: theirs count as well."""
    gives = aliased(DocumentLine)
    given = case((Document.kind == Kind.CREDIT_NOTE, gives.net_minor), else_=-gives.net_minor)
    returned = (
        select(func.coalesce(func.sum(given), 0))
        .join(Document, Document.id == gives.document_id)
        .where(gives.corrects_line_id == DocumentLine.id, Document.state != State.VOID)
        .where(true() if by_staff else gives.kind != CORRECTED)
        .correlate(DocumentLine)
        .scalar_subquery()
    )
    return (DocumentLine.net_minor == 0) | (returned < DocumentLine.net_minor)
