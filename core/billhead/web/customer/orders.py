"""The customer's orders, the newest first, each with how far it is."""

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select

from billhead.actions.subscriptions._order_steps import MORE, orders
from billhead.db import reading
from billhead.domain.rights import BUYERS
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_customer_id

__all__: list[str] = []


@customer.get("/orders")
@allow(*BUYERS, permission="own.pay")
def own_orders() -> ResponseReturnValue:
    with reading() as session:
        rows = page_of(session, orders_of(current_customer_id()), Document.id, whole_rows=True)
    return page("customer/orders.html", rows=rows)


def orders_of(customer_id: int) -> Select[*tuple[Any, ...]]:
    """As `orders`, of one customer: found by their papers, so that nobody else's subscriptions are looked through."""
    mine = Document.customer_id == customer_id
    named = select(DocumentLine.subscription_id).join(Document, Document.id == DocumentLine.document_id).where(mine)
    return orders().where(mine, Subscription.id.in_(named)).add_columns(MORE.label("more"), Document.id)
