"""Orders and how far each is: what stands still comes first, then what waits longest."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

from flask.typing import ResponseReturnValue
from sqlalchemy import BigInteger, case, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from billhead import clock
from billhead.actions.subscriptions._order_steps import MORE, RANK, STEP, STEPS, orders
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, own_seller_id
from billhead.web.admin.columns import Column, amount, badge, instant, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.speaking import marked, say

__all__ = ["ORDERS"]

_LATELY = timedelta(days=60)
_TONES = {"stuck": "failed", "not_paid": "failed", "checked": "review", "ready": "ok"}
_FURTHER = literal(10**12, BigInteger)  # above any id
_DONE = list(STEPS).index("ready")

_ORDER = (
    orders()
    .join(Customer, Customer.id == Subscription.customer_id)
    .with_only_columns(
        Document.id,
        Document.created_at,
        Document.total_minor,
        Document.currency,
        STEP.label("step"),
        RANK.label("rank"),
        Plan.name.label("plan"),
        MORE.label("more"),
        Customer.name.label("customer"),
        Customer.id.label("customer_id"),
        Subscription.id.label("subscription_id"),
        Subscription.seller_id,
        Subscription.state,
        Subscription.created_at.label("started_at"),
    )
    .subquery()
)
_C = _ORDER.c

ORDERS = Listing(
    name="orders",
    title=marked("Orders"),
    lead=marked(
        "First papers of subscriptions, one for all that were ordered together: of the last 60 days, and all that are "
        "open. What stands still comes first."
    ),
    query=select(_ORDER),
    key=cast(InstrumentedAttribute[int], _C.id),
    by=_C.rank * _FURTHER + case((_C.rank < _DONE, _C.id), else_=-_C.id),
    columns=(
        text(marked("Order"), "id", to="document"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Plan"), "plan", to="subscription", key="subscription_id"),
        Column(marked("And others"), lambda row: row.more, lambda row: f"+ {row.more}" if row.more else "–"),
        Column(marked("Step"), lambda row: row.step, lambda row: badge(_TONES.get(row.step, row.step), row.step)),
        Column(marked("That is"), lambda row: STEPS[row.step], lambda row: say(STEPS[row.step])),
        amount(marked("Total"), "total_minor"),
        instant(marked("Ordered"), "created_at"),
    ),
    choices=(Choice("step", marked("Step"), _C.step, list(STEPS)),),
    search=lambda typed: _C.customer.icontains(typed, autoescape=True),
    search_label=marked("Customer"),
    narrow={"customer": lambda key: _C.customer_id == key},
    empty=marked("An order stands here from the moment it is placed."),
)


@admin.get("/orders")
@allow("staff")
def placed_orders() -> ResponseReturnValue:
    lately = _C.started_at >= clock.business_now() - _LATELY
    shown = (_C.seller_id == own_seller_id(), or_(_C.state == State.PENDING.value, lately))
    return replace(ORDERS, query=ORDERS.query.where(*shown)).answer()
