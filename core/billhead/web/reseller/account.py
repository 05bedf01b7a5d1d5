"""The reseller's own account: the customer's pages, standing within the reseller's area."""

from sqlalchemy import exists, select

from billhead.db import reading
from billhead.domain.context import Role
from billhead.models.subscriptions import Subscription
from billhead.web.customer.blueprint import customer
from billhead.web.request_context import signed_in
from billhead.web.reseller.area import shared

__all__: list[str] = []


@customer.context_processor
def as_a_reseller() -> dict[str, object]:
    """What the area's menu needs; services are shown where it bought some before it was a reseller."""
    login = signed_in()
    if login is None or login.role is Role.CUSTOMER:
        return {}
    with reading() as session:
        has_services = session.scalar(select(exists().where(Subscription.customer_id == login.customer_id)))
    return {**shared(), "has_services": has_services}
