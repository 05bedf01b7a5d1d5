"""The time that an invoice bought ends where it began, because its money was taken away."""

from collections.abc import Sequence

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.payments._paid import with_given_days
from billhead.actions.resellers._given import follow_money
from billhead.actions.shops._supplying import is_supplied, let_run
from billhead.actions.subscriptions._state import record
from billhead.db import Tx
from billhead.domain.subscription import State
from billhead.models.documents import DocumentLine
from billhead.models.sellers import Seller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription

__all__ = ["pull_back_time"]


def pull_back_time(tx: Tx, invoices: Sequence[int], because: str) -> list[int]:
    """Let the lines of these invoices' subscriptions end where the invoices' time began; returns the subscriptions.

    Time that was paid after it stays: then the customer owes for the past, and dunning does what is to be done. When
    the invoice is paid after all, its time is given again. Reseller credits that they bought go, as far as there are.
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
        seller = tx.session.get_one(Seller, subscription.seller_id)
        today = clock.today_in(subscription.zone)
        record(tx, subscription, "time_pulled_back", today, until=start.isoformat(), because=because)
        let_run(tx, subscription, start, seller.grace_hours)
        pulled.append(subscription.id)
    return pulled
