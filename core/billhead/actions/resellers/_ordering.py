"""An order of something that only its payment gives: a proforma with one line, and a row that waits for the money."""

from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._draft import Draft, inclusive_of_tax, order_lines
from billhead.actions.billing._rated import Part
from billhead.actions.billing._rating import Case, raised, rater_now
from billhead.actions.billing._reading import read_buyers
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.catalogue.prices_for import Audience, prices_for
from billhead.actions.resellers._given import given_by
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.resellers import ResellerOrder

__all__ = ["place_order"]

_OPEN_FOR = timedelta(days=14)


def place_order(tx: Tx, customer: Customer, plan: Plan, credits_minor: int) -> ResellerOrder:
    """One that waits unpaid already is returned as it is. Raises NotFound where there is no price in their currency."""
    waiting = tx.session.scalar(
        select(ResellerOrder)
        .join(Document, Document.id == ResellerOrder.document_id)
        .where(
            ResellerOrder.customer_id == customer.id,
            ResellerOrder.plan_id == plan.id,
            ResellerOrder.state == "offered",
            Document.kind == Kind.PROFORMA.value,
            Document.state == ProformaState.OPEN.value,
        )
        .order_by(ResellerOrder.id.desc())
        .limit(1)
    )
    if waiting is not None:
        return waiting
    price = prices_for(tx.session, Audience.of(customer), {plan.id}).of(plan, "")
    rater, catalogue = rater_now()
    catalogue.need(tx.session, sellers={customer.seller_id}, plans={plan.id}, prices={price.id})
    parts = [Part(None, plan.id, price.id, 1)]
    lines = order_lines(parts, catalogue, customer.currency, "recurring")
    today = clock.today_in(customer.zone)
    draft = Draft("invoice", customer.currency, lines, inclusive_of_tax(parts, catalogue), None)
    if price.amount_minor:
        draft = draft._replace(kind="proforma", due_on=today + _OPEN_FOR)
    buyer = read_buyers(tx.session, [customer.id])[customer.id]
    rated = raised(rater.rate_cases([Case(draft, buyer, customer.seller_id, None, None, today)])[0])
    document_id = issue_invoice(tx, rated).document_id
    order = ResellerOrder(
        customer_id=customer.id,
        plan_id=plan.id,
        document_id=document_id,
        credits_minor=credits_minor,
        created_at=clock.now(),
    )
    tx.session.add(order)
    tx.session.flush()
    if draft.kind == "invoice":
        given_by(tx, tx.session.get_one(Document, document_id))
    return order
