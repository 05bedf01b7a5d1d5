"""What a list is narrowed to by its address (?customer=7), with a name: "Customer Hôtel du Vieux Port"."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from billhead.models.catalogue import Plan
from billhead.models.devices import DeviceModel
from billhead.models.documents import Document
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount
from billhead.models.people import Customer, Reseller, User
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service
from billhead.models.support import Department
from billhead.models.usage import UsageSource
from billhead.web.speaking import marked, say, say_count

__all__ = ["NARROWED", "narrowed_to"]

_Named = tuple[str, InstrumentedAttribute[int], ColumnElement[Any] | InstrumentedAttribute[Any]]

_BY_NAME: Mapping[str, _Named] = {
    "account": (marked("Account %(name)s"), GatewayAccount.id, GatewayAccount.name),
    "assignee": (marked("Tickets that %(name)s has"), User.id, User.email),
    "below": (marked("%(name)s, and all below"), Reseller.id, Reseller.name),
    "customer": (marked("Customer %(name)s"), Customer.id, Customer.name),
    "department": (marked("Department %(name)s"), Department.id, Department.name),
    "document": (marked("Document %(name)s"), Document.id, Document.number_text),
    "model": (marked("Model %(name)s"), DeviceModel.id, DeviceModel.name),
    "panel": (marked("Panel %(name)s"), Panel.id, Panel.name),
    "plan": (marked("Plan %(name)s"), Plan.id, Plan.name),
    "referrer": (marked("Brought by %(name)s"), Customer.id, Customer.name),
    "reseller": (marked("Reseller %(name)s"), Reseller.id, Reseller.name),
    "seller": (marked("Seller %(name)s"), Seller.id, Seller.name),
    "service": (marked("Line %(name)s"), Service.id, Service.handle),
    "source": (marked("Source %(name)s"), UsageSource.id, UsageSource.code),
    "alone": (marked("Only of %(name)s itself"), Reseller.id, Reseller.name),
}
_BY_NUMBER: Mapping[str, Callable[[int], str]] = {
    "adoption": lambda key: say("Adoption %(name)s", name=key),
    "bulk": lambda key: say("Bulk action %(name)s", name=key),
    "delivery": lambda key: say("Delivery %(name)s", name=key),
    "expiring": lambda days: say_count("Ends within %(count)d day", "Ends within %(count)d days", days),
    "move": lambda key: say("Move %(name)s", name=key),
    "payment": lambda key: say("Payment %(name)s", name=key),
    "run": lambda key: say("Billing run %(name)s", name=key),
    "subscription": lambda key: say("Subscription %(name)s", name=key),
    "unassigned": lambda _: say("Tickets that nobody has"),
}
NARROWED = frozenset({*_BY_NAME, *_BY_NUMBER})


def narrowed_to(session: Session, name: str, key: int) -> str:
    """A thing that has no name, or is gone, is called by its number."""
    if name in _BY_NUMBER:
        return _BY_NUMBER[name](key)
    sentence, of, named = _BY_NAME[name]
    return say(sentence, name=session.scalar(select(named).where(of == key)) or key)
