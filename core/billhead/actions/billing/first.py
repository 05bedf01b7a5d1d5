"""The first document of what was just ordered: the proforma that starts it when it is paid."""

from datetime import date, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._bridge import bridge_of
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._coupons import read_reserved, take_off
from billhead.actions.billing._draft import Draft, inclusive_of_tax, order_lines
from billhead.actions.billing._rated import Part
from billhead.actions.billing._rating import Case, joint, raised, rater_now
from billhead.actions.billing._reading import read_buyers
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["first"]

_OPEN_FOR = timedelta(days=14)
_DAY = timedelta(days=1)


def first(tx: Tx, *subscription_ids: int) -> int:
    """Write one proforma of ordered subscriptions of one customer from their components; returns the document's id.

    It has terms but no periods: those begin when it is paid. What costs nothing is settled at once, and the id is then
    that of the invoice over 0.00. Raises InvalidInput where prices with and without tax meet.
    """
    tx.session.flush()
    rater, catalogue = rater_now()
    cases = [_case(tx, subscription_id, catalogue) for subscription_id in subscription_ids]
    if len({case.draft.tax_inclusive for case in cases}) > 1:
        raise InvalidInput("price", "prices with and without tax can't stand on one document")
    due_on = min(case.draft.due_on or date.max for case in cases)
    cases = [case._replace(draft=case.draft._replace(due_on=due_on)) for case in cases]
    (answer,) = rater.rate_cases([joint(cases)])
    document = issue_invoice(tx, raised(answer))
    settled = None if document.rated.total_minor else settle_proforma(tx, document.document_id)
    return document.document_id if settled is None else settled


def _case(tx: Tx, subscription_id: int, catalogue: Catalogue) -> Case:
    session = tx.session
    subscription = session.get_one(Subscription, subscription_id)
    components = session.scalars(
        select(SubscriptionComponent)
        .where(SubscriptionComponent.subscription_id == subscription_id)
        .order_by(SubscriptionComponent.id)
    )
    parts = [Part(one.id, one.plan_id, one.price_id, one.quantity, one.starts_on, one.ends_on) for one in components]
    buyer = read_buyers(session, [subscription.customer_id])[subscription.customer_id]
    catalogue.need(
        session,
        sellers={subscription.seller_id},
        plans={part.plan_id for part in parts},
        prices={part.price_id for part in parts},
    )
    currency, today = subscription.currency, clock.today_in(buyer.zone)
    reserved = read_reserved(session, catalogue.coupons, subscription_id)
    bridge = None
    if subscription.phase != "trial":
        bridge = bridge_of(session, subscription.customer_id, subscription.term, currency, today, reserved)
    lines, used = take_off(order_lines(parts, catalogue, currency, subscription.phase, bridge), reserved)
    draft = Draft(
        "proforma",
        currency,
        lines,
        inclusive_of_tax(parts, catalogue),
        None,
        due_on=min(today + _OPEN_FOR, bridge.period.end - _DAY) if bridge else today + _OPEN_FOR,
        used=used,
    )
    return Case(draft, buyer, subscription.seller_id, subscription_id, None, today)
