"""Customers: found by whatever they say on the phone, and one page with all that is theirs."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from billhead.actions.credits._history import credit_history
from billhead.actions.support._seen import seen_tickets
from billhead.db import reading
from billhead.models.catalogue import Plan
from billhead.models.credits import CustomerCredit, CustomerWallet
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.payments import GatewayAccount, Payment, PaymentMethod
from billhead.models.people import Customer, Reseller, User
from billhead.models.subscriptions import Service, Subscription
from billhead.models.support import Ticket, TicketMessage
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.columns import code, country, instant, text
from billhead.web.admin.customer_tax import checks_of
from billhead.web.admin.debts import top_up_told
from billhead.web.admin.listing import Listing
from billhead.web.admin.services import SERVICE_COLUMNS, is_line
from billhead.web.admin.standing import standing_of
from billhead.web.pages import page
from billhead.web.request_context import current_ctx
from billhead.web.speaking import marked, say

__all__ = ["CUSTOMERS", "customer", "customers"]

_SHOWN = 10


def _matching(typed: str) -> ColumnElement[bool]:
    """Name, e-mail, also of a login, our or their reference; or one of their lines."""
    owners = select(Subscription.customer_id)
    return or_(
        Customer.name.icontains(typed, autoescape=True),
        Customer.email.icontains(typed, autoescape=True),
        Customer.external_ref == typed,
        Customer.id.in_(select(User.customer_id).where(User.email == typed.lower(), User.customer_id.is_not(None))),
        Customer.id.in_(owners.where(Subscription.external_ref == typed)),
        Customer.id.in_(owners.join(Service, Service.subscription_id == Subscription.id).where(is_line(typed))),
    )


CUSTOMERS = Listing(
    name="customers",
    title=marked("Customers"),
    query=select(
        Customer.id,
        Customer.name,
        Customer.email,
        Customer.external_ref,
        Customer.country,
        Customer.currency,
        Customer.reseller_id,
        Reseller.name.label("reseller"),
        Customer.created_at,
    ).outerjoin(Reseller, Reseller.id == Customer.reseller_id),
    key=Customer.id,
    columns=(
        text(marked("Name"), "name", to="customer"),
        text(marked("E-mail"), "email"),
        code(marked("Reference"), "external_ref"),
        country(marked("Country"), "country"),
        text(marked("Currency"), "currency"),
        text(marked("Reseller"), "reseller", to="reseller", key="reseller_id"),
        instant(marked("Since"), "created_at"),
    ),
    search=_matching,
    search_label=marked("Name, e-mail, reference, MAC or login"),
    narrow={"reseller": Customer.reseller_id},
    empty=marked("Customers sign up in the shop, come with billhead import, or are added here."),
)


@admin.get("/customers")
@allow("staff")
def customers() -> ResponseReturnValue:
    return CUSTOMERS.answer(
        add=url_for("admin.new_customer"), add_label=say("Add a customer"), add_needs="customers.write"
    )


@admin.get("/customers/<int:key>")
@allow("staff")
def customer(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
        shown = _belongings(session, key)
        standing = standing_of(session, row)
    return page("admin/customer.html", customer=row, standing=standing, **shown)


def _belongings(session: Session, customer_id: int) -> dict[str, Any]:
    """The newest of everything; the full lists are a link away."""
    subscriptions = session.execute(
        select(
            Subscription.id,
            Plan.name.label("plan"),
            Subscription.term,
            Subscription.state,
            Subscription.paid_through,
            Subscription.service_ends_on,
        )
        .join(Plan, Plan.id == Subscription.plan_id)
        .where(Subscription.customer_id == customer_id)
        .order_by(Subscription.id.desc())
        .limit(_SHOWN)
    ).all()
    services = session.execute(
        select(*SERVICE_COLUMNS)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .where(Subscription.customer_id == customer_id)
        .order_by(Service.id.desc())
        .limit(_SHOWN)
    ).all()
    subjects = [f"customer:{customer_id}", *(f"subscription:{row.id}" for row in subscriptions)]
    subjects += [f"service:{row.id}" for row in services]
    wallet = session.get(CustomerWallet, customer_id)
    credits = _newest(session, CustomerCredit, customer_id)
    return {
        "subscriptions": subscriptions,
        "services": services,
        "documents": _newest(session, Document, customer_id),
        "payments": session.execute(
            select(Payment, GatewayAccount.name.label("account"))
            .join(GatewayAccount, GatewayAccount.id == Payment.account_id)
            .where(Payment.customer_id == customer_id)
            .order_by(Payment.id.desc())
            .limit(_SHOWN)
        ).all(),
        "methods": _methods(session, customer_id),
        "credits": credits,
        "wallet": wallet,
        "top_up": top_up_told(wallet, session.get_one(Customer, customer_id).currency),
        "movements": credit_history(session, customer_id)[::-1][:_SHOWN] if credits else [],
        "tickets": _tickets(session, customer_id),
        "notices": _newest(session, Notice, customer_id),
        "checks": checks_of(session, customer_id),
        "trail": trail_of(session, *subjects),
    }


def _methods(session: Session, customer_id: int) -> Sequence[Any]:
    """In the customer's order."""
    return session.execute(
        select(PaymentMethod, GatewayAccount.name.label("account"))
        .join(GatewayAccount, GatewayAccount.id == PaymentMethod.account_id)
        .where(PaymentMethod.customer_id == customer_id, PaymentMethod.token != "")
        .order_by(PaymentMethod.is_default.desc(), PaymentMethod.position, PaymentMethod.id.desc())
        .limit(_SHOWN)
    ).all()


def _tickets(session: Session, customer_id: int) -> Sequence[Any]:
    """Of the departments that this member of staff sees."""
    wanted = (
        Ticket.customer_id == customer_id, Ticket.merged_into_id.is_(None), seen_tickets(session, current_ctx())
    )  # fmt: skip
    return session.execute(
        select(Ticket.id, Ticket.subject, Ticket.state, TicketMessage.at)
        .outerjoin(TicketMessage, TicketMessage.id == Ticket.last_message_id)
        .where(*wanted)
        .order_by(Ticket.last_message_id.desc())
        .limit(_SHOWN)
    ).all()


def _newest(session: Session, kind: Any, customer_id: int) -> list[Any]:
    query = select(kind).where(kind.customer_id == customer_id).order_by(kind.id.desc()).limit(_SHOWN)
    return list(session.scalars(query))
