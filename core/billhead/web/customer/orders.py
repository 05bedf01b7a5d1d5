"""The customer's orders, the newest first, each with how far it is."""

from flask.typing import ResponseReturnValue

from billhead.actions.subscriptions._order_steps import MORE, orders
from billhead.db import reading
from billhead.domain.rights import BUYERS
from billhead.models.documents import Document
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
        mine = (
            orders().where(Document.customer_id == current_customer_id()).add_columns(MORE.label("more"), Document.id)
        )
        rows = page_of(session, mine, Document.id, whole_rows=True)
    return page("customer/orders.html", rows=rows)
