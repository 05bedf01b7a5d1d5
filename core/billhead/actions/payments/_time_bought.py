"""The time that an invoice bought ends where it began, because its money was taken away."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from billhead import clock
from billhead.actions.billing._standing import RETURNED
from billhead.actions.payments._paid import is_kept, with_given_days
from billhead.actions.resellers._given import follow_money
from billhead.actions.shops._supplying import is_supplied, let_run
from billhead.actions.subscriptions._state import record
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.document import State as Paper
from billhead.domain.subscription import State
from billhead.models.documents import Document, DocumentLine
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["pull_back_time"]


def pull_back_time(tx: Tx, invoices: Sequence[int], because: str) -> list[int]:
    """Let the lines of these invoices' subscriptions end where the invoices' time began; returns the subscriptions.

    Time that other paid invoices have bought stays: an add-on that is not paid does not take its plan along. Where
    there is some after it, none is pulled back: then the customer owes for the past, and dunning does what is to be
    done. When the invoice is paid after all, its time is given again. Reseller credits that they bought go, as far as
    there are.
    """
    tx.session.flush()
    follow_money(tx, invoices, because)
    pulled: list[int] = []
    rows = tx.session.execute(
        select(DocumentLine.subscription_id, func.min(DocumentLine.period_start), func.max(DocumentLine.period_end))
        .where(
            DocumentLine.document_id.in_(invoices),
            DocumentLine.subscription_id.is_not(None),
            DocumentLine.kind.in_(["recurring", "trial"]),
            DocumentLine.period_end.is_not(None),
        )
        .group_by(DocumentLine.subscription_id)
        .order_by(DocumentLine.subscription_id)
    ).all()
    for subscription_id, start, end in rows:
        subscription = tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
        through = subscription.paid_through
        if end is not None and is_supplied(subscription):
            end = with_given_days(tx, subscription, end)  # its order may have waited for credits, and began later then
            orders = select(func.min(ShopSupply.starts_on)).where(
                ShopSupply.subscription_id == subscription.id, ShopSupply.document_id.in_(invoices)
            )
            start = tx.session.scalar(orders) or start
        paid = _paid_by_others(tx, subscription, invoices)
        if start is not None and paid is not None:
            start = max(start, paid)
        if (
            start is None
            or end is None
            or through is None
            or not start < through <= end
            or subscription.state == State.CANCELED
        ):
            continue
        subscription.paid_through = start
        subscription.version += 1
        today = clock.today_in(subscription.zone)
        record(tx, subscription, "time_pulled_back", today, until=start.isoformat(), because=because)
        let_run(tx, subscription, start)
        pulled.append(subscription.id)
    return pulled


def _paid_by_others(tx: Tx, subscription: Subscription, invoices: Sequence[int]) -> date | None:
    """Where the plan's time ends that invoices besides these have bought and not given back."""
    gives, by = aliased(DocumentLine), aliased(Document)
    given_back_from = (
        select(func.min(gives.period_start))
        .join(by, by.id == gives.document_id)
        .where(
            gives.corrects_line_id == DocumentLine.id,
            gives.kind == RETURNED,
            gives.period_end == DocumentLine.period_end,
            by.state != Paper.VOID,
        )
        .correlate(DocumentLine)
        .scalar_subquery()
    )
    ends = (
        select(func.max(func.coalesce(given_back_from, DocumentLine.period_end)))
        .join(Document, Document.id == DocumentLine.document_id)
        .join(SubscriptionComponent, SubscriptionComponent.id == DocumentLine.component_id)
        .where(
            Document.id.not_in(invoices),
            Document.kind == Kind.INVOICE,
            Document.state == Paper.PAID,
            DocumentLine.subscription_id == subscription.id,
            DocumentLine.kind.in_(["recurring", "trial"]),
            SubscriptionComponent.kind == "plan",
            is_kept(),
        )
    )
    end = tx.session.scalar(ends)
    return end and with_given_days(tx, subscription, end)
